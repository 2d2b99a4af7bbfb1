import type { Context } from '../../context.js';
import type { WatchedDecisions } from '../../domain/reload-record.js';
import type { Verdict } from '../../domain/proof/proof.js';
import type { BlockWatch } from '../../procedures/panic/watch-blocks.js';
import { recall, rememberSeen, rememberVerdict } from '../detection.js';
import type { Acted } from './acted.js';

// What was kept of the reload is what its own proof came to, which is not all that was asked of a panic.

/**
 * Keeps that decisions are about to be watched, before they are: a process that is killed meanwhile leaves no "proven"
 * behind. `null`: nothing was to be proven.
 */
export async function rememberAwaited(
  context: Context,
  { environment, effect, panicId }: Acted,
  leftMs: number,
): Promise<WatchedDecisions | null> {
  const { verdict: policy, levelReached: level } = effect.proof;
  if (policy === 'notAttempted') return null;
  const until = new Date(context.clock.nowMs() + leftMs).toISOString();
  const watched: WatchedDecisions = { panicId, policy, level, decisions: null, until };
  const verdict = policy === 'contradicted' ? policy : 'notProven';
  await rememberVerdict(context, environment, { verdict, watched });
  return watched;
}

/** Keeps what it came to as a whole, decisions included. `watched`: as it was kept before; `null`: nothing was. */
export async function rememberEnd(
  context: Context,
  { environment, effect }: Acted,
  {
    verdict,
    watch,
    watched,
  }: {
    readonly verdict: Verdict;
    readonly watch: BlockWatch | null;
    readonly watched: WatchedDecisions | null;
  },
): Promise<void> {
  const { proof, reloads } = effect;
  if (proof.verdict === 'notAttempted' || reloads.every(({ outcome }) => outcome !== 'accepted')) return;
  const seen = watched === null || watch === null ? {} : { watched: { ...watched, decisions: watch.verdict } };
  await rememberVerdict(context, environment, { verdict, ...seen });
}

/** What a server enforces shows in what it decides: where overrides are no shadow to it, that is worth remembering. */
export async function rememberBlocks(
  context: Context,
  { environment }: Acted,
  { verdict, buckets }: BlockWatch,
): Promise<void> {
  const seen = await recall(context, environment);
  const isUnshadowed = buckets.every(({ shadowBlocked }) => (shadowBlocked ?? 0) < 0.5);
  const isContradicted = verdict === 'contradicted' && isUnshadowed;
  const isMended = verdict === 'proven' && seen?.enforcesOverrides === false;
  if (!isContradicted && !isMended) return;
  await rememberSeen(context, environment, { seen, signs: { enforcesOverrides: !isContradicted } });
}

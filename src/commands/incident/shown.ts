import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import type { FlagToRestore } from '../../domain/incident/incident.js';
import { changesIn } from '../../domain/incident/timeline.js';
import { withProof, type LiveProof } from '../../domain/incident/verdict.js';
import { endedWith } from '../../domain/panic/ended-with.js';
import type { Panic } from '../../domain/panic/panics.js';
import { partOf, valueOf } from '../../domain/part.js';
import type { IncidentStory } from '../../procedures/incident/report.js';
import { restoreIncidentIntent } from '../../procedures/incident/restore.js';
import type { IncidentPorts } from '../../procedures/incident/stored.js';
import { planChange } from '../../procedures/override/plan.js';
import { readFlagLines } from '../../procedures/shadow/compare.js';
import type { FlagBack, WayBack } from '../../ui/incident-status-view.js';
import { wantedFlags } from '../shadow/flips.js';
import type { Seen } from './look.js';
import { openRolloutText } from './open-rollout.js';
import { proofNow } from './verdict.js';

/** An incident as somebody decides on it: with what is in force now, and with what its end would restore. */
export interface Shown {
  readonly story: IncidentStory;
  readonly proof: LiveProof | null;
  readonly wayBack: WayBack;
}

export async function shownNow(
  context: Context,
  environment: Environment,
  ports: IncidentPorts,
  seen: Seen,
): Promise<Shown> {
  const { story } = seen;
  const [back, rollout] = await Promise.all([wayBackOf(ports, seen), openRolloutText(ports)]);
  const remarks = rollout === null ? back.remarks : [...back.remarks, rollout];
  const wayBack = { ...back, remarks, flags: await flagsBack(context, environment, seen) };
  const proof = await proofNow(context, environment, story.timeline);
  const timeline = proof === null ? story.timeline : withProof(story.timeline, proof);
  return { story: { ...story, timeline }, proof, wayBack };
}

/** What `end --restore` would do now; why it would be refused is part of that. */
async function wayBackOf(ports: IncidentPorts, seen: Seen): Promise<Omit<WayBack, 'flags'>> {
  const { story, elsewhere } = seen;
  const ends = endsWith(seen);
  try {
    const { diff, remarks } = await planChange(ports, restoreIncidentIntent(ports, story.incident, null));
    return { diff, remarks, elsewhere, ends, refusal: null };
  } catch (error) {
    const isExplained = error instanceof RlctlError && ['conflict', 'guard', 'unexpected'].includes(error.kind);
    if (!isExplained) throw error;
    return { diff: [], remarks: [], elsewhere, ends: [], refusal: error };
  }
}

/** The flags that go back; one that had no line of its own leaves its bucket to global shadow. */
async function flagsBack(
  context: Context,
  environment: Environment,
  { flags, records }: Seen,
): Promise<readonly FlagBack[]> {
  const isFollowing = ({ bucket }: FlagToRestore): boolean => records.get(bucket)?.before === null;
  if (!flags.some(isFollowing)) return flags;
  const { envFile } = await wantedFlags(context, environment);
  const ask = envFile === null ? null : async () => readFlagLines(await context.envFiles(), envFile, []);
  const global = valueOf(await partOf(ask))?.global ?? null;
  return flags.map((flag) => (isFollowing(flag) ? { ...flag, global } : flag));
}

/**
 * The open panics that end with the incident where it is taken back: what they changed goes back with everything else. One that
 * its own command has to take back first does not.
 */
export function endingPanics({
  story: { incident, timeline },
  recorded: { panics, history },
  elsewhere,
}: Pick<Seen, 'story' | 'recorded' | 'elsewhere'>): readonly Panic[] {
  const apart = new Set(elsewhere.flatMap(({ operation }) => operation?.id ?? []));
  const routes = changesIn(timeline).flatMap((item) =>
    item.kind === 'flags' ? [] : (item.diff ?? []).map(({ route }) => route),
  );
  return endedWith(panics, history, { sinceMs: incident.start.atMs, routes }).filter(({ id }) => !apart.has(id));
}

/** The same, as they are shown. */
export function endsWith(seen: Pick<Seen, 'story' | 'recorded' | 'elsewhere'>): WayBack['ends'] {
  return endingPanics(seen).map(({ id, command }) => ({ id, command }));
}

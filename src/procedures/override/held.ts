import { RlctlError } from '../../domain/errors.js';
import { baseRoute } from '../../domain/policy/base-route.js';
import type { ChangePorts } from './change.js';

/** What a server holds now, whatever is stored. */
export interface Held {
  /** The prefixes that it lists; `null`: it lists none, or did not answer. */
  readonly prefixes: readonly string[] | null;
  /** How many its processes say that they hold, at most; `null`: nothing says it. */
  readonly count: number | null;
}

/** Where it is asked. */
export interface HeldQuestion {
  readonly targets: readonly string[];
  /** Tried in order; the next one where there is no answer. */
  readonly basePaths: readonly string[];
}

/** What the servers hold, by their own list or else by their metrics. Only reads, and never throws for what they do. */
export async function heldNow(ports: ChangePorts, question: HeldQuestion): Promise<Held> {
  const prefixes = await listedNow(ports, question);
  if (prefixes !== null) return { prefixes, count: prefixes.length };
  const seen = (await ports.metrics?.read({ sinceMs: null, reloadedAtMs: null })) ?? null;
  const counts = (seen?.instances ?? []).flatMap(({ activeOverrides }) => activeOverrides.at(-1)?.value ?? []);
  return { prefixes: null, count: counts.length === 0 ? null : Math.max(...counts) };
}

async function listedNow(
  { controlPlane, deadline, randomness }: ChangePorts,
  { targets, basePaths }: HeldQuestion,
): Promise<readonly string[] | null> {
  const query = { route: baseRoute(randomness.hex(6)), method: 'GET', bucket: 'read' };
  for (const origin of targets) {
    for (const basePath of basePaths) {
      try {
        const signal = deadline.signal(Math.max(500, deadline.leftMs() / 4));
        const answer = await controlPlane.policy({ origin, basePath }, query, { signal, isFresh: false });
        if (answer.kind === 'policy') return answer.policy.activeOverrides ?? null;
      } catch (error) {
        if (!(error instanceof RlctlError)) throw error;
        break;
      }
    }
  }
  return null;
}

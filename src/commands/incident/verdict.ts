import type { Context } from '../../context.js';
import { isFleet, type Environment } from '../../domain/config/environment.js';
import { changesIn, type TimelineItem } from '../../domain/incident/timeline.js';
import { routesOf, type LiveProof } from '../../domain/incident/verdict.js';
import { isRecord, type JsonValue } from '../../domain/json.js';
import type { Verdict } from '../../domain/proof/proof.js';

/** What `verify` says now of the routes that were changed; `null`: none was, or nothing could be asked. */
export async function proofNow(
  context: Context,
  environment: Environment,
  timeline: readonly TimelineItem[],
): Promise<LiveProof | null> {
  const changed = changesIn(timeline).flatMap((item) => routesOf(item));
  const routes = [...new Set(changed)].filter((route) => route.startsWith('/'));
  if (routes.length === 0 || (environment.api.length === 0 && !isFleet(environment))) return null;
  context.progress.step('proving what is stored');
  const { document, error } = await context.invoke(['verify', '--', ...routes], { partOf: [], changeId: null });
  if (error !== null) return { verdict: 'notAttempted', diagnosis: error.message, evidence: [] };
  return proofIn(document);
}

function proofIn(document: JsonValue | null): LiveProof | null {
  const proof = isRecord(document) ? document['proof'] : null;
  if (!isRecord(proof)) return null;
  const { verdict, diagnosis, evidence } = proof;
  return {
    verdict: verdict as Verdict,
    diagnosis: typeof diagnosis === 'string' ? diagnosis : '',
    evidence: (Array.isArray(evidence) ? evidence : []) as unknown as LiveProof['evidence'],
  };
}

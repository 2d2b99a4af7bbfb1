import type { Context } from '../../context.js';
import { bucketNamed } from '../../domain/config/bucket-names.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import { endCommand, type Incident } from '../../domain/incident/incident.js';
import type { FlagRecord } from '../../domain/shadow/flag-record.js';
import { restoreIncidentIntent } from '../../procedures/incident/restore.js';
import type { ChangeResult } from '../../procedures/override/change.js';
import { leaveByHand, unknownBefore } from '../../procedures/incident/refusals.js';
import type { FlagPlan, FlagResult } from '../../procedures/shadow/change-flags.js';
import type { MutationInput } from '../mutation.js';
import { makeChange, type ChangeMade } from '../override/change.js';
import { makeFlagChange, type FlagChangeMade } from '../shadow/flags.js';
import type { Seen } from './look.js';

/** What was put back. */
export interface WentBack {
  /** `null`: the document was not touched. */
  readonly document: ChangeResult | null;
  readonly flags: readonly FlagResult[];
  /** True: all of it is proven, or its proof was waived. */
  readonly isDone: boolean;
}

/** Why and for what: where nobody says it, the incident does. */
export function asEnd(mutation: MutationInput, { id, title, ticket }: Incident): MutationInput {
  const reason = mutation.reason ?? `end of incident ${id}: ${title}`;
  return { ...mutation, reason, ticket: mutation.ticket ?? ticket };
}

/** Takes back what an incident changed in the document, as one change; with --dry-run only plans it. */
export function takeDocumentBack(context: Context, incident: Incident, mutation: MutationInput): Promise<ChangeMade> {
  return makeChange(context, asEnd(mutation, incident), (ports) =>
    restoreIncidentIntent(ports, incident, mutation.ifRevision),
  );
}

/**
 * Puts flags back that were set past the document, those to be on and those to be off each together, in a file to the exact
 * text that stood there; or plans it. Throws a conflict (5) where somebody changed one by hand since it was set, or where
 * nobody can tell what stood there. `onMade` is told of each as soon as it is made.
 */
export async function takeFlagsBack(
  context: Context,
  environment: Environment,
  { incident, flags: wanted, records }: Pick<Seen, 'flags' | 'records'> & { readonly incident: Incident },
  mutation: MutationInput,
  onMade?: (made: FlagChangeMade) => void,
): Promise<readonly FlagChangeMade[]> {
  const changes: FlagChangeMade[] = [];
  const isFile = typeof environment.shadowDriver === 'object' && 'env-file' in environment.shadowDriver;
  for (const isOn of [true, false]) {
    const buckets = wanted.filter((flag) => flag.isOn === isOn).map(({ bucket }) => bucketNamed(environment, bucket));
    if (buckets.length === 0) continue;
    const check = (plan: FlagPlan): void => assertKnown(plan, records);
    const exactly = isFile ? { exactly: records } : {};
    const flags = {
      isOn,
      buckets,
      check,
      mutation: { ...mutation, ifRevision: null },
      command: endCommand,
      partOf: [{ kind: 'incident' as const, id: incident.id }],
      ...exactly,
    };
    const made = await makeFlagChange(context, environment, flags).catch((error: unknown) => {
      throw error instanceof RlctlError && error.code === 'UNDO_CONFLICT' ? leaveByHand(error) : error;
    });
    onMade?.(made);
    changes.push(made);
  }
  return changes;
}

/** Throws where a line would be written of which nobody can tell what stood there: a guess may begin to block. */
function assertKnown({ driver, flags }: FlagPlan, records: ReadonlyMap<string, FlagRecord>): void {
  if (driver.kind !== 'env-file') return;
  const unknown = flags.find(({ bucket, isChanged }) => isChanged && !records.has(bucket.name));
  if (unknown !== undefined) throw leaveByHand(unknownBefore(unknown.variable, driver.place));
}

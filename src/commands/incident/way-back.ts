import type { Context } from '../../context.js';
import { bucketNamed } from '../../domain/config/bucket-names.js';
import type { Environment } from '../../domain/config/environment.js';
import { endCommand, type Incident } from '../../domain/incident/incident.js';
import type { FlagRecord } from '../../domain/shadow/flag-record.js';
import { restoreIncidentIntent } from '../../procedures/incident/restore.js';
import type { ChangeResult } from '../../procedures/override/change.js';
import { leaveByHand } from '../../procedures/incident/refusals.js';
import type { FlagPlan, FlagResult } from '../../procedures/shadow/change-flags.js';
import { changedSince } from '../../procedures/shadow/env-file-driver.js';
import type { MutationInput } from '../mutation.js';
import { makeChange, type ChangeMade } from '../override/change.js';
import { makeFlagChange, type FlagChangeMade } from '../shadow/flags.js';
import type { Seen } from './look.js';
import { flagRecords } from '../shadow/records.js';

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
 * Puts flags back that were set past the document, those to be on and those to be off each together; or plans it. Throws a
 * conflict (5) where somebody changed one by hand since it was set. `onMade` is told of each as soon as it is made.
 */
export async function takeFlagsBack(
  context: Context,
  environment: Environment,
  { incident, flags: wanted, returned }: Pick<Seen, 'flags' | 'returned'> & { readonly incident: Incident },
  mutation: MutationInput,
  onMade?: (made: FlagChangeMade) => void,
): Promise<readonly FlagChangeMade[]> {
  const changes: FlagChangeMade[] = [];
  for (const isOn of [true, false]) {
    const buckets = wanted.filter((flag) => flag.isOn === isOn).map(({ bucket }) => bucketNamed(environment, bucket));
    if (buckets.length === 0) continue;
    const records = isOn ? [] : await recordsSince(context, environment, incident, buckets);
    const check = (plan: FlagPlan): void => assertAsSet(plan, records);
    const isReturned = !isOn && buckets.some(({ name }) => returned.has(name));
    const exactly = isReturned ? { exactly: returned } : {};
    const flags = {
      isOn,
      buckets,
      check,
      mutation: { ...mutation, ifRevision: null },
      command: endCommand,
      partOf: [{ kind: 'incident' as const, id: incident.id }],
      ...exactly,
    };
    const made = await makeFlagChange(context, environment, flags);
    onMade?.(made);
    changes.push(made);
  }
  return changes;
}

/** What is recorded of flags that were set since the start, where they were set from here. */
async function recordsSince(
  context: Context,
  environment: Environment,
  { start }: Incident,
  buckets: readonly { readonly name: string }[],
): Promise<readonly FlagRecord[]> {
  const records = flagRecords(context, environment);
  const all = await Promise.all(buckets.map(({ name }) => records.get(name)));
  return all.flatMap((each) => (each !== null && Date.parse(each.at) >= start.atMs ? [each] : []));
}

/** A line that holds neither what was set nor what stood before it is somebody else's by now. */
function assertAsSet({ driver, flags }: FlagPlan, records: readonly FlagRecord[]): void {
  if (driver.kind !== 'env-file') return;
  for (const { variable, before = null } of flags) {
    const record = records.find((each) => each.place === driver.place && each.variable === variable);
    if (record === undefined || before === record.wrote || before === record.before) continue;
    throw leaveByHand(changedSince(record, variable, before, driver.place));
  }
}

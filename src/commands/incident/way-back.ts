import type { Context } from '../../context.js';
import { bucketNamed } from '../../domain/config/bucket-names.js';
import type { Environment } from '../../domain/config/environment.js';
import type { FlagToRestore } from '../../domain/incident/flag-restoration.js';
import type { Incident } from '../../domain/incident/incident.js';
import { restoreIncidentIntent } from '../../procedures/incident/restore.js';
import type { ChangeResult } from '../../procedures/override/change.js';
import type { FlagResult } from '../../procedures/shadow/change-flags.js';
import type { MutationInput } from '../mutation.js';
import { makeChange, type ChangeMade } from '../override/change.js';
import { makeFlagChange, type FlagChangeMade } from '../shadow/flags.js';

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

/** Puts flags back that were set past the document, those to be on and those to be off each together; or plans it. */
export async function takeFlagsBack(
  context: Context,
  environment: Environment,
  wanted: readonly FlagToRestore[],
  mutation: MutationInput,
): Promise<readonly FlagChangeMade[]> {
  const changes: FlagChangeMade[] = [];
  for (const isOn of [true, false]) {
    const buckets = wanted.filter((flag) => flag.isOn === isOn).map(({ bucket }) => bucketNamed(environment, bucket));
    if (buckets.length === 0) continue;
    const flags = { isOn, buckets, mutation: { ...mutation, ifRevision: null } };
    changes.push(await makeFlagChange(context, environment, flags));
  }
  return changes;
}

import { RlctlError } from '../../domain/errors.js';
import {
  openIncidentOperation,
  openPanicOperation,
  openRolloutOperation,
  openRunOperation,
  type OpenOperation,
} from '../../domain/operation/open.js';
import type { Reach } from '../../domain/operation/origin.js';
import type { OperationKind } from '../../domain/operation/reference.js';
import { isOpen, type Present } from '../../domain/panic/panics.js';
import type { OperationStore } from '../../ports/operation-store.js';
import type { OverrideStore } from '../../ports/override-store.js';
import { openIncident } from '../incident/stored.js';
import { allPanics, type PanicPorts } from '../panic/panics.js';
import { readRollout } from '../rollout/session.js';
import { readRuns, type RunsPorts } from '../runbook/runs.js';

export interface OpenOperationsPorts extends Pick<RunsPorts, 'local' | 'localIds' | 'deadline'> {
  /** `null`: no Redis is configured; only runs are known then. */
  readonly kept: {
    readonly store: OverrideStore;
    readonly operations: OperationStore;
    /** What a flag's variable holds now. */
    readonly flagText: Present['flagText'];
    /** By what flags are set from here. */
    readonly reach: Reach;
    /** What this machine set last of each flag. */
    readonly ownFlips?: NonNullable<PanicPorts['ownFlips']>;
  } | null;
  /** This machine's time, epoch milliseconds. */
  readonly nowMs: number;
}

/** What is open on an environment, and of what it could not be told. */
export interface OpenOperations {
  readonly open: readonly OpenOperation[];
  readonly failures: readonly { readonly kind: OperationKind; readonly error: RlctlError }[];
}

/** Runs that are looked at: those that wait are among the newest. */
const mostRuns = 50;

/** Reads every kind of operation at once. Never throws for one that cannot be read: that is a failure of its kind. */
export async function openOperations(ports: OpenOperationsPorts, environment: string): Promise<OpenOperations> {
  const asked = await Promise.all([
    told('panic', () => panics(ports)),
    told('incident', () => incident(ports)),
    told('rollout', () => rollout(ports)),
    told('runbook', () => runs(ports, environment)),
  ]);
  return { open: asked.flatMap(({ open }) => open), failures: asked.flatMap(({ failures }) => failures) };
}

async function told(
  kind: OperationKind,
  ask: () => Promise<OpenOperations | readonly OpenOperation[]>,
): Promise<OpenOperations> {
  try {
    const answer = await ask();
    return 'open' in answer ? answer : { open: answer, failures: [] };
  } catch (error) {
    if (error instanceof RlctlError) return { open: [], failures: [{ kind, error }] };
    throw error;
  }
}

/** What the history tells of them stays, where what stands beside it cannot be read. */
async function panics({ kept, deadline }: OpenOperationsPorts): Promise<OpenOperations> {
  if (kept === null) return { open: [], failures: [] };
  const { panics: all, failure } = await allPanics({ ...kept, deadline }, kept.flagText);
  return {
    open: all.filter(isOpen).map((panic) => openPanicOperation(panic, kept.reach)),
    failures: failure === null ? [] : [{ kind: 'panic', error: failure }],
  };
}

async function incident({ kept, deadline }: OpenOperationsPorts): Promise<readonly OpenOperation[]> {
  const found = kept && (await openIncident({ operations: kept.operations, deadline }));
  return found === null ? [] : [openIncidentOperation(found)];
}

async function rollout({ kept, deadline }: OpenOperationsPorts): Promise<readonly OpenOperation[]> {
  if (kept === null) return [];
  const { state, lease } = await readRollout({ operations: kept.operations, deadline });
  const open = state && openRolloutOperation(state, lease?.holder ?? null);
  return open === null ? [] : [open];
}

async function runs(
  { kept, nowMs, ...ports }: OpenOperationsPorts,
  environment: string,
): Promise<readonly OpenOperation[]> {
  const all = await readRuns({ ...ports, store: kept?.operations ?? null }, environment, mostRuns);
  return all.flatMap(({ journal, lease }) => openRunOperation(journal, lease?.holder ?? null, nowMs) ?? []);
}

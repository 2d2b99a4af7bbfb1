import * as z from 'zod/mini';
import type { JsonValue } from '../json.js';
import type { Values } from './template.js';
import type { ActOutcome } from './outcome.js';

/**
 * What became of a step. `started`: it was begun and its end was not written down. `noEffect`: done, and nothing of it
 * holds on this server. `undoing`: its way back was begun.
 */
const stepStates = ['pending', 'started', 'done', 'noEffect', 'failed', 'skipped', 'undoing', 'undone'] as const;
export type StepState = (typeof stepStates)[number];

/** One step of a run, as it is written down before and after it is done. */
export interface StepRecord {
  readonly id: string;
  readonly state: StepState;
  /** The change id of its action, fixed before anything is run. */
  readonly changeId: string;
  /** The change id of its way back. */
  readonly undoId: string;
  /** What its action may change and nothing else, as its dry run found it; `null`: nothing was found, or none is needed. */
  readonly pin: string | null;
  /** Epoch milliseconds; `null`: not yet. */
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  /** What it came to, a sentence a line; `null`: nothing yet. */
  readonly said: string | null;
  /** `null`: nothing yet. */
  readonly exitCode: number | null;
}

/** How a run stands: who was last seen to drive it decides nothing, the lease does. */
export type RunState = 'running' | 'waiting' | 'stopped' | 'done' | 'undone';

/** One thing that happened in a run. */
export interface RunEvent {
  /** Epoch milliseconds, by the clock of whoever wrote it. */
  readonly atMs: number;
  readonly by: string;
  /** `null`: it is about the run. */
  readonly step: string | null;
  /** `started`, `done`, `noEffect`, `failed`, `skipped`, `resumed`… */
  readonly what: string;
}

/** Everything that is needed to go on with a run on any machine. */
export interface RunJournal {
  readonly v: 1;
  /** Counts up with every write: of two copies the higher one counts. */
  readonly rev: number;
  readonly id: string;
  readonly state: RunState;
  /** The runbook's name, and its steps as it was written when the run began. */
  readonly runbook: string;
  readonly written: JsonValue;
  readonly isBuiltIn: boolean;
  readonly environment: string;
  readonly inputs: readonly (readonly [name: string, value: string])[];
  readonly actor: string;
  readonly reason: string | null;
  readonly ticket: string | null;
  /** `--for 2h`, as steps that leave something in force are given it; empty: nothing. */
  readonly end: readonly string[];
  readonly startedAtMs: number;
  readonly steps: readonly StepRecord[];
  readonly events: readonly RunEvent[];
}

/** The name under which a run is kept beside the override document. */
export function runName(id: string): string {
  return `run:${id}`;
}

/** `20261121-213347-1a2b3c`: sorted by time, and short enough to be read out. */
export function runId(nowMs: number, random: string): string {
  const [day = '', time = ''] = new Date(nowMs).toISOString().slice(0, 19).split('T');
  return `${day.replaceAll('-', '')}-${time.replaceAll(':', '')}-${random}`;
}

export const runIdPattern = /^\d{8}-\d{6}-[0-9a-f]{6}$/;

/** The inputs of a run as values. */
export function inputsOf({ inputs }: RunJournal): Values {
  return new Map(inputs);
}

const mostEvents = 500;

/** The journal with one step changed, and what happened written down. */
export function withStep(
  journal: RunJournal,
  id: string,
  patch: Partial<StepRecord>,
  event: Omit<RunEvent, 'step'> | null,
): RunJournal {
  const steps = journal.steps.map((step) => (step.id === id ? { ...step, ...patch } : step));
  return withEvent({ ...journal, steps }, event === null ? null : { ...event, step: id });
}

/** The journal one write further, with what happened. */
export function withEvent(journal: RunJournal, event: RunEvent | null): RunJournal {
  const events = event === null ? journal.events : [...journal.events, event].slice(-mostEvents);
  return { ...journal, rev: journal.rev + 1, events };
}

export function withState(journal: RunJournal, state: RunState, event: RunEvent | null): RunJournal {
  return withEvent({ ...journal, state }, event);
}

/** The steps that a run has still to come to, in their order. */
export function stepsLeft({ steps }: RunJournal): readonly StepRecord[] {
  return steps.filter(({ state }) => ['pending', 'started', 'failed'].includes(state));
}

/** The step that a run comes to next; `null`: there is none left. */
export function nextStep(journal: RunJournal): StepRecord | null {
  return stepsLeft(journal)[0] ?? null;
}

const begunStates: ReadonlySet<StepState> = new Set(['started', 'done', 'noEffect', 'failed', 'undoing']);

/** The steps to take back, the last one first. One that was skipped, or never begun because its check failed, has done nothing. */
export function stepsToUndo({ steps }: RunJournal): readonly StepRecord[] {
  return steps.filter(({ state, startedAtMs }) => begunStates.has(state) && startedAtMs !== null).toReversed();
}

/** True of a step that waits for somebody's hand, and of which nobody has said since that it is done. */
export function isNotDoneYet({ events, steps }: RunJournal, id: string): boolean {
  if (steps.every((step) => step.id !== id || (step.state !== 'started' && step.state !== 'undoing'))) return false;
  const last = events.findLastIndex(({ step, what }) => step === id && what === 'waits');
  // Whoever went on with the run after it may have said so, and been cut off before that was written down.
  return last >= 0 && events.slice(last).every(({ what }) => what !== 'resumed');
}

/** The ids of the steps that had failed when somebody left them out: what they stand for does not hold, or nobody knows. */
export function failedAndLeftOut({ steps, events }: Pick<RunJournal, 'steps' | 'events'>): readonly string[] {
  const isFailed = (id: string): boolean => {
    // That the run stopped at it is told of the step as well.
    const own = events.filter(({ step, what }) => step === id && stepStates.some((each) => each === what));
    return own[own.findLastIndex(({ what }) => what === 'skipped') - 1]?.what === 'failed';
  };
  return steps.filter(({ id, state }) => state === 'skipped' && isFailed(id)).map(({ id }) => id);
}

/** The state of a step after its action. */
export function stateAfter({ kind, isUntold }: ActOutcome): StepState {
  if (isUntold === true) return 'skipped';
  const states = { good: 'done', noEffect: 'noEffect', bad: 'failed', waits: 'started' } as const;
  return states[kind];
}

export function serialiseJournal(journal: RunJournal): string {
  return `${JSON.stringify(journal)}\n`;
}

/** Reads a journal of any origin; `null`: it is none, or of a later version. */
export function parseJournal(text: string): RunJournal | null {
  try {
    const result = journalSchema().safeParse(JSON.parse(text));
    return result.success ? (result.data as RunJournal) : null;
  } catch {
    return null;
  }
}

function journalSchema() {
  const text = z.string();
  const time = z.nullable(z.number());
  const maybe = z.nullable(text);
  return z.object({
    v: z.literal(1),
    rev: z.int(),
    id: text.check(z.regex(runIdPattern)),
    state: z.enum(['running', 'waiting', 'stopped', 'done', 'undone']),
    runbook: text,
    written: z.unknown(),
    isBuiltIn: z.boolean(),
    environment: text,
    inputs: z.array(z.tuple([text, text])),
    actor: text,
    reason: maybe,
    ticket: maybe,
    end: z.array(text),
    startedAtMs: z.number(),
    steps: z.array(
      z.object({
        id: text,
        state: z.enum(stepStates),
        changeId: text.check(z.regex(/^[0-9a-z]{12,64}$/)),
        undoId: text.check(z.regex(/^[0-9a-z]{12,64}$/)),
        pin: maybe,
        startedAtMs: time,
        endedAtMs: time,
        said: maybe,
        exitCode: time,
      }),
    ),
    events: z.array(z.object({ atMs: z.number(), by: text, step: maybe, what: text })),
  });
}

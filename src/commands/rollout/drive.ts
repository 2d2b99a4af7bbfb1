import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import { addressed } from '../../domain/printed-command.js';
import type { ExitName } from '../../domain/exit-codes.js';
import { readingText, type GateReport } from '../../domain/rollout/gates.js';
import { afterEvent, type RolloutEvent } from '../../domain/rollout/machine.js';
import {
  currentRecord,
  currentStage,
  nextStage,
  referenceOf,
  soakLeftMs,
  type RolloutState,
  type RolloutWork,
} from '../../domain/rollout/state.js';
import { unreachedText } from '../../domain/shadow/unreached.js';
import type { GatesRead } from '../../procedures/rollout/read-gates.js';
import type { RolloutSession } from '../../procedures/rollout/session.js';
import { openPanics } from '../panic/kept.js';
import { makeStage } from './enter.js';
import { confirmedMutation, type DriveFlags } from './flags.js';
import { lookAtGates } from './gates.js';
import type { Made } from './made.js';
import { assertStanding } from './standing.js';
import { takeBack } from './take-back.js';
import { tell } from './tell.js';

/** How driving ended. */
export type DriveEnd =
  'passed' | 'finished' | 'aborted' | 'undone' | 'inconclusive' | 'notProven' | 'detached' | 'paused';

export interface Driven {
  readonly end: DriveEnd;
  readonly exit: ExitName;
}

export interface Driver {
  readonly context: Context;
  readonly environment: Environment;
  readonly session: RolloutSession;
  readonly flags: DriveFlags;
  /** The change ids of stages that were written down here: of these nobody else can have done a part before. */
  readonly own: Set<string>;
  /** Everything that was changed on the way. */
  readonly changes: Made[];
  /** Called after each look, and whenever it stands elsewhere. */
  readonly onLook: (state: RolloutState, gates: GatesRead | null) => Promise<void>;
}

/** What stops a watch that cannot reach the other side: so many looks in a row. */
const mostFailures = 12;

/**
 * Does what is to be done next until nothing is: makes the change that is written down, watches the gates, takes back what
 * fails them, and with --auto enters the next stage. Every step is written down before it is done.
 */
export async function drive(driver: Driver): Promise<Driven> {
  const { context, session, flags } = driver;
  const pace = { countedMs: context.clock.monotonicMs(), failures: 0 };
  for (;;) {
    const state = session.state;
    if (state === null) throw new TypeError('there is nothing to drive');
    try {
      const driven = await step(driver, state);
      if (driven !== null) return driven;
      pace.failures = 0;
    } catch (error) {
      if (!isPassing(error, state) || (pace.failures += 1) > mostFailures) throw error;
      await context.note(`${error.message}; trying again`);
      await context.clock.sleep(flags.intervalMs, context.deadline.interrupted);
    }
    // Watching is outside the deadline: each step has as much of it as the first.
    const nowMs = context.clock.monotonicMs();
    context.deadline.extend(nowMs - pace.countedMs);
    pace.countedMs = nowMs;
  }
}

/** A watch and a way back outlive a network that is away for a moment; a change that could not begin is told at once. */
function isPassing(error: unknown, { phase }: RolloutState): error is RlctlError {
  return error instanceof RlctlError && error.kind === 'unreachable' && phase !== 'changing';
}

/** One thing that is to be done; `null`: there is more. */
async function step(driver: Driver, state: RolloutState): Promise<Driven | null> {
  if (state.phase === 'watching' || state.phase === 'passed')
    await assertStanding(driver.context, driver.environment, state);
  switch (state.phase) {
    case 'changing':
      return change(driver, state);
    case 'watching':
      return driver.flags.isDetached ? { end: 'detached', exit: 'ok' } : watch(driver, state);
    case 'aborting':
    case 'undoing':
      return goBack(driver, state);
    case 'passed':
      return goOn(driver, state);
    case 'paused':
    case 'finished':
    case 'undone':
    case 'aborted':
      return { end: state.phase, exit: 'ok' };
  }
}

async function change(driver: Driver, state: RolloutState): Promise<Driven | null> {
  const { context, environment, session, flags } = driver;
  await driver.onLook(state, null);
  const made = await madeStage(driver, state);
  driver.changes.push(made);
  const atMs = session.nowMs();
  const { unreached } = made;
  const beside = made.beside.map((text) => `${currentStage(state).name}: ${text}`);
  for (const text of beside) await context.note(text);
  const found = [
    ...beside.map((text) => ({ kind: 'remarked', atMs, text }) as const),
    ...(unreached.length === 0 ? [] : [{ kind: 'unreached', atMs, unreached } as const]),
  ];
  if (made.exit !== 'ok') {
    await session.apply(...found, { kind: 'notProven', atMs, proof: made.proof, restart: made.restart });
    return { end: 'notProven', exit: made.exit };
  }
  const changed = { kind: 'changed', atMs, proof: made.proof } as const;
  // What was written before this process came may have been taken back meanwhile.
  if (made.isNoop) await assertStanding(context, environment, afterEvent(state, changed) ?? state);
  const next = await session.apply(...found, changed);
  const but = unreached.length === 0 ? '' : `, ${unreached.map(unreachedText).join('; ')}`;
  if (but !== '') await context.note(`${currentStage(state).name} is in force${but}`);
  tell(driver, 'rollout.stage', `stage ${currentStage(state).name} is in force${but}`, made);
  if (!flags.isDetached || next === null) return null;
  await driver.onLook(next, null);
  return { end: 'detached', exit: 'ok' };
}

/**
 * Refused before anything was written: then the rollout stands where it stood, and the error tells the rest. What another
 * process began stays under way, because it may have written already.
 */
async function madeStage({ context, environment, session, flags, own }: Driver, state: RolloutState): Promise<Made> {
  const stage = currentStage(state);
  const mutation = confirmedMutation(flags.mutation, environment, state);
  const reference = referenceOf(state, stage);
  const toMake = { stage, reference, isFirst: state.stage === 0 };
  const wanted = { environment, mutation, isSpillAllowed: flags.isSpillAllowed, ...toMake };
  try {
    return await makeStage(partOf(context, state), wanted, async (found) => {
      await session.apply({ kind: 'flagsNoted', flags: found });
    });
  } catch (error) {
    const isOwn = own.delete(state.work?.changeId ?? '');
    if (isOwn && error instanceof RlctlError && neverWritten.has(error.kind))
      await session.apply({ kind: 'notChanged', atMs: session.nowMs(), why: oneLine(error) });
    throw error;
  }
}

/** Notes have a line each. */
function oneLine({ message }: Error): string {
  return message.replaceAll(/\s+/g, ' ');
}

const neverWritten: ReadonlySet<RlctlError['kind']> = new Set(['usage', 'guard', 'conflict', 'refused', 'unreachable']);

/** The change is made under the id that is written down. */
function partOf(context: Context, { work }: RolloutState): Context {
  return { ...context, changeId: work?.changeId ?? null };
}

async function watch(driver: Driver, state: RolloutState): Promise<Driven | null> {
  const { context, environment, session, flags } = driver;
  await session.renew();
  const gates = await lookAtGates(context, environment, state, session.nowMs());
  const atMs = session.nowMs();
  const judged: RolloutEvent = { kind: 'judged', atMs, report: gates.report };
  if (gates.report.verdict === 'fail') {
    const why = failedText(gates.report);
    await session.apply(judged, { kind: 'abortBegun', work: await workOf(driver, why, 'gate') });
    await context.note(`${currentStage(state).name} is aborted: ${why}`);
    return null;
  }
  const next = await session.apply(judged);
  if (next === null) return null;
  await driver.onLook(next, gates);
  if (next.phase !== 'watching') return passed(driver, next);
  if (isOverdue(next, atMs, flags)) return { end: 'inconclusive', exit: 'findings' };
  const waitMs = Math.min(flags.intervalMs, Math.max(leastWaitMs, soakLeftMs(next, atMs) || flags.intervalMs));
  await context.clock.sleep(waitMs, context.deadline.interrupted);
  return null;
}

const leastWaitMs = 100;

async function passed(driver: Driver, state: RolloutState): Promise<Driven | null> {
  const { name } = currentStage(state);
  const isLast = state.phase === 'finished';
  const { proof, changeId } = currentRecord(state);
  // Flags are set past the history: nothing is found there under the id that their stage has.
  const kept = { proof, changeId: driver.environment.shadowDriver === 'overrides' ? changeId : null };
  await driver.context.note(`${name} has passed`);
  tell(driver, isLast ? 'rollout.finished' : 'rollout.passed', `stage ${name} has passed`, kept);
  return null;
}

/** The stage has stood long enough, the gates have seen a whole window, and still nobody can tell. */
function isOverdue(state: RolloutState, nowMs: number, { patienceMs }: DriveFlags): boolean {
  const { soakFromMs, judged } = currentRecord(state);
  if (soakFromMs === null || judged?.verdict !== 'inconclusive') return false;
  const { soakMs, windowMs } = currentStage(state);
  return nowMs - soakFromMs >= Math.max(soakMs, windowMs) + (patienceMs ?? windowMs);
}

/** `financial: refused 38% (≤ 5%)` */
function failedText({ readings }: GateReport): string {
  return readings
    .filter(({ verdict }) => verdict === 'fail')
    .map(readingText)
    .join('; ');
}

/** Work to be written down before it is done. */
export async function workOf(
  { context, session }: Pick<Driver, 'context' | 'session'>,
  why: string,
  cause: RolloutWork['cause'] = 'operator',
  changeId: string | null = null,
): Promise<RolloutWork> {
  const by = await context.actor();
  return { changeId: changeId ?? context.randomness.changeId(), by, atMs: session.nowMs(), why, cause };
}

async function goBack(driver: Driver, state: RolloutState): Promise<Driven | null> {
  const { context, environment, session, flags } = driver;
  const isAbort = state.phase === 'aborting';
  const stage = isAbort ? currentStage(state) : null;
  const why = state.work?.why ?? null;
  await session.renew();
  await driver.onLook(state, null);
  const reasons = { reason: why ?? state.reason, ticket: state.ticket };
  const mutation = confirmedMutation(flags.mutation, environment, reasons);
  const made = await takeBack(partOf(context, state), { environment, mutation }, state, stage).catch(
    async (error: unknown) => {
      if (error instanceof RlctlError && error.kind === 'conflict')
        await session.apply({ kind: 'hindered', atMs: session.nowMs(), why: oneLine(error) });
      throw error;
    },
  );
  driver.changes.push(made);
  await notePanic(driver);
  const atMs = session.nowMs();
  for (const text of made.beside) {
    await context.note(addressed(text, environment.address));
    await session.apply({ kind: 'remarked', atMs, text });
  }
  const end = isAbort ? 'aborted' : 'undone';
  if (made.exit !== 'ok') {
    await session.apply({ kind: 'notProven', atMs, proof: made.proof, restart: made.restart });
    return { end, exit: made.exit };
  }
  const cause = state.work?.cause;
  const next = await session.apply({ kind: 'takenBack', atMs, by: await context.actor(), proof: made.proof });
  if (next !== null) await driver.onLook(next, null);
  const what = stage === null ? 'the rollout is taken back' : `stage ${stage.name} is taken back`;
  tell(driver, isAbort ? 'rollout.aborted' : 'rollout.undone', why === null ? what : `${what}: ${why}`, made);
  return { end, exit: cause === 'gate' ? 'findings' : 'ok' };
}

/** A panic that began while the stage was in force goes back to just that. */
async function notePanic({ context, environment, session }: Driver): Promise<void> {
  const [panic] = await openPanics(context, environment).catch(() => []);
  if (panic === undefined) return;
  const text = `panic ${panic.id} (${panic.command}) is open: where it began after the stage, restoring it brings the stage back, and closing it with "rlctl panic restore ${panic.id} --leave" does not`;
  await session.apply({ kind: 'remarked', atMs: session.nowMs(), text });
}

async function goOn(driver: Driver, state: RolloutState): Promise<Driven | null> {
  const { session, flags } = driver;
  const next = nextStage(state);
  if (!flags.isAuto || next === null || next.isAsked) return { end: 'passed', exit: 'ok' };
  const work = await workOf(driver, `${currentStage(state).name} has passed`);
  await session.apply({ kind: 'promoted', work, isForced: false });
  driver.own.add(work.changeId);
  return null;
}

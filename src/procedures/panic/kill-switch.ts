import { usageError } from '../../domain/errors.js';
import type { ExitName } from '../../domain/exit-codes.js';
import type { SettledVerdict } from '../../domain/guard/verdict.js';
import { judgeSwitch, switchVariable } from '../../domain/panic/judge-switch.js';
import { notAttempted, type Proof } from '../../domain/proof/proof.js';
import { readsNeeded } from '../../domain/proof/reads-needed.js';
import { filledIn, holdsValue } from '../../domain/shadow/program-words.js';
import { shellWords } from '../../domain/shell-words.js';
import {
  effectExit,
  reloadAndProve,
  type Effect,
  type EffectInput,
  type EffectPorts,
  type ProveReload,
} from '../effect.js';
import { inParallel } from '../reload/in-parallel.js';
import { reloadAgain } from '../reload/send.js';
import { runProgram, type ProgramPorts } from '../run-program.js';
import type { OnStep, Step } from '../step.js';

/** The master switch as it is to be set through a program. */
export interface SwitchPlan {
  /** The program with its arguments, as it will be run. */
  readonly argv: readonly string[];
  readonly variable: string;
  readonly value: string;
  readonly isEnabled: boolean;
  /** What somebody should know of it, in sentences. */
  readonly remarks: readonly string[];
  /** What guards say of it. */
  readonly verdicts: readonly SettledVerdict[];
}

export interface SwitchResult {
  readonly plan: SwitchPlan;
  readonly effect: Effect;
  readonly steps: readonly Step[];
  readonly exit: ExitName;
}

/** What the program of `killSwitch` will be run with. Throws a usage error where its arguments do not take the value. */
export function planSwitch(argv: readonly string[], isEnabled: boolean): SwitchPlan {
  if (!holdsValue(argv))
    throw usageError(
      `killSwitch: the arguments of "${argv[0] ?? ''}" hold no {value}, so the program cannot know what to set`,
      'Write it as {exec: [PROGRAM, "{variable}={value}"]}; {variable} is RATE_LIMIT_ENABLED, {value} true or false.',
      'PROGRAM_WITHOUT_VALUE',
    );
  const value = String(isEnabled);
  return {
    argv: filledIn(argv, { variable: switchVariable, value }),
    variable: switchVariable,
    value,
    isEnabled,
    remarks: [],
    verdicts: [],
  };
}

const pauseMs = 2000;
const width = 8;

/**
 * The runbook's "global kill switch": runs the platform's program, then reloads until every process says that it has the
 * switch, or the wait is over, because a platform takes its time to start processes anew. Throws where the program failed
 * or was cut off; after it, every failure is a step of the result.
 */
export async function setSwitch(
  ports: EffectPorts & ProgramPorts,
  plan: SwitchPlan,
  input: Pick<EffectInput, 'reload' | 'isVerified' | 'workers' | 'waitMs' | 'require'>,
  onStep?: OnStep,
): Promise<SwitchResult> {
  const startedMs = ports.clock.monotonicMs();
  onStep?.(`running ${plan.argv[0] ?? ''}`);
  const task = { label: 'the kill switch', details: { variable: plan.variable }, doneBefore: 0 };
  const failure = await runProgram(ports, plan.argv, task);
  if (failure !== null) throw failure;
  const tookMs = ports.clock.monotonicMs() - startedMs;
  const ran: Step = { name: 'run', state: 'done', detail: shellWords(plan.argv), tookMs };
  const effect = await effectOf(ports, plan, input, onStep);
  return { plan, effect, steps: [ran, ...effect.steps], exit: effectExit(effect) };
}

async function effectOf(
  ports: EffectPorts,
  plan: SwitchPlan,
  input: Parameters<typeof setSwitch>[2],
  onStep: OnStep | undefined,
): Promise<Effect> {
  const { clock, deadline } = ports;
  const startMs = clock.monotonicMs();
  const left = (): number => Math.min(input.waitMs - (clock.monotonicMs() - startMs), deadline.leftMs() - pauseMs);
  for (;;) {
    const effect = await reloadAndProve(ports, input, switchProof(ports, plan, input), onStep);
    const isDone = effectExit(effect) === 'ok' || input.reload === null || deadline.interrupted.aborted;
    if (isDone || left() <= pauseMs) return effect;
    onStep?.(`not every process says so yet; asking again for ${Math.round(left() / 1000)} s at most`);
    try {
      await clock.sleep(pauseMs, deadline.interrupted);
    } catch {
      return effect;
    }
  }
}

function switchProof(
  ports: EffectPorts,
  { isEnabled }: SwitchPlan,
  { workers, require }: Parameters<typeof setSwitch>[2],
): ProveReload {
  return async (reload, reloads): Promise<Proof> => {
    const startMs = ports.clock.monotonicMs();
    const accepted = reloads.filter(({ outcome }) => outcome === 'accepted');
    const first = accepted.flatMap(({ report }) => (report === null ? [] : [report]));
    const again = reloadAgain(ports, reload, accepted);
    const isOver = first.length === 0 || first.some((each) => each.isEnabled !== isEnabled);
    const wanted = workers === 1 ? 1 : readsNeeded(workers);
    const more = isOver ? [] : await inParallel(Array.from({ length: wanted - 1 }), width, () => again());
    const reports = [...first, ...more.flat()];
    const judged = judgeSwitch({
      isEnabled,
      said: reports.map((each) => each.isEnabled),
      wanted: wanted * Math.max(1, accepted.length),
      unreached: reloads.length - accepted.length,
      source: 'POST /config/reload',
    });
    const isProven = judged.verdict === 'proven';
    const tookMs = ports.clock.monotonicMs() - startMs;
    return {
      ...notAttempted('--no-verify', require ?? 'loaded'),
      ...(require === 'enforced' && isProven ? onlyLoaded(judged) : judged),
      confidence: null,
      reads: reports.length,
      convergedMs: isProven ? Math.round(tookMs) : null,
      tookMs,
    };
  };
}

/** A request that is let through shows nothing of a switch. */
function onlyLoaded(judged: ReturnType<typeof judgeSwitch>): ReturnType<typeof judgeSwitch> {
  const diagnosis = `${judged.diagnosis}, as far as reloads say; no request shows a switch, so that it is enforced is not proven`;
  return { ...judged, verdict: 'notProven', levelReached: 'loaded', diagnosis };
}

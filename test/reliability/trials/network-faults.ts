// The network fails, in each way that networks have, at each step of a change, a reload and a question: is what is said true?
import { networkFaults as faults, type NetworkFault } from '../network/faults.js';
import { rightEnds, type Right } from '../network/expected.js';
import { openNetwork, type NetworkGround, type NetworkTrial } from '../network/ground.js';
import { judge } from '../network/judge.js';
import { networkSteps as steps, type NetworkStep } from '../network/steps.js';
import type { Trial, UnitOutcome } from '../trial.js';

/** A variant of one fault at one step. */
interface Variant {
  /** How often it strikes. */
  readonly times: number;
  /** The built tool in a process of its own. */
  readonly isProcess: boolean;
}

const inProcess = [1, 1, 2, Infinity, Infinity].map((times): Variant => ({ times, isProcess: false }));
const variants: readonly Variant[] = [...inProcess, { times: Infinity, isProcess: true }];
const quickVariants: readonly Variant[] = [
  { times: 1, isProcess: false },
  { times: Infinity, isProcess: false },
];
const total = faults.length * steps.length;
const timeoutMs = { full: 4000, quick: 3000 };
/** A trial whose end the machine spoilt is made again, alone: so often, as long as its unit has not taken so long. */
const again = { full: 3, quick: 0, beforeMs: 50_000 };

/**
 * The fault and the step of a unit: every pair once, since their numbers have no divisor in common, and the first units are of
 * all kinds, the lost answer to a write before all.
 */
function pairOf(index: number): readonly [NetworkFault, NetworkStep] {
  return [faults[(index * 7 + 3) % faults.length], steps[(index * 5 + 4) % steps.length]] as [
    NetworkFault,
    NetworkStep,
  ];
}

interface Plan {
  readonly what: string;
  readonly trial: NetworkTrial;
  readonly right: Right;
}

function planOf(
  [fault, step]: readonly [NetworkFault, NetworkStep],
  { times, isProcess }: Variant,
  { chance, deadlineMs }: { readonly chance: () => number; readonly deadlineMs: number },
): Plan {
  const spoil = fault.rule(chance, deadlineMs + 300);
  const rate = 1 + Math.floor(chance() * 60_000);
  return {
    what: `${fault.name} at ${step.part}, ${step.name}, ${times} times${isProcess ? ', process' : ''} ${JSON.stringify(spoil)}`,
    trial: { step, rules: step.rules(spoil, times), rate, timeoutMs: deadlineMs, isProcess },
    right: rightEnds({ step, fault, spoil, times }),
  };
}

/** What one try came to; what it said must be true, however busy the machine was. */
interface Try {
  readonly isBusy: boolean;
  readonly outcome: UnitOutcome;
}

async function attempt(ground: NetworkGround, { what, trial, right }: Plan): Promise<Try> {
  const end = await ground.run(trial);
  const found = await judge(trial, right, end);
  const isStruck = end.struck > (trial.step.from === undefined ? 0 : 1);
  const lateMs = end.isBusy ? 0 : Math.max(0, Math.round(end.tookMs - end.lagMs - trial.timeoutMs));
  return {
    isBusy: end.isBusy,
    outcome: {
      counts: {
        trials: 1,
        'violations of what was said or when': found.length,
        'in processes of their own': trial.isProcess ? 1 : 0,
        'judged by their end, too': end.isBusy ? 0 : 1,
        'faults that struck': isStruck ? 1 : 0,
        [`exit ${end.ran.code}`]: 1,
      },
      most: { 'ms after the deadline': lateMs },
      faults: found.map((each) => `${what}: ${each}`),
    },
  };
}

/** All at once; then, one at a time, those that the machine kept waiting. */
async function run(ground: NetworkGround, plans: readonly Plan[], times: number): Promise<UnitOutcome> {
  const startMs = performance.now();
  const tries = await Promise.all(plans.map((plan) => attempt(ground, plan)));
  const faults = tries.flatMap(({ outcome }) => outcome.faults);
  const outcomes: UnitOutcome[] = [];
  let repeated = 0;
  for (const [index, plan] of plans.entries()) {
    let last = tries[index] as Try;
    for (let left = times; last.isBusy && left > 0; left -= 1) {
      if (performance.now() - startMs > again.beforeMs) break;
      last = await attempt(ground, plan);
      faults.push(...last.outcome.faults);
      repeated += 1;
    }
    outcomes.push(last.outcome);
  }
  const { counts, most } = sum(outcomes);
  const violations = { 'violations of what was said or when': faults.length };
  return { counts: { ...counts, ...violations, 'made again on a busy machine': repeated }, most, faults };
}

export const networkFaults: Trial = {
  name: 'network-faults',
  about: `${faults.length} network faults at ${steps.length} steps before Redis, API and Prometheus: what is said is what is stored, in time`,
  units: total,
  quick: 8,
  least: {
    trials: 2000,
    'judged by their end, too': 2000,
    'faults that struck': 1900,
    'in processes of their own': 400,
  },
  leastQuick: { trials: 16, 'faults that struck': 16 },
  open: async ({ isQuick }) => {
    const ground = await openNetwork(isQuick ? quickVariants.length : variants.length);
    return {
      unit: (index, chance) => {
        const deadlineMs = isQuick ? timeoutMs.quick : timeoutMs.full;
        const chosen = isQuick ? quickVariants : variants;
        const plans = chosen.map((variant) => planOf(pairOf(index), variant, { chance, deadlineMs }));
        return run(ground, plans, isQuick ? again.quick : again.full);
      },
      close: async () => {
        await ground.stop();
        return { counts: {}, faults: [] };
      },
    };
  },
};

/** Their figures together. */
function sum(outcomes: readonly UnitOutcome[]): Required<Pick<UnitOutcome, 'counts' | 'most'>> {
  const counts: Record<string, number> = {};
  const most: Record<string, number> = {};
  for (const outcome of outcomes) {
    for (const [what, count] of Object.entries(outcome.counts)) counts[what] = (counts[what] ?? 0) + count;
    for (const [what, value] of Object.entries(outcome.most ?? {})) most[what] = Math.max(most[what] ?? 0, value);
  }
  return { counts, most };
}

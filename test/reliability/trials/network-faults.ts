// The network fails, in each way that networks have, at each step of a change, a reload and a question: is what is said true?
import { networkFaults as faults, type NetworkFault } from '../network/faults.js';
import { rightEnds } from '../network/expected.js';
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

async function run(
  ground: NetworkGround,
  [fault, step]: readonly [NetworkFault, NetworkStep],
  { times, isProcess }: Variant,
  { chance, isQuick }: { readonly chance: () => number; readonly isQuick: boolean },
): Promise<UnitOutcome> {
  const deadlineMs = isQuick ? timeoutMs.quick : timeoutMs.full;
  const spoil = fault.rule(chance, deadlineMs + 300);
  const rate = 1 + Math.floor(chance() * 60_000);
  const trial: NetworkTrial = { step, rules: step.rules(spoil, times), rate, timeoutMs: deadlineMs, isProcess };
  const end = await ground.run(trial);
  const found = await judge(trial, rightEnds({ step, fault, spoil, times }), end);
  const what = `${fault.name} at ${step.part}, ${step.name}, ${times} times${isProcess ? ', process' : ''}`;
  const isStruck = end.struck > (step.from === undefined ? 0 : 1);
  return {
    counts: {
      trials: 1,
      'violations of what was said or when': found.length,
      'in processes of their own': isProcess ? 1 : 0,
      'judged by their end, too': end.isBusy ? 0 : 1,
      'faults that struck': isStruck ? 1 : 0,
      [`exit ${end.ran.code}`]: 1,
    },
    most: { 'ms after the deadline': end.isBusy ? 0 : Math.max(0, Math.round(end.tookMs - end.lagMs - deadlineMs)) },
    faults: found.map((each) => `${what} ${JSON.stringify(spoil)}: ${each}`),
  };
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
      unit: async (index, chance) => {
        const pair = pairOf(index);
        const seeded = (isQuick ? quickVariants : variants).map((variant) => ({
          variant,
          draws: [chance(), chance(), chance()],
        }));
        const ends = await Promise.all(
          seeded.map(({ variant, draws }) =>
            run(ground, pair, variant, { chance: () => draws.shift() ?? 0.5, isQuick }),
          ),
        );
        return sum(ends);
      },
      close: async () => {
        await ground.stop();
        return { counts: {}, faults: [] };
      },
    };
  },
};

function sum(outcomes: readonly UnitOutcome[]): UnitOutcome {
  const counts: Record<string, number> = {};
  const most: Record<string, number> = {};
  for (const outcome of outcomes) {
    for (const [what, count] of Object.entries(outcome.counts)) counts[what] = (counts[what] ?? 0) + count;
    for (const [what, value] of Object.entries(outcome.most ?? {})) most[what] = Math.max(most[what] ?? 0, value);
  }
  return { counts, most, faults: outcomes.flatMap(({ faults: found }) => found) };
}

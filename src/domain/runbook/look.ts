import { nextStep, withStep, type RunJournal, type StepRecord } from './journal.js';
import type { ResolvedStep } from './resolve.js';
import { stepCommandOf } from './step-command.js';

/** The last step that was done and looked at the very thing that this one may change; `null`: none has. */
export function lookBefore(
  { steps: records }: RunJournal,
  steps: readonly ResolvedStep[],
  { action }: ResolvedStep,
): StepRecord | null {
  if (action.kind !== 'rlctl') return null;
  const { pin } = stepCommandOf(action.argv);
  if (pin === null) return null;
  const subject = action.argv.slice(2).join('\0');
  const looks = steps.filter(({ action: look }) => {
    return (
      look.kind === 'rlctl' && stepCommandOf(look.argv).path === pin.look && look.argv.slice(2).join('\0') === subject
    );
  });
  const ids = new Set(looks.map(({ step }) => step.id));
  return records.findLast(({ id, state }) => ids.has(id) && state === 'done') ?? null;
}

/** A run as it is gone on with. */
export interface LookedAnew {
  readonly journal: RunJournal;
  /** The steps by hand that are asked about again, whatever was said of them; mostly none. */
  readonly askedAgain: ReadonlySet<string>;
}

const conflict = 5;

/**
 * A step that found something else than what was looked at stopped the run: what stands there now was agreed to by nobody.
 * Then the look is taken again, and what was asked after it is asked again. Any other run stays as it is.
 */
export function lookAnew(journal: RunJournal, steps: readonly ResolvedStep[]): LookedAnew {
  const failed = nextStep(journal);
  const step = steps.find((each) => each.step.id === failed?.id);
  if (failed?.state !== 'failed' || failed.pin === null || failed.exitCode !== conflict || step === undefined)
    return { journal, askedAgain: new Set() };
  const look = lookBefore(journal, steps, step);
  // What nobody was shown is not shown anew: its own dry run finds it once more.
  const place = (id: string): number => journal.steps.findIndex((each) => each.id === id);
  const between = look === null ? [] : journal.steps.slice(place(look.id) + 1, place(failed.id));
  const byHand = new Set(steps.filter(({ action }) => action.kind === 'manual').map((each) => each.step.id));
  const askedAgain = new Set(between.map(({ id }) => id).filter((id) => byHand.has(id)));
  const looked = [look, failed].reduce(
    (now, each) => (each === null ? now : withStep(now, each.id, { state: 'pending', pin: null }, null)),
    journal,
  );
  // Begun, not pending: what somebody did by hand is still there to be taken back.
  const asked = [...askedAgain].reduce((now, id) => withStep(now, id, { state: 'started' }, null), looked);
  return { journal: { ...asked, rev: journal.rev }, askedAgain };
}

import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import type { Panic } from '../../domain/panic/panics.js';
import { assertSamePlace } from '../../domain/panic/restorable-flags.js';
import { switchPlanView, switchResultView } from '../../ui/switch-view.js';
import type { MutationInput } from '../mutation.js';
import { makeSwitchChange } from './by-switch.js';
import { keepDone } from './kept.js';
import { keptPanic } from './restore-flags.js';
import type { Restored } from './restored.js';

// The limiter goes on again, through the program that switched it off.

export async function restoreSwitch(
  context: Context,
  environment: Environment,
  { id }: Panic,
  mutation: MutationInput,
): Promise<Restored> {
  const { flags } = await keptPanic(context, environment, id);
  const { killSwitch } = environment;
  assertSamePlace(flags, killSwitch !== null && 'exec' in killSwitch ? (killSwitch.exec[0] ?? '') : null, id);
  // A limiter that was off before the panic stays off.
  const isEnabled = flags[0]?.record.before !== 'false';
  const made = await makeSwitchChange(context, environment, {
    isEnabled,
    mutation,
    command: 'panic restore',
    onAgreed: () => Promise.resolve(),
  });
  if (made.kind === 'planned') return { planned: switchPlanView(made.plan, environment) };
  await keepDone(context, environment, id);
  const { result } = made;
  return {
    view: switchResultView(result, environment),
    exit: result.exit,
    changeId: null,
    verdict: result.effect.proof.verdict,
  };
}

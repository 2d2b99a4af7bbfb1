import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { assertSamePlace } from '../../domain/panic/restorable-flags.js';
import { switchPlanView, switchResultView } from '../../ui/switch-view.js';
import { reachOf } from '../shadow/flips.js';
import { makeSwitchChange } from './by-switch.js';
import { closeUnwritten } from './close.js';
import { keepOver } from './kept.js';
import { flagsToPutBack } from './restore-flags.js';
import type { Restored, ToRestore } from './restored.js';

// The limiter goes on again, through the program that switched it off.

export async function restoreSwitch(context: Context, environment: Environment, wanted: ToRestore): Promise<Restored> {
  const { panic, mutation } = wanted;
  const { left, back, handed } = flagsToPutBack(wanted);
  if (back.length === 0) return closeUnwritten(context, environment, wanted, { left, handed });
  assertSamePlace(back, panic, await reachOf(context, environment));
  // A limiter that was off before the panic stays off.
  const isEnabled = back[0]?.record.before !== 'false';
  const made = await makeSwitchChange(context, environment, {
    isEnabled,
    mutation,
    command: 'panic restore',
    onAgreed: () => Promise.resolve(),
  });
  if (made.kind === 'planned') return { planned: switchPlanView(made.plan, environment) };
  await keepOver(context, environment, panic, { handed, left });
  const { result } = made;
  return {
    view: switchResultView(result, environment),
    exit: result.exit,
    changeId: null,
    verdict: result.effect.proof.verdict,
  };
}

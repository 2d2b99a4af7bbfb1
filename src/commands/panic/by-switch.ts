import type { Context } from '../../context.js';
import { bucketsOfAll } from '../../domain/config/bucket-names.js';
import type { Environment } from '../../domain/config/environment.js';
import { untrusted } from '../../domain/config/trust.js';
import { assertNoDemand } from '../../domain/demand.js';
import { RlctlError } from '../../domain/errors.js';
import { guardedName, isExempt } from '../../domain/guard/commands.js';
import { panicCommand } from '../../domain/panic/target.js';
import { shellWords } from '../../domain/shell-words.js';
import { planSwitch, setSwitch, type SwitchPlan, type SwitchResult } from '../../procedures/panic/kill-switch.js';
import { preflight } from '../../procedures/preflight.js';
import { assertInTime } from '../../procedures/in-time.js';
import { assertReloadable } from '../../procedures/reload/safely.js';
import { shareOf, smallShare } from '../../procedures/share.js';
import { switchPlanView, switchPreviewText, switchResultView } from '../../ui/switch-view.js';
import { confirmChange } from '../confirmation.js';
import { changeDemands, confirmationRemarks, demandRemarks } from '../demands.js';
import { hearing, recall, remember } from '../detection.js';
import { noGuards } from '../guard-flags.js';
import type { GuardAnswer } from '../guards.js';
import { lastReload, lastRevision } from '../last-reload.js';
import { effectInput, type MutationInput } from '../mutation.js';
import { optionalStore } from '../optional-store.js';
import { together } from '../together.js';
import { reachedBy } from '../shadow/flag-reach.js';
import type { PanicMade } from './acted.js';
import type { NamedPanic } from './input.js';
import { cutOff } from './cut-off.js';
import { keepActing } from './kept.js';

// The runbook's "global kill switch": the platform's own program, after which processes usually start anew.

export async function actBySwitch(context: Context, environment: Environment, input: NamedPanic): Promise<PanicMade> {
  const { mutation, target, id } = input;
  const state = { isKept: false };
  const made = await makeSwitchChange(context, environment, {
    isEnabled: false,
    mutation,
    command: panicCommand(target),
    onAgreed: async ({ variable, value, argv }) => {
      const before = (await lastReload(context, environment))?.isEnabled ?? null;
      const record = {
        place: argv[0] ?? '',
        variable,
        before: before === null ? null : String(before),
        wrote: value,
        actor: await context.actor(),
        reason: mutation.reason,
        ticket: mutation.ticket,
        at: new Date(context.clock.nowMs()).toISOString(),
      };
      const flags = [{ bucket: null, record }];
      state.isKept = await keepActing(context, environment, input, { way: 'kill-switch', flags });
    },
  }).catch(async (error: unknown) => {
    throw state.isKept ? await cutOff(context, environment, id, error) : error;
  });
  if (made.kind === 'planned') return { planned: switchPlanView(made.plan, environment) };
  const { result } = made;
  return {
    acted: {
      way: 'kill-switch',
      environment,
      view: switchResultView(result, environment),
      exit: result.exit,
      effect: result.effect,
      panicId: state.isKept ? id : null,
      isNew: true,
      isFound: false,
      restore: state.isKept ? `rlctl panic restore ${id}` : shellWords(planSwitch(programOf(environment), true).argv),
      changeId: null,
      routes: [],
      manualSteps: [],
    },
  };
}

export interface SwitchCommand {
  readonly isEnabled: boolean;
  readonly mutation: MutationInput;
  readonly command: string;
  /** Called once everything is agreed and before anything is run. */
  readonly onAgreed: (plan: SwitchPlan) => Promise<void>;
}

export type SwitchMade =
  { readonly kind: 'planned'; readonly plan: SwitchPlan } | { readonly kind: 'made'; readonly result: SwitchResult };

/** Sets the limiter's master switch through its program: what `makeFlagChange` is for flags. */
export async function makeSwitchChange(
  context: Context,
  environment: Environment,
  { isEnabled, mutation, command, onAgreed }: SwitchCommand,
): Promise<SwitchMade> {
  const plan = planSwitch(programOf(environment), isEnabled);
  const { environment: reached, controlPlane } = await reachedBy(context, environment, mutation);
  const { clock, randomness, deadline } = context;
  const hear = hearing(context, environment);
  const ports = { controlPlane, clock, randomness, deadline, hear, programs: await context.programs() };
  const seen = await recall(context, environment);
  const asked = await effectInput(context, reached, mutation.effect, seen);
  // The API or Redis may be what is down: they are asked, need not answer, and leave the program its time.
  const brief = shareOf(deadline, clock, smallShare);
  const [reload, unsafe] = await together([
    asked.reload && preflight({ ...ports, deadline: brief }, asked.reload, '/', { isRequired: false }),
    asked.reload === null ? [] : unsafeReload(context, environment, brief),
  ]);
  const guards = await guardsOf(context, environment, mutation, { command, isEnabled });
  const said = { ...mutation, end: { kind: 'permanent' } } as const;
  const foretold = mutation.isDryRun
    ? [...demandRemarks(environment, said, 'the change'), ...confirmationRemarks(environment, said, 'the change')]
    : [];
  const noted = { ...plan, remarks: [...guards.remarks, ...unsafe, ...foretold], verdicts: guards.verdicts };
  if (mutation.isDryRun) return { kind: 'planned', plan: noted };
  const about = { isNoop: false, isReloading: reload !== null };
  const demands = [...guards.demands, ...changeDemands(context, environment, said, about)];
  if (demands.some(({ code }) => code !== 'NOT_CONFIRMED')) assertNoDemand(guardedName(command), demands);
  await confirmChange(context, environment, mutation, {
    ...about,
    preview: async () => switchPreviewText(noted, await context.theme()),
  });
  assertInTime(deadline, `"${plan.argv[0] ?? ''}" was run`);
  await onAgreed(noted);
  const result = await setSwitch(ports, noted, { ...asked, reload }, (text) => context.progress.step(text));
  const { reason, ticket } = mutation;
  await remember(context, environment, result.effect, { seen, by: { command, reason, ticket } });
  return { kind: 'made', result };
}

function programOf(environment: Environment): readonly string[] {
  const { killSwitch, untrustedFile, isChangedSinceTrusted: isChanged, requirements } = environment;
  if (killSwitch === null || !('exec' in killSwitch)) throw new TypeError('there is no program for the kill switch');
  if (untrustedFile !== null) throw untrusted(untrustedFile, 'a program to run', { isChanged, requirements });
  return killSwitch.exec;
}

/** The switch stops enforcing for every bucket, whatever its flag says. */
async function guardsOf(
  context: Context,
  environment: Environment,
  mutation: MutationInput,
  { command, isEnabled }: Pick<SwitchCommand, 'command' | 'isEnabled'>,
): Promise<GuardAnswer> {
  const isAsked = environment.guards.length > 0 || mutation.overriddenGuards.length > 0;
  if (!isAsked || isExempt(command)) return noGuards;
  const { askGuards } = await import('../guards.js');
  return askGuards(context, environment, mutation, {
    command,
    isReloadOnly: false,
    flags: bucketsOfAll(environment).map(({ name }) => ({ bucket: name, isShadow: !isEnabled })),
  });
}

/** A reload is all that tells the switch; what it may cost is said, and does not hold up an emergency. */
async function unsafeReload(
  context: Context,
  environment: Environment,
  deadline: ReturnType<typeof shareOf>,
): Promise<readonly string[]> {
  try {
    const store = await optionalStore(context, environment);
    if (store === null) return [];
    assertReloadable(await store.read(deadline), await lastRevision(context, environment), '');
    return [];
  } catch (error) {
    if (!(error instanceof RlctlError)) throw error;
    return [`the reload that shows the switch may make the server drop every override: ${error.message}`];
  }
}

import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError, usageError } from '../../domain/errors.js';
import type { ExitName } from '../../domain/exit-codes.js';
import { panicSummary } from '../../domain/notify/summary.js';
import { panicCommand, panicId, panicIdOf, type PanicWay } from '../../domain/panic/target.js';
import type { Verdict } from '../../domain/proof/proof.js';
import { panicView } from '../../ui/panic-view.js';
import type { BlockWatch } from '../../procedures/panic/watch-blocks.js';
import { announce, prepareToAnnounce, withReports } from '../announce.js';
import type { Outcome } from '../command.js';
import type { Acted, PanicMade } from './acted.js';
import { actByOverrides } from './by-overrides.js';
import type { NamedPanic, PanicInput } from './input.js';
import { rememberAwaited, rememberBlocks, rememberEnd } from './remember-shown.js';

/** The three emergency rollbacks: they differ in what they are about, and in what the environment acts by. */
export async function runPanic(context: Context, input: PanicInput): Promise<Outcome> {
  const environment = await context.environment(input.mutation.effect.settings);
  const id = idOf(context);
  const way = wayOf(environment, input);
  const startedMs = context.clock.monotonicMs();
  const made = await actBy(way, context, environment, { ...withProofWait(environment, input), id }).catch(
    async (error: unknown) => {
      const { emergency } = await import('./emergency.js');
      throw emergency(error, environment, input, way);
    },
  );
  if ('planned' in made) return { view: made.planned, exit: 'ok' };
  const { acted } = made;
  const leftMs = input.mutation.effect.waitMs - (context.clock.monotonicMs() - startedMs);
  if (acted.isNew && input.mutation.isTelling !== false) prepareToAnnounce(context, acted.environment, 'panic');
  const isWatching = canBeWatched(acted, input);
  const watched = isWatching ? await rememberAwaited(context, acted, Math.max(0, leftMs)) : null;
  const watch = isWatching ? await watchedBlocks(context, acted, input, leftMs) : null;
  const { panicId, restore } = acted;
  if (context.deadline.interrupted.aborted) {
    // It is in force all the same; where the last look did not tell, no decision that was asked for has shown it.
    const last = watch?.verdict === 'proven' || watch?.verdict === 'contradicted' ? watch : null;
    const verdict = verdictOf(acted, last, last === null ? 'unproven' : cameTo(acted, last, input).exit);
    void tell(context, acted, input, verdict);
    await rememberEnd(context, acted, { verdict, watch: last, watched });
    throw interruptedWatching(context, panicId, restore);
  }
  if (way === 'overrides' && watch !== null) await rememberBlocks(context, acted, watch);
  const { view, exit } = cameTo(acted, watch, input);
  const verdict = verdictOf(acted, watch, exit);
  const told = tell(context, acted, input, verdict);
  if (exit !== 'ok' || watched !== null) await rememberEnd(context, acted, { verdict, watch, watched });
  const { manualSteps } = acted;
  const shown = {
    id: panicId,
    command: panicCommand(input.target),
    restore,
    way,
    watch,
    isWaiting: input.mutation.effect.waitMs > 0,
    isFound: acted.isFound,
    isPolicyOnly: way === 'overrides' && isLoadedOnly(acted) && watch?.verdict !== 'proven',
    isAwaitingReload: way !== 'kill-switch' && !input.mutation.effect.isReloading,
    nextReload: acted.nextReload ?? 'run: rlctl reload',
    manualSteps,
  };
  const whole = panicView(view, shown, acted.environment);
  return { view: told === null ? whole : await withReports(whole, told), exit };
}

/** True where the server shows it, and no request did. */
function isLoadedOnly({ effect: { proof } }: Acted): boolean {
  return proof.verdict === 'proven' && proof.levelReached === 'loaded';
}

/** Where the id of the change was fixed before, so is that of the panic. */
function idOf({ changeId, randomness }: Context): string {
  return changeId === null ? panicId(randomness.hex(4)) : panicIdOf(changeId);
}

/** The change as it is shown, and the exit of the whole: what decisions were to show and did not is not proven. */
function cameTo(acted: Acted, watch: BlockWatch | null, input: PanicInput): Pick<Acted, 'view' | 'exit'> {
  const isShown = watch === null ? !isWithoutFigures(acted, input) : watch.verdict === 'proven';
  const { view, exit } = (watch?.verdict === 'proven' ? acted.shown : undefined) ?? acted;
  return { view, exit: exit === 'ok' && !isShown ? 'unproven' : exit };
}

/** What it came to as a whole: its proof, and what decisions said. */
function verdictOf({ effect: { proof } }: Acted, watch: BlockWatch | null, exit: ExitName): Verdict {
  if (exit === 'ok') return watch?.verdict === 'proven' ? 'proven' : proof.verdict;
  if (watch?.verdict === 'contradicted') return 'contradicted';
  return proof.verdict === 'proven' ? 'notProven' : proof.verdict;
}

/** Tells whoever wants to know what it came to; what changed nothing is not told. */
function tell(context: Context, acted: Acted, { target, mutation }: PanicInput, verdict: Verdict) {
  const { environment, changeId, routes, isNew, panicId: id } = acted;
  if (!isNew || mutation.isTelling === false) return null;
  const command = panicCommand(target);
  return announce(context, environment, {
    kind: 'panic',
    event: 'panic.acted',
    changeId,
    command,
    summary: panicSummary(
      { id: id ?? 'not recorded', command, how: 'acted' },
      { environment: environment.name, verdict },
    ),
    routes,
    verdict,
    reason: mutation.reason,
    ticket: mutation.ticket,
    isToldAnyway: true,
    partOf: [...context.partOf, ...(id === null ? [] : [{ kind: 'panic' as const, id }])],
  });
}

/** What the environment acts by, where nobody says otherwise. */
function wayOf({ shadowDriver, killSwitch }: Environment, { target, way }: PanicInput): PanicWay {
  const hasSwitch = killSwitch !== null && 'exec' in killSwitch;
  if (way === 'flags' && shadowDriver === 'overrides')
    throw usageError(
      '--by flags: no way to set flags is configured here',
      'Set shadowDriver to {env-file} or {exec} in rlctl.yaml, or leave --by out.',
    );
  if (way === 'kill-switch' && !hasSwitch)
    throw usageError(
      '--by kill-switch: no program for the limiter’s master switch is configured here',
      'Set killSwitch: {exec: [PROGRAM, "{variable}={value}"]} in rlctl.yaml, or leave --by out.',
    );
  if (way !== null) return way;
  if (target.kind === 'route') return 'overrides';
  if (target.kind === 'global' && hasSwitch) return 'kill-switch';
  return shadowDriver === 'overrides' ? 'overrides' : 'flags';
}

/** What acts outside the document is loaded only where it does. */
async function actBy(way: PanicWay, context: Context, environment: Environment, input: NamedPanic): Promise<PanicMade> {
  if (way === 'overrides') return actByOverrides(context, environment, input);
  if (way === 'flags') return (await import('./by-flags.js')).actByFlags(context, environment, input);
  return (await import('./by-switch.js')).actBySwitch(context, environment, input);
}

/** Where decisions are to be watched too, the proof takes half of the wait at most. */
function withProofWait(environment: Environment, input: PanicInput): PanicInput {
  const { mutation } = input;
  if (environment.prometheus === null && environment.metrics === null) return input;
  return { ...input, mutation: { ...mutation, effect: { ...mutation.effect, waitMs: mutation.effect.waitMs / 2 } } };
}

/** True where it was to be shown by decisions, and nothing tells of them. */
function isWithoutFigures({ environment, effect }: Acted, { mutation }: PanicInput): boolean {
  const hasFigures = environment.prometheus !== null || environment.metrics !== null;
  const isAsked = mutation.effect.waitMs > 0 && effect.reloads.some(({ outcome }) => outcome === 'accepted');
  return isAsked && !hasFigures;
}

/** True where decisions are to be waited for, a server took the reload, and something tells of them. */
function canBeWatched({ environment, effect }: Acted, { mutation }: PanicInput): boolean {
  const isAsked = mutation.effect.waitMs > 0 && effect.reloads.some(({ outcome }) => outcome === 'accepted');
  return isAsked && (environment.prometheus !== null || environment.metrics !== null);
}

async function watchedBlocks(context: Context, { environment }: Acted, input: PanicInput, leftMs: number) {
  const { watchDecisions } = await import('./watch-decisions.js');
  return watchDecisions(context, environment, { target: input.target, waitMs: Math.max(0, leftMs) });
}

function interruptedWatching({ deadline }: Context, id: string | null, restore: string | null): RlctlError {
  const { reason } = deadline.interrupted;
  const kind = reason instanceof RlctlError && reason.kind === 'terminated' ? 'terminated' : 'interrupted';
  const acted = id === null ? 'what was wanted is set' : `the panic ${id} has acted and is in force`;
  return new RlctlError(kind, `${kind} while the decisions were watched; ${acted}`, {
    code: kind.toUpperCase(),
    hint: `See what is decided with: rlctl decisions watch${id === null ? '' : `; put back what was with: ${restore}`}`,
    details: { panicId: id, applied: id !== null },
  });
}

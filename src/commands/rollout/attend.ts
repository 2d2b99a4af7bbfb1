import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import { currentStage, type RolloutState } from '../../domain/rollout/state.js';
import type { GatesRead } from '../../procedures/rollout/read-gates.js';
import type { KeptRollout, RolloutSession } from '../../procedures/rollout/session.js';
import { rolloutView, type RolloutChange, type RolloutShown } from '../../ui/rollout-view.js';
import type { View } from '../../ui/view.js';
import type { Outcome } from '../command.js';
import { drive, type Driven } from './drive.js';
import type { Made } from './made.js';
import type { DriveFlags } from './flags.js';

// Somebody sits before a rollout: it is driven, shown in place on a terminal, and given back in the end.

/**
 * Drives a rollout with its lease in hand, and gives the lease back whatever happens. `begun`: the change id of the stage
 * that this command has just written down.
 */
export async function attend(
  context: Context,
  environment: Environment,
  session: RolloutSession,
  flags: DriveFlags,
  begun: string | null = null,
): Promise<Outcome> {
  const screen = await screenOf(context, environment, session);
  const changes: Made[] = [];
  const own = new Set(begun === null ? [] : [begun]);
  const driver = { context: screen.context, environment, session, flags, own, changes, onLook: screen.look };
  try {
    const driven = await drive(driver);
    await session.release();
    return await screen.end(driven, changes);
  } catch (error) {
    await screen.close();
    await session.letGo();
    throw context.deadline.interrupted.aborted ? leftAlone(error, session.state) : error;
  }
}

interface Screen {
  /** Says nothing past the screen where there is one. */
  readonly context: Context;
  readonly look: (state: RolloutState, gates: GatesRead | null) => Promise<void>;
  readonly close: () => Promise<void>;
  readonly end: (driven: Driven, changes: readonly RolloutChange[]) => Promise<Outcome>;
}

/** In place on a terminal; anywhere else a remark wherever it goes on, and the whole in the end. */
async function screenOf(context: Context, environment: Environment, session: RolloutSession): Promise<Screen> {
  const { host, options } = context;
  const last: { gates: GatesRead | null; told: string; isShown: boolean } = { gates: null, told: '', isShown: false };
  const shown = (state: RolloutState | null, more: Partial<RolloutShown>): View =>
    rolloutView({
      kept: keptBy(session, state),
      environment,
      gates: last.gates,
      watch: 'here',
      changes: [],
      end: null,
      intervalMs: null,
      ...more,
    });
  const isLive = host.stdout.isTTY && options.format === 'table' && options.jq === null && !options.isQuiet;
  const live = isLive ? (await import('../../ui/live-view.js')).createLiveView(host, options) : null;
  const remember = (state: RolloutState, gates: GatesRead | null): void => {
    last.gates = gates ?? (state.phase === 'watching' ? last.gates : null);
  };
  return {
    context: live === null ? context : { ...context, progress: silent, note: () => Promise.resolve() },
    look: async (state, gates) => {
      remember(state, gates);
      last.isShown = true;
      if (live !== null) return live.show(shown(state, {}));
      const text = remarkOf(state, gates);
      if (text !== last.told) await context.note(text);
      last.told = text;
    },
    close: async () => {
      context.progress.clear();
      if (last.isShown) await live?.show(shown(session.state, { watch: 'given back' }));
      await live?.end();
    },
    end: async ({ end, exit }, changes) => {
      const view = shown(session.state, { watch: 'given back', changes, end });
      context.progress.clear();
      if (live === null) return { view, exit };
      await live.show(view);
      await live.end();
      return { view: null, exit };
    },
  };
}

const silent: Context['progress'] = { step: () => undefined, clear: () => undefined };

function keptBy(session: RolloutSession, state: RolloutState | null): KeptRollout {
  return { state, lease: null, lapsed: null, serverTimeMs: session.nowMs() };
}

/** One line for a log: where it stands, and what the gates say. */
function remarkOf(state: RolloutState, gates: GatesRead | null): string {
  const { name } = currentStage(state);
  return gates === null ? `${name}: ${state.phase}` : `${name}: ${state.phase}, gates ${gates.report.verdict}`;
}

/** What an interrupt leaves behind: nothing is paused and nothing is taken back by it. */
function leftAlone(error: unknown, state: RolloutState | null): unknown {
  const isExplained = error instanceof RlctlError && ['interrupted', 'terminated'].includes(error.kind);
  if (!isExplained || state === null) return error;
  const { name } = currentStage(state);
  const isMidway = ['changing', 'aborting', 'undoing'].includes(state.phase);
  const message = isMidway
    ? `${error.kind} in the middle of a change of the rollout ${state.id} (${name}, ${state.phase}); it may or may not have been made`
    : `${error.kind}; the rollout ${state.id} stays as it is: ${name} is in force, and nobody watches its gates now`;
  const hint = isMidway
    ? 'Finish it, without doing anything twice: rlctl rollout resume'
    : 'Watch on with "rlctl rollout resume", or take the stage back with "rlctl rollout abort".';
  const details = { id: state.id, phase: state.phase, stage: name };
  return new RlctlError(error.kind, message, { code: error.code, hint, details });
}

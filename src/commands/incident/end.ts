import { Option } from 'commander';
import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError, usageError } from '../../domain/errors.js';
import { isWayBackOf, type BegunEnding, type Incident } from '../../domain/incident/incident.js';
import { addressed } from '../../domain/printed-command.js';
import { changesIn } from '../../domain/incident/timeline.js';
import { changedMeanwhile, endedByOthers, endingTaken } from '../../procedures/incident/refusals.js';
import { keepRenewed, leaseMs } from '../../procedures/operation/renewed-lease.js';
import { keptPanics } from '../../procedures/panic/keep.js';
import { ownDeadline } from '../../procedures/runbook/own-deadline.js';
import { readStory, storyOf, type IncidentStory } from '../../procedures/incident/report.js';
import {
  closeIncident,
  stillOpen,
  theOpenIncident,
  untoldIncident,
  type Ending,
  type IncidentPorts,
} from '../../procedures/incident/stored.js';
import { incidentEndPlanView, incidentEndView } from '../../ui/incident-end-view.js';
import { defineCommand, switchFlag, type Outcome } from '../command.js';
import { addMutationFlags, mutationInput, type MutationInput } from '../mutation.js';
import { plannedBack } from './agree.js';
import { beginEnding, closeEnded } from './end-panics.js';
import { isUnchanged, look, type Seen } from './look.js';
import { addPageFlags, pageFiles, pageFlags, writePages, type PageFiles } from './pages.js';
import { incidentPorts, otherKnowledge } from './ports.js';
import { endsWith } from './shown.js';
import { askWish, assertHere, type Wish } from './wish.js';
import { openRolloutText } from './open-rollout.js';
import { takeBack } from './take-back.js';
import { announceEnd, untoldOf } from './tell-end.js';
import type { WentBack } from './way-back.js';

// The end of an incident: exactly what it changed goes back, proven, or stays; and its story is written down.

interface ToEnd {
  readonly context: Context;
  readonly environment: Environment;
  readonly ports: IncidentPorts;
  readonly incident: Incident;
  readonly mutation: MutationInput;
  readonly files: PageFiles;
}

interface Ended extends ToEnd {
  readonly seen: Seen;
}

export const command = defineCommand({
  register: (c) => {
    c.addOption(new Option('--restore', 'take back exactly what was changed since the start').conflicts('keep'));
    c.addOption(new Option('--keep', 'leave everything as it is now'));
    addPageFlags(c);
    addMutationFlags(c);
  },
  examples: [
    'rlctl -e prod incident end --restore --out . --confirm prod',
    'rlctl -e prod incident end --keep --markdown incident.md --html incident.html',
  ],
  input: (_, flags) => ({
    wish: switchFlag(flags, 'restore') ? ('restore' as const) : switchFlag(flags, 'keep') ? ('keep' as const) : null,
    pages: pageFlags(flags),
    mutation: mutationInput(flags),
  }),
  action: async (context, { wish, pages, mutation }) => {
    const environment = await context.environment(mutation.effect.settings);
    const ports = await incidentPorts(context, environment);
    context.progress.step('reading the incident');
    const untold = mutation.isDryRun || mutation.isTelling === false ? null : await untoldIncident(ports);
    const incident = untold ?? (await theOpenIncident(ports));
    const files = await pageFiles(context, pages, incident.id);
    const wanted = { context, environment, ports, incident, mutation, files };
    if (mutation.isDryRun) return planned(wanted, wish);
    if (untold !== null) return underLease(wanted, async (lease) => tellRest(wanted, lease));
    if (wish !== null) return underLease(wanted, async (lease) => finish(await agreed(wanted, null), wish, lease));
    const asked = await lookAt(wanted);
    const chosen = await askWish(context, environment, ports, asked.seen);
    return underLease(wanted, async (lease) => finish(await agreed(wanted, asked), chosen, lease));
  },
});

async function lookAt(wanted: ToEnd): Promise<Ended> {
  const { context, environment, ports, incident } = wanted;
  return { ...wanted, seen: await look(context, environment, ports, incident) };
}

/**
 * What was done up to now. Who was asked agreed to what was shown, and to nothing that came in between. `asked`: what was
 * shown; `null`: nobody was asked.
 */
async function agreed(wanted: ToEnd, asked: Ended | null): Promise<Ended> {
  const { ports, mutation } = wanted;
  const incident = await stillOpen(ports, wanted.incident.id);
  const now = await lookAt({ ...wanted, incident });
  if (asked === null) return now;
  if (!isUnchanged(asked.seen.story, now.seen.story)) throw changedMeanwhile(incident.id);
  const ifRevision = mutation.ifRevision ?? now.seen.story.revision;
  return { ...now, mutation: { ...mutation, ifRevision } };
}

/** What would be taken back; with --keep nothing. */
async function planned(wanted: ToEnd, wish: Wish | null): Promise<Outcome> {
  if (wish === 'keep')
    throw usageError(
      '--keep changes nothing, so --dry-run has nothing to show',
      'See what was changed: rlctl incident status',
    );
  const ended = await lookAt(wanted);
  await noteRollout(ended);
  const { document, flags } = await plannedBack(ended, ended.mutation);
  const shown = { document: document.plan, flags, elsewhere: ended.seen.elsewhere, ends: endsWith(ended.seen) };
  return { view: incidentEndPlanView(shown, document.environment), exit: 'ok' };
}

/** Whoever drives a rollout is somebody else, and is to hear that its stages go back. */
async function noteRollout({ context, environment, ports }: ToEnd): Promise<void> {
  const text = await openRolloutText(ports);
  if (text !== null) await context.note(addressed(text, environment.address));
}

interface Lease {
  readonly token: string;
  /** Gives it back; left behind, it runs out by itself. */
  readonly letGo: () => Promise<void>;
}

/**
 * Two who end it at once would each write. Whoever is killed in it holds up nobody for longer than a lease lasts. What goes on
 * after the result lets go of it itself.
 */
async function underLease(
  { context, ports, incident }: Pick<ToEnd, 'context' | 'ports' | 'incident'>,
  act: (lease: Lease) => Promise<Outcome>,
): Promise<Outcome> {
  const { operations, deadline, randomness, clock } = ports;
  const token = randomness.hex(8);
  const wanted = { holder: await context.actor(), token, ttlMs: leaseMs, isForced: false };
  const lease = await operations.lease('incident', wanted, deadline);
  if (lease.kind === 'taken') throw endingTaken(incident.id, lease.by.holder, lease.by.untilMs);
  const ended = new AbortController();
  const own = (): IncidentPorts['deadline'] => ownDeadline(clock, context.options.timeoutMs);
  void keepRenewed({ store: operations, clock, deadline: own }, 'incident', wanted, ended.signal);
  const letGo = async (): Promise<void> => {
    ended.abort(new Error('ended'));
    await operations.release('incident', token, own()).catch(() => undefined);
  };
  try {
    return await act({ token, letGo });
  } catch (error) {
    await letGo();
    throw error;
  }
}

/** Tells what was not told of an end, because whoever ended it was killed; and writes its story where that is wanted. */
async function tellRest(wanted: ToEnd, { letGo }: Lease): Promise<Outcome> {
  const { context, environment, ports, files } = wanted;
  const incident = await untoldIncident(ports);
  if (incident?.id !== wanted.incident.id) throw endedByOthers(wanted.incident.id);
  const by = incident.end?.by ?? '';
  await context.note(`incident ${incident.id} was ended by ${by}; what was left to be told of it is told now`);
  const known = await otherKnowledge(context, environment, ports, await keptPanics(ports));
  const story = await readStory(ports, incident, known);
  await writePages(context, environment, story, files);
  const notifications = await announceEnd(context, environment, ports, incident, letGo);
  return { view: incidentEndView({ story, back: null, files, notifications }, environment), exit: 'ok' };
}

async function finish(ended: Ended, wish: Wish, { token, letGo }: Lease): Promise<Outcome> {
  const { context, environment, ports, incident, mutation, files, seen } = ended;
  const isRestoring = wish === 'restore' && changesIn(seen.story.timeline).length > 0;
  if (isRestoring) {
    assertHere(seen.elsewhere);
    await noteRollout(ended);
  }
  const begun = isRestoring ? await beginEnding(ended, token) : (incident.ending ?? null);
  const back = isRestoring ? await takeBack(ended) : null;
  if (back !== null && !back.isDone) {
    await letGo();
    return { view: incidentEndView({ ...seen, back, files: null, notifications: [] }, environment), exit: 'unproven' };
  }
  const ending = { ...(await endingOf(ended, wish, back)), ...untoldOf(environment, mutation, incident) };
  context.deadline.extend(Math.max(0, 3000 - context.deadline.leftMs()));
  const story = await recordedEnd(ended, token, { ending, begun, back }).catch((error: unknown) => {
    throw ending.changeId === null ? error : afterWrite(error, ending.changeId);
  });
  await writePages(context, environment, story, files);
  const notifications = await announceEnd(context, environment, ports, story.incident, letGo);
  return { view: incidentEndView({ story, back, files, notifications }, environment), exit: 'ok' };
}

interface ToRecord {
  readonly ending: Ending;
  /** What an end began to take back, this one or one before it; `null`: none did. */
  readonly begun: BegunEnding | null;
  /** `null`: nothing was written since everything was looked at. */
  readonly back: WentBack | null;
}

/**
 * Records the end last: as long as anything else of it is left to be done the incident is open, and whoever ends it again
 * does the rest. Resolves with its whole story.
 */
async function recordedEnd(ended: Ended, token: string, { ending, begun, back }: ToRecord): Promise<IncidentStory> {
  const { context, environment, ports, incident } = ended;
  const { recorded, history, known } = back === null ? ended.seen : (await lookAt(ended)).seen;
  const panics = begun === null ? [] : await closeEnded(context, environment, recorded, begun.panics);
  const whole = panics.length === 0 ? ending : { ...ending, panics };
  const closed = await closeIncident(ports, { id: incident.id, token }, whole, recorded.stored);
  return storyOf(closed, history, known);
}

async function endingOf({ context, incident, seen }: Ended, wish: Wish, back: WentBack | null): Promise<Ending> {
  const { story, flags, known } = seen;
  const { timeline } = story;
  const by = await context.actor();
  const within = known.flips.filter(({ at }) => Date.parse(at) >= incident.start.atMs);
  const common = { by, flips: within, flags: back === null ? [] : flags.map(({ bucket }) => bucket) };
  if (back === null) {
    const outcome = wish === 'keep' && changesIn(timeline).length > 0 ? ('kept' as const) : ('unchanged' as const);
    return { ...common, outcome, changeId: null, verdict: null };
  }
  // An earlier try may have written what this one only had to prove.
  const earlier = timeline.findLast((item) => item.kind === 'change' && isWayBackOf(incident, item));
  const changeId = back.document?.written?.changeId ?? (earlier?.kind === 'change' ? earlier.changeId : null);
  const verdict = (back.document?.effect ?? back.flags.at(-1)?.effect)?.proof.verdict ?? null;
  // Or it has put flags back on another machine.
  const isRestored = changeId !== null || back.flags.length > 0 || (incident.ending?.flags ?? []).length > 0;
  return { ...common, outcome: isRestored ? 'restored' : 'unchanged', changeId, verdict };
}

/** What is written is written: that the incident could not be ended then is no conflict any more. */
function afterWrite(error: unknown, changeId: string): unknown {
  if (!(error instanceof RlctlError)) return error;
  const { message, code, hint } = error;
  return new RlctlError(
    'unproven',
    `change ${changeId} has taken everything back, but the end could not be recorded: ${message}`,
    {
      code,
      hint: hint ?? 'See: rlctl incident status',
      details: { changeId },
    },
  );
}

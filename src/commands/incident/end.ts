import { Option } from 'commander';
import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError, usageError } from '../../domain/errors.js';
import { endCommand, isWayBackOf, type Incident } from '../../domain/incident/incident.js';
import { changesIn } from '../../domain/incident/timeline.js';
import { isOnlyFound } from '../../domain/panic/ended-with.js';
import { isOpen, type Panic } from '../../domain/panic/panics.js';
import { changedMeanwhile, endingTaken, partlyBack } from '../../procedures/incident/refusals.js';
import { keepRenewed, leaseMs } from '../../procedures/operation/renewed-lease.js';
import { ownDeadline } from '../../procedures/runbook/own-deadline.js';
import type { FlagResult } from '../../procedures/shadow/change-flags.js';
import { closeIncident, theOpenIncident, type Ending, type IncidentPorts } from '../../procedures/incident/stored.js';
import { incidentEndPlanView, incidentEndView } from '../../ui/incident-end-view.js';
import { announce, type NotificationReport } from '../announce.js';
import { defineCommand, switchFlag, type Outcome } from '../command.js';
import { addMutationFlags, mutationInput, type MutationInput } from '../mutation.js';
import { announceEnded } from '../panic/announce-ended.js';
import { keepGone, keepOver, openPanics } from '../panic/kept.js';
import type { FlagChangeMade } from '../shadow/flags.js';
import { agreedToAll, plannedBack } from './agree.js';
import { isUnchanged, look, type Seen } from './look.js';
import { addPageFlags, pageFiles, pageFlags, writePages, type PageFiles } from './pages.js';
import { incidentPorts } from './ports.js';
import { endingPanics, endsWith } from './shown.js';
import { askWish, assertHere, type Wish } from './wish.js';
import { asEnd, takeDocumentBack, takeFlagsBack, type WentBack } from './way-back.js';

// The end of an incident: exactly what it changed goes back, proven, or stays; and its story is written down.

interface Ended {
  readonly context: Context;
  readonly environment: Environment;
  readonly ports: IncidentPorts;
  readonly incident: Incident;
  readonly mutation: MutationInput;
  readonly files: PageFiles;
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
    const incident = await theOpenIncident(ports);
    const files = await pageFiles(context, pages, incident.id);
    const seen = await look(context, environment, ports, incident);
    const ended = { context, environment, ports, incident, mutation, files, seen };
    if (mutation.isDryRun) return planned(ended, wish);
    const chosen = wish ?? (await askWish(context, environment, ports, seen));
    return underLease(ended, async (token) => finish(await agreed(ended, wish), chosen, token));
  },
});

/** What was done up to now. Who was asked agreed to what was shown, and to nothing that came in between. */
async function agreed(ended: Ended, wish: Wish | null): Promise<Ended> {
  const { context, environment, ports, incident, mutation } = ended;
  const seen = await look(context, environment, ports, incident);
  if (wish !== null) return { ...ended, seen };
  if (!isUnchanged(ended.seen.story, seen.story)) throw changedMeanwhile(incident.id);
  const ifRevision = mutation.ifRevision ?? seen.story.revision;
  return { ...ended, seen, mutation: { ...mutation, ifRevision } };
}

/** What would be taken back; with --keep nothing. */
async function planned(ended: Ended, wish: Wish | null): Promise<Outcome> {
  if (wish === 'keep')
    throw usageError(
      '--keep changes nothing, so --dry-run has nothing to show',
      'See what was changed: rlctl incident status',
    );
  const { context, environment, mutation, seen } = ended;
  const { document, flags } = await plannedBack(ended, mutation);
  const ends = await endsWith(context, environment, seen.story);
  const shown = { document: document.plan, flags, elsewhere: seen.elsewhere, ends };
  return { view: incidentEndPlanView(shown, document.environment), exit: 'ok' };
}

/** Two who end it at once would each write. Whoever is killed in it holds up nobody for longer than a lease lasts. */
async function underLease(
  { context, ports, incident }: Ended,
  act: (token: string) => Promise<Outcome>,
): Promise<Outcome> {
  const { operations, deadline, randomness, clock } = ports;
  const token = randomness.hex(8);
  const wanted = { holder: await context.actor(), token, ttlMs: leaseMs, isForced: false };
  const lease = await operations.lease('incident', wanted, deadline);
  if (lease.kind === 'taken') throw endingTaken(incident.id, lease.by.holder, lease.by.untilMs);
  const ended = new AbortController();
  const renewing = { store: operations, clock, deadline: () => ownDeadline(clock, context.options.timeoutMs) };
  void keepRenewed(renewing, 'incident', wanted, ended.signal);
  try {
    return await act(token);
  } finally {
    ended.abort(new Error('ended'));
    // Left behind, it runs out by itself.
    await operations.release('incident', token, deadline).catch(() => undefined);
  }
}

async function finish(ended: Ended, wish: Wish, token: string): Promise<Outcome> {
  const { context, environment, ports, incident, files } = ended;
  const { story } = ended.seen;
  const isRestoring = wish === 'restore' && changesIn(story.timeline).length > 0;
  if (isRestoring) assertHere(ended.seen.elsewhere);
  const panics = isRestoring ? [openPanics(context, environment), endingPanics(context, environment, story)] : [];
  const [open = [], promised = []] = await Promise.all(panics.map(orNone));
  const back = isRestoring ? await takeBack(ended) : null;
  if (back !== null && !back.isDone)
    return { view: incidentEndView({ story, back, files: null, notifications: [] }, environment), exit: 'unproven' };
  const ending = await endingOf(ended, wish, back);
  context.deadline.extend(Math.max(0, 3000 - context.deadline.leftMs()));
  const closed = await closeIncident(ports, incident.id, token, ending).catch((error: unknown) => {
    throw ending.changeId === null ? error : afterWrite(error, ending.changeId);
  });
  const over = back === null ? [] : await closeEnded(ended, { open, promised });
  const { story: told } = await look(context, environment, ports, closed);
  await writePages(context, environment, told, files);
  const notifications = await announceEnd(ended, closed, ending, over);
  return { view: incidentEndView({ story: told, back, files, notifications }, environment), exit: 'ok' };
}

/**
 * A panic whose changes went back with the incident is over, on every machine: also where it would go on standing on what it
 * found, which stays as it is. Where that cannot be kept it is said, and what stands tells of the others.
 */
async function closeEnded(
  { context, environment }: Ended,
  { open, promised }: { readonly open: readonly Panic[]; readonly promised: readonly Panic[] },
): Promise<readonly Panic[]> {
  const isOneOf = (panics: readonly Panic[], panic: Panic): boolean => panics.some(({ id }) => id === panic.id);
  const panics = await orNone(keepGone(context, environment));
  const over = panics.filter((each) => !isOpen(each) && isOneOf(open, each));
  for (const panic of panics) {
    if (!isOpen(panic) || !isOneOf(promised, panic) || !isOnlyFound(panic)) continue;
    if (await keepOver(context, environment, panic)) over.push(panic);
  }
  return over;
}

async function takeBack(ended: Ended): Promise<WentBack> {
  const { context, environment, incident, seen } = ended;
  const isInDocument = seen.story.timeline.some(({ kind }) => kind === 'change' || kind === 'foreign');
  const parts = (isInDocument ? 1 : 0) + new Set(seen.flags.map(({ isOn }) => isOn)).size;
  // One part is asked about where it is made; of several, nothing is written before all of them are agreed to.
  const mutation = parts > 1 ? await agreedToAll(ended) : ended.mutation;
  const made = isInDocument ? await takeDocumentBack(context, incident, mutation) : null;
  const document = made?.kind === 'made' ? made.result : null;
  const results: FlagResult[] = [];
  const onMade = (each: FlagChangeMade): void => void (each.kind === 'made' && results.push(each.result));
  await takeFlagsBack(context, environment, { ...seen, incident }, asEnd(mutation, incident), onMade).catch(
    (error: unknown) => {
      const changeId = document?.written?.changeId ?? null;
      if (!(error instanceof RlctlError) || (changeId === null && results.length === 0)) throw error;
      const done = results.flatMap(({ plan }) => plan.flags.map(({ bucket }) => bucket.name));
      const left = seen.flags.map(({ bucket }) => bucket).filter((bucket) => !done.includes(bucket));
      throw partlyBack({ changeId, done, left }, error);
    },
  );
  const isDone = (document?.exit ?? 'ok') === 'ok' && results.every(({ exit }) => exit === 'ok');
  return { document, flags: results, isDone };
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
  const isRestored = changeId !== null || back.flags.length > 0;
  return { ...common, outcome: isRestored ? 'restored' : 'unchanged', changeId, verdict };
}

/** Panics where they can be told: what is taken back does not depend on them. */
async function orNone(panics: Promise<readonly Panic[]>): Promise<readonly Panic[]> {
  return panics.catch((error: unknown) => {
    if (error instanceof RlctlError) return [];
    throw error;
  });
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

/** The panics that ended with it first, then the incident. */
async function announceEnd(
  { context, environment, mutation }: Ended,
  incident: Incident,
  { by, outcome, changeId, verdict }: Ending,
  over: readonly Panic[],
): Promise<readonly NotificationReport[]> {
  if (mutation.isTelling === false) return [];
  const { reason, ticket } = asEnd(mutation, incident);
  const part = { kind: 'incident' as const, id: incident.id };
  const end = { command: endCommand, isLeft: false, changeId, verdict, reason, ticket, incident: part };
  const panics = over.map((panic) => announceEnded(context, environment, panic, end));
  const words = {
    restored: 'its changes were taken back',
    kept: 'its changes were kept',
    unchanged: 'nothing was to be taken back',
  };
  const ended = announce(context, environment, {
    kind: 'incident',
    event: 'incident.ended',
    changeId,
    command: endCommand,
    summary: `${by} ended incident ${incident.id} (${incident.title}): ${words[outcome]}`,
    routes: [],
    verdict,
    reason: incident.title,
    ticket: incident.ticket,
    partOf: [part],
  });
  return (await Promise.all([...panics, ended])).flat();
}

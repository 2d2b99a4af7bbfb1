import type { Environment } from '../domain/config/environment.js';
import type { RlctlError } from '../domain/errors.js';
import type { Expiry, PendingEnd } from '../domain/override/expiry.js';
import { addressed } from '../domain/printed-command.js';
import { shellWords } from '../domain/shell-words.js';
import type { ExpiryRound } from '../procedures/override/expire.js';
import type { ChangePlan } from '../procedures/override/plan.js';
import { changeText } from './author-text.js';
import { changeView, planView, wayBack } from './change-view.js';
import { addressedEffect, effectJson, proofText, reloadText } from './proof-view.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import { isoTime, relativeTime } from './time.js';
import type { View } from './view.js';

/** What one run of `override expire` came to. */
export function expiryView(round: ExpiryRound, environment: Environment): View {
  const made = changeOf(round, environment);
  return {
    kind: 'OverrideExpiry',
    data: { environment: environment.name, ...expiryJson(round, environment), change: made?.data ?? null },
    human: async (theme) =>
      [
        ...round.ended.map((each) => overText(each, round)),
        ...(made === null ? idleLines(round) : [await made.human(theme)]),
        ...madeUpLines(round, environment, theme),
        ...round.skipped.map((each) => skippedText(each, environment, theme)),
        ...(round.beatError === null ? [] : [theme.warn(beatText(round.beatError))]),
      ].join('\n'),
  };
}

/** The change that was made, or with --dry-run would be; `null`: none. */
function changeOf({ change, plan }: ExpiryRound, environment: Environment): View | null {
  if (change !== null) return changeView(change, environment);
  return plan.isNoop ? null : planView(plan, environment);
}

/** The fields of a run, for programs. */
function expiryJson(round: ExpiryRound, environment: Environment): Readonly<Record<string, unknown>> {
  const [next] = round.pending;
  return {
    ended: round.ended.map((each) => ({ ...endJson(each), wrote: each.wrote, restored: each.previous.value })),
    skipped: round.skipped.map((each) => ({
      ...endJson(each),
      base: each.wrote,
      theirs: each.conflict.found,
      mine: each.previous.value,
      hint: skippedHint(each, environment),
    })),
    pending: round.pending.length,
    next: next === undefined ? null : endJson(next),
    madeUpFor: round.madeUpFor === null ? null : effectJson(addressedEffect(round.madeUpFor, environment.address)),
    heartbeat: { isLeft: round.beatError === null, error: round.beatError?.message ?? null },
  };
}

function endJson({ route, untilMs, metadata }: PendingEnd) {
  const { changeId, actor, reason, ticket } = metadata;
  return { route, until: isoTime(untilMs), changeId, actor, reason, ticket };
}

/** `"/api/search" was to end 3s ago; set 2h ago by ana@laptop: flash sale [INC-42]` */
function overText({ route, untilMs, metadata }: PendingEnd, { plan }: ExpiryRound): string {
  const { serverTimeMs } = plan.stored;
  const set = changeText(metadata, metadata.atMs, serverTimeMs);
  return `${routeText(route)} was to end ${relativeTime(untilMs, serverTimeMs)}; set ${set}`;
}

function idleLines({ pending: [next], plan, skipped }: ExpiryRound): readonly string[] {
  const what = skipped.length > 0 ? 'nothing else is due' : 'nothing is due';
  return [next === undefined ? `${what}, and nothing else is to end` : `${what}; ${nextText(next, plan)}`];
}

function nextText({ route, untilMs }: PendingEnd, { stored }: ChangePlan): string {
  return `next: ${routeText(route)} at ${isoTime(untilMs)} (${relativeTime(untilMs, stored.serverTimeMs)})`;
}

function madeUpLines({ madeUpFor }: ExpiryRound, { address }: Environment, theme: Theme): readonly string[] {
  if (madeUpFor === null) return [];
  const effect = addressedEffect(madeUpFor, address);
  return [
    'an earlier run took ends back, and its reload is not known to have come to the servers; sent now:',
    reloadText(effect, theme),
    proofText(effect.proof, theme),
  ];
}

type Skipped = Expiry['skipped'][number];

function skippedText(each: Skipped, environment: Environment, theme: Theme): string {
  const text = `${routeText(each.route)} was to end at ${isoTime(each.untilMs)}, and is left alone: ${each.conflict.why}`;
  return [
    theme.warn(text),
    `    written  ${rawText(each.wrote)}`,
    `    now      ${rawText(each.conflict.found)}`,
    `    before   ${rawText(each.previous.value)}`,
    `${theme.accent('hint:')}  ${term(skippedHint(each, environment))}`,
  ].join('\n');
}

function skippedHint({ route, conflict }: Skipped, { address }: Environment): string {
  const set = shellWords(['rlctl', 'override', 'set', route, '--rate', 'N', '--permanent']);
  const keep = conflict.found === null ? shellWords(['rlctl', 'override', 'unset', route]) : set;
  return addressed(
    `somebody changed it past rlctl. Say what is to stay: ${keep}; its end is cancelled by that`,
    address,
  );
}

function rawText(raw: string | null): string {
  return raw === null ? '(no entry)' : term(raw);
}

function routeText(route: string): string {
  return term(JSON.stringify(route));
}

function beatText(error: RlctlError): string {
  return `others will not know that this ran: ${term(error.message)}`;
}

/** Something that happened while watching. */
export type ExpiryEvent =
  | { readonly kind: 'started' | 'stopped'; readonly everySeconds: number }
  | { readonly kind: 'expired' | 'reload' | 'skipped' | 'next'; readonly round: ExpiryRound }
  | { readonly kind: 'failed'; readonly error: RlctlError }
  | { readonly kind: 'recovered' };

/** One event of `override expire --watch`. */
export function expiryEventView(event: ExpiryEvent, environment: Environment, nowMs: number): View {
  const at = isoTime(nowMs);
  return {
    kind: 'OverrideExpiryEvent',
    data: { environment: environment.name, event: event.kind, at, ...eventJson(event, environment) },
    human: async (theme) => `${theme.dim(at ?? '')}  ${await eventText(event, environment, theme)}`,
  };
}

function eventJson(event: ExpiryEvent, environment: Environment): Readonly<Record<string, unknown>> {
  if ('everySeconds' in event) return { everySeconds: event.everySeconds };
  if (event.kind === 'failed') {
    const { code, message, hint } = event.error;
    return { code, message, hint: hint === undefined ? null : addressed(hint, environment.address) };
  }
  if (event.kind === 'recovered') return {};
  if (event.kind === 'next') {
    const [next] = event.round.pending;
    return { next: next === undefined ? null : endJson(next), pending: event.round.pending.length };
  }
  const change = changeOf(event.round, environment);
  return { ...expiryJson(event.round, environment), change: change?.data ?? null };
}

async function eventText(event: ExpiryEvent, environment: Environment, theme: Theme): Promise<string> {
  switch (event.kind) {
    case 'started':
      return `watching ${term(environment.name)}, every ${event.everySeconds} s; Ctrl-C ends it`;
    case 'stopped':
      return 'stopped';
    case 'recovered':
      return theme.good('it works again');
    case 'failed':
      return theme.bad(`failed, and goes on: ${term(event.error.message)}`);
    case 'expired':
      return [
        ...event.round.ended.map((each) => endedText(each, event.round)),
        ...unprovenLines(event.round, environment, theme),
      ].join('\n');
    case 'reload':
      return madeUpLines(event.round, environment, theme).join('\n');
    case 'next': {
      const { pending, plan } = event.round;
      return pending[0] === undefined ? 'nothing else is to end' : nextText(pending[0], plan);
    }
    case 'skipped':
      return event.round.skipped.map((each) => skippedText(each, environment, theme)).join('\n');
  }
}

/** Which instance it was and what to do about it: no later look sends that reload again. */
function unprovenLines({ change }: ExpiryRound, environment: Environment, theme: Theme): readonly string[] {
  if (change === null || change.exit === 'ok') return [];
  const { proof } = addressedEffect(change.effect, environment.address);
  const hint = wayBack(change, environment);
  return [
    `    ${theme.warn(term(proof.diagnosis))}`,
    ...(hint === null ? [] : [`${theme.accent('hint:')}  ${term(hint)}`]),
  ];
}

function endedText({ route, wrote, previous }: PendingEnd, { change }: ExpiryRound): string {
  const verdict = change === null ? '' : `; ${change.effect.proof.verdict}`;
  return `ended  ${routeText(route)}  ${rawText(wrote)} → ${rawText(previous.value)}  change ${change?.written?.changeId ?? '-'}${verdict}`;
}

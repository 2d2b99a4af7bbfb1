import { counted } from '../../domain/counted.js';
import { formatDuration } from '../../domain/duration.js';
import { isDocumentGone } from '../../domain/override/document-gone.js';
import { isAttended, periodMs } from '../../domain/override/heartbeat.js';
import { takeBackEnds, type PendingEnd } from '../../domain/override/expiry.js';
import { quoteOutside } from '../../domain/outside-text.js';
import { shellWords } from '../../domain/shell-words.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import type { ListedOverride, OverrideListing } from './inspect.js';
import { attendCure, unattended } from './plan-end.js';

/** Something about an end: `status` and `doctor` tell the same. */
export interface EndFinding {
  readonly code: 'OVERRIDE_OVERDUE' | 'SHADOW_FORGOTTEN' | 'ENDS_UNATTENDED';
  /** The prefix; `null`: more than one. */
  readonly prefix: string | null;
  readonly message: string;
  readonly cure: string;
}

const forgottenMs = 7 * 86_400_000;
const expire = 'rlctl override expire';

/** Of a document that is there, what should have ended and did not; what will not; and shadow without an end that nobody thinks of any more. */
export function endFindings(listing: OverrideListing): readonly EndFinding[] {
  if (isDocumentGone(listing.stored)) return [];
  return [...overdueFindings(listing), ...unattendedFindings(listing), ...forgottenFindings(listing)];
}

function overdueFindings(listing: OverrideListing): readonly EndFinding[] {
  const { serverTimeMs } = listing.stored;
  const overdue = overdueOf(listing);
  const leftAlone = new Map(
    takeBackEnds(listing.document, overdue).skipped.map(({ route, conflict }) => [route, conflict.found]),
  );
  return overdue.map(({ route, untilMs }) => ({
    code: 'OVERRIDE_OVERDUE',
    prefix: route,
    message: `${named(route)} was to end ${formatDuration(serverTimeMs - untilMs)} ago, at ${new Date(untilMs).toISOString()}, and still stands`,
    cure: overdueCure(route, leftAlone.get(route)),
  }));
}

/** `found`: what stands there of a route that `expire` leaves alone (`null`: no entry); `undefined`: it takes it back. */
function overdueCure(route: string, found: string | null | undefined): string {
  if (found === undefined) return `Take it back with: ${expire}`;
  const keep =
    found === null
      ? ['rlctl', 'override', 'unset', route]
      : ['rlctl', 'override', 'set', route, '--rate', 'N', '--permanent'];
  return `somebody changed it past rlctl, so "${expire}" leaves it alone. Say what is to stay: ${shellWords(keep)}; its end is cancelled by that`;
}

/** Everything that is to end by itself, the soonest first. */
function endsOf({ overrides, removed }: OverrideListing): readonly PendingEnd[] {
  const ends = [...overrides.flatMap(({ end }) => (end === null ? [] : [end])), ...removed];
  return ends.sort((a, b) => a.untilMs - b.untilMs);
}

/** What is over; where somebody looks regularly, only what the last look should have found. */
function overdueOf(listing: OverrideListing): readonly PendingEnd[] {
  const { serverTimeMs } = listing.stored;
  return endsOf(listing).filter(({ untilMs }) => untilMs + graceMs(listing.stored) <= serverTimeMs);
}

function graceMs({ heartbeat, serverTimeMs }: StoredOverrides): number {
  if (heartbeat === null || heartbeat === 'unknown' || !isAttended(heartbeat, serverTimeMs)) return 0;
  return periodMs(heartbeat) ?? 0;
}

function unattendedFindings(listing: OverrideListing): readonly EndFinding[] {
  const { heartbeat, serverTimeMs } = listing.stored;
  const pending = endsOf(listing).filter(({ untilMs }) => untilMs > serverTimeMs);
  const why = unattended(heartbeat, serverTimeMs);
  if (pending.length === 0 || why === null) return [];
  const what = `${counted(pending.length, 'override')} to end by ${pending.length === 1 ? 'itself' : 'themselves'}`;
  return [{ code: 'ENDS_UNATTENDED', prefix: null, message: `${what}: ${why}`, cure: attendCure }];
}

function forgottenFindings({ overrides, stored }: OverrideListing): readonly EndFinding[] {
  return overrides.filter((each) => isForgotten(each, stored.serverTimeMs)).map((each) => forgotten(each, stored));
}

function isForgotten({ loaded, metadata, end, isChangedPast }: ListedOverride, nowMs: number): boolean {
  if (loaded?.fields?.isShadow !== true || metadata === null || end !== null || isChangedPast) return false;
  return nowMs - metadata.atMs > forgottenMs;
}

function forgotten({ prefix, metadata }: ListedOverride, { serverTimeMs }: StoredOverrides): EndFinding {
  const { atMs = 0, actor = '' } = metadata ?? {};
  const off = shellWords(['rlctl', 'shadow', 'off', '--route', prefix]);
  return {
    code: 'SHADOW_FORGOTTEN',
    prefix,
    message: `${named(prefix)} has been in shadow for ${formatDuration(serverTimeMs - atMs)} without an end, since ${quoteOutside(actor, 60)} put it there: it blocks nobody`,
    cure: `Let it block again: ${off}; the next time give it an end with --for`,
  };
}

function named(prefix: string): string {
  return JSON.stringify(quoteOutside(prefix, 80));
}

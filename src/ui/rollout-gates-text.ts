import { formatDuration } from '../domain/duration.js';
import {
  gateInWords,
  gateLimitText,
  gateValueText,
  isBlind,
  openTexts,
  type GateReading,
  type GateReport,
} from '../domain/rollout/gates.js';
import { currentRecord, currentStage, type RolloutState } from '../domain/rollout/state.js';
import { failedTexts } from './rollout-words.js';
import { condense, sparkline } from './sparkline.js';
import { renderTable } from './table.js';
import { term } from './term.js';
import { relativeTime } from './time.js';
import type { Theme } from './theme.js';

/**
 * What the gates of the stage say, with their numbers. `now`: what they say at this moment, `null` where nobody asked them.
 * Of a stage that has passed it is what they said then, unless one fails now: what comes after is no verdict on it.
 */
export async function gatesText(
  state: RolloutState,
  now: GateReport | null,
  nowMs: number,
  theme: Theme,
): Promise<readonly string[]> {
  const { judged } = currentRecord(state);
  if (now === null) return judged === null ? [] : lastGates(state, judged, nowMs, theme);
  const hasPassed = state.phase === 'passed' && judged !== null && now.verdict !== 'fail';
  return [
    hasPassed
      ? await reportText(state, judged, agoText(judged, nowMs), theme)
      : await reportText(state, now, null, theme),
  ];
}

const whenPassed = 'when it passed';

type Judged = GateReport & { readonly atMs: number };

/** What the gates said when the stage ended: why it was taken back is to be seen afterwards too. */
function lastGates(state: RolloutState, judged: Judged, nowMs: number, theme: Theme): readonly string[] {
  const { phase } = state;
  if (phase !== 'aborting' && phase !== 'aborted' && phase !== 'finished') return [];
  // Somebody took it back, or it passed all the same: what was open then is no reason for anything.
  const hasFailed = judged.verdict === 'fail';
  const before = hasFailed ? 'figures at which' : 'figures before';
  const when = {
    aborting: `${before} it is taken back`,
    aborted: `${before} it was taken back`,
    finished: whenPassed,
  }[phase];
  const failed = hasFailed ? failedTexts(judged) : [];
  const head = `gates of ${theme.bold(currentStage(state).name)}, ${when}, ${agoText(judged, nowMs)}`;
  return [[`${head}: ${verdictText(judged, theme)}`, ...failed.map((text) => `  ${term(text)}`)].join('\n')];
}

/** What was said a moment ago is not what is so now. */
function agoText({ atMs }: Judged, nowMs: number): string {
  const ago = relativeTime(atMs, nowMs);
  return ago === 'now' ? 'just now' : ago;
}

function verdictText({ verdict }: Pick<GateReport, 'verdict'>, theme: Theme): string {
  const paint = { pass: theme.good, fail: theme.bad, inconclusive: theme.warn }[verdict];
  return paint(theme.bold(verdict.toUpperCase()));
}

const courseWidth = 20;

/** `when`: when they said so; `null`: now. */
async function reportText(state: RolloutState, report: GateReport, when: string | null, theme: Theme): Promise<string> {
  const { readings, windowMs } = report;
  const over = when === null ? `last ${formatDuration(windowMs)}` : `${whenPassed}, ${when}`;
  const head = `gates of ${theme.bold(currentStage(state).name)}, ${over}: ${verdictText(report, theme)}`;
  if (isBlind(report)) return [head, ...blindText(report, theme)].join('\n');
  const hasCourse = readings.some(({ course }) => course.some((value) => value !== null));
  const rows = readings.map((reading) => [
    markOf(reading, theme),
    term(reading.bucket),
    gateInWords(reading.gate),
    nowText(reading, theme),
    gateLimitText(reading.gate, reading.limit),
    ...(hasCourse ? [courseText(reading, theme)] : []),
  ]);
  const columns = [
    { title: ' ' },
    { title: 'BUCKET' },
    { title: 'GATE' },
    { title: when === null ? 'NOW' : 'THEN', align: 'right' as const },
    { title: 'ALLOWED' },
    ...(hasCourse ? [{ title: 'COURSE' }] : []),
  ];
  return [head, await renderTable(columns, rows, theme), ...remarksText(report, theme)].join('\n');
}

/** Ten rows without a number tell less than why there is none, and what that means for whoever relies on the gates. */
function blindText(report: GateReport, theme: Theme): readonly string[] {
  const what = report.doubts.length === 0 ? openTexts(report) : report.doubts;
  return [
    ...what.map((why) => `${theme.warn('!')} ${term(why)}`),
    'without figures nothing passes, and nothing is taken back by itself,',
    'however much is refused: look at that in another way',
  ];
}

function markOf({ verdict }: GateReading, theme: Theme): string {
  return { pass: theme.good('✓'), fail: theme.bad('✗'), inconclusive: theme.warn('?') }[verdict];
}

function nowText({ gate, value, verdict }: GateReading, theme: Theme): string {
  const text = gateValueText(gate, value);
  if (value === null) return theme.dim(text);
  return { pass: text, fail: theme.bad(text), inconclusive: theme.warn(text) }[verdict];
}

/** The course of a share; red where it stood above what is allowed. */
function courseText({ course, limit }: GateReading, theme: Theme): string {
  const values = condense(course, courseWidth);
  return sparkline(values)
    .map((bar, index) => ((values[index] ?? 0) > limit ? theme.bad(bar) : bar))
    .join('');
}

/** Each reason once, with the buckets that it holds for. */
function remarksText({ readings, doubts }: GateReport, theme: Theme): readonly string[] {
  const notes = new Map<string, Set<string>>();
  for (const { note, bucket, verdict } of readings) {
    if (note === null || verdict === 'pass') continue;
    notes.set(note, (notes.get(note) ?? new Set()).add(bucket));
  }
  return [
    ...[...notes].map(([note, buckets]) => theme.dim(`${term([...buckets].join(', '))}: ${term(note)}`)),
    ...doubts.map((doubt) => `${theme.warn('!')} ${term(doubt)}`),
  ];
}

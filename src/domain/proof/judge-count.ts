import { counted } from '../counted.js';
import type { ReloadReport } from '../control-plane.js';
import { quoteOutside } from '../outside-text.js';
import type { LoadedOverrides } from '../policy/matching.js';
import type { Observations } from './observations.js';
import type { Evidence } from './proof.js';

/** How a count stands to what Redis explains: anything from the usable entries to all that are objects. */
export type CountStanding = 'explained' | 'none' | 'fewer' | 'more' | 'unsaid';

/** How one report's count stands to the stored document. `none`: nothing is held although something is stored. */
export function standingOf(
  { overridesCount }: ReloadReport,
  { usableCount, objectCount }: LoadedOverrides,
): CountStanding {
  if (overridesCount === null) return 'unsaid';
  if (overridesCount > objectCount) return 'more';
  if (overridesCount >= usableCount) return 'explained';
  return overridesCount === 0 ? 'none' : 'fewer';
}

/** True where some of these answers say that the limiter is off. */
export function isLimiterOff(reports: readonly ReloadReport[]): boolean {
  return reports.some(({ isEnabled }) => isEnabled === false);
}

const source = 'POST /config/reload';

/** What the counts and the listed prefixes of these reports show. */
export function judgeReports(loaded: LoadedOverrides, reports: readonly ReloadReport[]): readonly Evidence[] {
  if (loaded.droppedBecause !== null) {
    const drops = reports.length > 0 ? 'so it drops every override' : 'so its next reload drops every override';
    const text = `the stored document is not what the server can read (${quoteOutside(loaded.droppedBecause)}), ${drops}`;
    return [{ subject: 'count', verdict: 'contradicted', text, source: 'the stored document', route: null }];
  }
  return [...countEvidence(loaded, reports), ...listEvidence(loaded, reports)];
}

function countEvidence(loaded: LoadedOverrides, reports: readonly ReloadReport[]): Evidence[] {
  const counts = [...new Set(reports.map(({ overridesCount }) => overridesCount))];
  return counts.map((count) => {
    const told = reports.filter(({ overridesCount }) => overridesCount === count);
    const standing = told[0] === undefined ? 'unsaid' : standingOf(told[0], loaded);
    const who = whichReloads(told.length, reports.length);
    return { subject: 'count', source, route: null, ...countLine(standing, count ?? 0, who, loaded) };
  });
}

/** `each of 4 reloads` is no number of workers: several may have met the same one. */
function whichReloads(told: number, all: number): string {
  if (all === 1) return 'the reload';
  return told === all ? `each of ${all} reloads` : `${told} of ${all} reloads`;
}

function countLine(
  standing: CountStanding,
  count: number,
  who: string,
  loaded: LoadedOverrides,
): Pick<Evidence, 'verdict' | 'text'> {
  const range = rangeInWords(loaded);
  if (standing === 'unsaid') return { verdict: 'neutral', text: `${who} gave no count of overrides` };
  if (standing === 'explained' && count === 0) {
    const text = `${who} counted 0 overrides, and none is stored; that does not show that Redis is read`;
    return { verdict: 'proven', text };
  }
  if (standing === 'explained')
    return { verdict: 'proven', text: `${who} counted ${counted(count, 'override')}, as Redis explains (${range})` };
  const relation = standing === 'more' ? 'more than' : 'fewer than';
  return {
    verdict: 'contradicted',
    text: `${who} counted ${counted(count, 'override')}, ${relation} Redis explains (${range})`,
  };
}

function rangeInWords({ usableCount, objectCount }: LoadedOverrides): string {
  if (usableCount === objectCount) return String(objectCount);
  return `${usableCount} to ${objectCount}: it may count the entries that it skips`;
}

function listEvidence(loaded: LoadedOverrides, reports: readonly ReloadReport[]): Evidence[] {
  const listed = reports.flatMap(({ overridePrefixes }) => (overridePrefixes === null ? [] : [overridePrefixes]));
  const faults = [...new Set(listed.map((list) => listFault(loaded, list)))];
  return faults.map((fault) => ({
    subject: 'prefixes',
    verdict: fault === null ? 'proven' : 'contradicted',
    text: fault ?? 'the server lists exactly the stored prefixes, in their order',
    source,
    route: null,
  }));
}

/** What the policy endpoint lists, where no reload has listed it: every answer's own list of active prefixes. */
export function judgeLists({ loaded, reports, changed, sample }: Observations): readonly Evidence[] {
  if (reports.length > 0 || loaded.droppedBecause !== null) return [];
  const lists = [...changed, ...sample].flatMap(({ answers, source: where }) =>
    answers.flatMap(({ activeOverrides }) => (activeOverrides === undefined ? [] : [{ activeOverrides, where }])),
  );
  const [first] = lists;
  // A list that is wrong is told with the prefix that was asked for.
  if (first === undefined || lists.some(({ activeOverrides }) => listFault(loaded, activeOverrides) !== null))
    return [];
  const what =
    loaded.objectCount === 0 ? 'no override, and none is stored' : 'exactly the stored prefixes, in their order';
  return [
    { subject: 'prefixes', verdict: 'proven', text: `the server lists ${what}`, source: first.where, route: null },
  ];
}

/** What is wrong with a list of active prefixes; `null`: it holds every usable stored one, no other, in their order. */
export function listFault(loaded: LoadedOverrides, listed: readonly string[]): string | null {
  if (listsAll(loaded, listed)) return null;
  const { entries } = loaded;
  const stored = new Set(entries.map(({ prefix }) => prefix));
  const foreign = listed.find((prefix) => !stored.has(prefix));
  if (foreign !== undefined) return `the server lists "${quoteOutside(foreign)}", which is not stored in Redis`;
  const present = new Set(listed);
  const missing = entries.find(({ prefix, fields }) => fields !== null && !present.has(prefix));
  if (missing !== undefined) return `the server does not list "${quoteOutside(missing.prefix)}"`;
  const expected = entries.filter(({ prefix }) => present.has(prefix));
  const misplaced = expected.find(({ prefix }, index) => listed[index] !== prefix);
  return misplaced === undefined ? null : `the server lists "${quoteOutside(misplaced.prefix)}" in another place`;
}

/** True for the usual list, which holds exactly what is stored: told without a set of every prefix for each of many answers. */
function listsAll({ entries }: LoadedOverrides, listed: readonly string[]): boolean {
  return listed.length === entries.length && entries.every(({ prefix }, index) => listed[index] === prefix);
}

/** True where the server lists a prefix that is not stored: it has overrides from elsewhere. */
export function listsForeignPrefix({ loaded, reports, changed, sample }: Observations): boolean {
  const lists = [
    ...reports.map(({ overridePrefixes }) => overridePrefixes ?? []),
    ...[...changed, ...sample].flatMap(({ answers }) => answers.map(({ activeOverrides }) => activeOverrides ?? [])),
  ];
  const unusual = lists.filter((list) => list.length > 0 && !listsAll(loaded, list));
  if (unusual.length === 0) return false;
  const stored = new Set(loaded.entries.map(({ prefix }) => prefix));
  return unusual.some((list) => list.some((prefix) => !stored.has(prefix)));
}

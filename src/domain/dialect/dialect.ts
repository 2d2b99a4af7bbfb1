import type { MetricLabels } from '../proof/proof.js';

/**
 * What a server of an environment was seen to do, and when. A memory, never an assumption: it decides what is tried first
 * and what a verdict may mention, and every write checks anew what it relies on.
 */
export interface Detected {
  readonly basePath: string;
  /** The signing profile it accepted; `null`: no reload was seen. */
  readonly profile: string | null;
  /** When anything was seen last, RFC 3339. */
  readonly at: string;
  /** Whether it reads overrides from Redis; `null`: not seen. */
  readonly readsOverrides: boolean | null;
  /** Whether overrides are enforced and not only shown; `null`: not seen. */
  readonly enforcesOverrides: boolean | null;
  /** Whether bucket flags move without a restart; `null`: not seen. */
  readonly movesFlags: boolean | null;
  /** At least so many processes answered; `null`: nothing told one from another. */
  readonly workersSeen: number | null;
  /** How its metrics spell their labels; `null`: not seen. */
  readonly metricLabels: MetricLabels | null;
  /** The key, after the namespace, that it was seen to read overrides from; `null`: not seen. */
  readonly keyLayout: string | null;
  /** How its cells, locks and idempotency keys are spelled after the namespace; `null`: none was seen. */
  readonly keySpelling: string | null;
  /** When each trait was seen last, RFC 3339; absent: as `at`. */
  readonly seenAt: Readonly<Partial<Record<TraitName, string>>>;
}

/** One thing by which servers of this family differ. */
export type TraitName = Exclude<keyof Detected, 'at' | 'seenAt'>;

/** What was seen just now; a trait that is absent or `null` was not. */
export type Signs = Readonly<Partial<Pick<Detected, TraitName>>>;

/** A trait as people read it. */
export interface Trait {
  readonly name: TraitName;
  /** `signing profile` */
  readonly title: string;
  /** `accepts the empty signature` */
  readonly text: string;
  readonly value: string | number | boolean;
  /** When it was seen last, RFC 3339. */
  readonly at: string;
}

/** The name of the trait, and what its value says. */
const traitTexts: Readonly<Record<TraitName, readonly [title: string, text: (value: unknown) => string]>> = {
  basePath: ['base path', (value) => `answers under ${String(value)}`],
  profile: ['signing', (value) => `accepts the ${String(value)} signature`],
  readsOverrides: ['overrides', (value) => `${value === true ? 'reads' : 'does not read'} overrides from Redis`],
  enforcesOverrides: [
    'enforcement',
    (value) => (value === true ? 'enforces overrides' : 'shows overrides but does not enforce them'),
  ],
  movesFlags: [
    'bucket flags',
    (value) => (value === true ? 'moves flags at run time' : 'moves flags only by a restart'),
  ],
  workersSeen: ['workers', (value) => `at least ${String(value)} processes answered`],
  metricLabels: ['metric labels', (value) => `spells metric labels as ${String(value)}`],
  keyLayout: ['override key', (value) => `reads NAMESPACE:${String(value)}`],
  keySpelling: ['other keys', (value) => `keeps ${String(value)} after the namespace`],
};

export const traitNames = Object.keys(traitTexts) as readonly TraitName[];

/** Everything that is remembered of a server, one line each: what `env show` and `doctor` show. */
export function traitsOf(detected: Detected): readonly Trait[] {
  return traitNames.flatMap((name) => {
    const value = detected[name];
    if (value === null) return [];
    const [title, text] = traitTexts[name];
    return [{ name, title, text: text(value), value, at: detected.seenAt[name] ?? detected.at }];
  });
}

/**
 * A date is news again after this time: what was seen last may be so much later than its date says. An incident, with a
 * reload every few seconds, writes no more often than that.
 */
export const seenToMs = 5 * 60_000;

/**
 * The memory with what was seen just now; `at` is now, RFC 3339. `null`: nothing is worth writing, because all of it is
 * known and was seen within the last minutes, or because not even where it answers was seen.
 */
export function rememberSigns(before: Detected | null, signs: Signs, at: string): Detected | null {
  const seen = traitNames.filter(
    (name) => signs[name] !== undefined && signs[name] !== null && !isFewer(before, signs, name, at),
  );
  const basePath = signs.basePath ?? before?.basePath;
  if (basePath === undefined) return null;
  const isNews = seen.some((name) => before?.[name] !== signs[name] || isOld(before, name, at));
  if (!isNews) return null;
  const known = before ?? nothingSeen(basePath, at);
  const values = Object.fromEntries(seen.map((name) => [name, signs[name]]));
  const dates = Object.fromEntries(seen.map((name) => [name, at]));
  const old =
    before === null ? {} : Object.fromEntries(traitNames.map((name) => [name, before.seenAt[name] ?? before.at]));
  const merged = { ...known, ...values, at, seenAt: { ...old, ...dates } };
  return { ...merged, seenAt: onlySeen(merged) };
}

/** Which processes answer is chance: fewer than were seen today say nothing against those. */
const workersHoldMs = 24 * 60 * 60_000;

function isFewer(before: Detected | null, { workersSeen }: Signs, name: TraitName, at: string): boolean {
  if (name !== 'workersSeen' || before?.workersSeen == null || typeof workersSeen !== 'number') return false;
  const seenAt = before.seenAt.workersSeen ?? before.at;
  return workersSeen < before.workersSeen && Date.parse(at) - Date.parse(seenAt) < workersHoldMs;
}

function isOld(before: Detected | null, name: TraitName, at: string): boolean {
  return before === null || Date.parse(at) - Date.parse(before.seenAt[name] ?? before.at) >= seenToMs;
}

function onlySeen(detected: Detected): Detected['seenAt'] {
  return Object.fromEntries(Object.entries(detected.seenAt).filter(([name]) => detected[name as TraitName] !== null));
}

function nothingSeen(basePath: string, at: string): Detected {
  return {
    basePath,
    profile: null,
    at,
    readsOverrides: null,
    enforcesOverrides: null,
    movesFlags: null,
    workersSeen: null,
    metricLabels: null,
    keyLayout: null,
    keySpelling: null,
    seenAt: {},
  };
}

/** Reads a kept record, of this version or an older one; `null`: it is none. */
export function parseDetected(value: Readonly<Record<string, unknown>>): Detected | null {
  const { basePath, at } = value;
  if (typeof basePath !== 'string' || typeof at !== 'string' || Number.isNaN(Date.parse(at))) return null;
  const truth = (name: TraitName): boolean | null => (typeof value[name] === 'boolean' ? value[name] : null);
  const text = (name: TraitName): string | null => (typeof value[name] === 'string' ? value[name] : null);
  const { workersSeen, metricLabels, seenAt } = value;
  return {
    basePath,
    profile: text('profile'),
    at,
    readsOverrides: truth('readsOverrides'),
    enforcesOverrides: truth('enforcesOverrides'),
    movesFlags: truth('movesFlags'),
    workersSeen: typeof workersSeen === 'number' && Number.isInteger(workersSeen) ? workersSeen : null,
    metricLabels: metricLabels === 'documented' || metricLabels === 'deployed' ? metricLabels : null,
    keyLayout: text('keyLayout'),
    keySpelling: text('keySpelling'),
    seenAt: datesOf(seenAt),
  };
}

function datesOf(value: unknown): Detected['seenAt'] {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return Object.fromEntries(
    entries.filter(([name, at]) => traitNames.includes(name as TraitName) && !Number.isNaN(Date.parse(String(at)))),
  );
}

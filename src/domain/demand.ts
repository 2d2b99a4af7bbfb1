import { counted } from './counted.js';
import { RlctlError } from './errors.js';

/** What may be wanted of a change beside its values. */
export type Need = 'reason' | 'ticket' | 'end';

/** The flag that answers a need. */
export const needFlags: Readonly<Record<Need, string>> = {
  reason: '--reason TEXT',
  ticket: '--ticket ID',
  end: '--for 2h (or --until TIME, or --permanent)',
};

const needs = ['reason', 'ticket', 'end'] as const satisfies readonly Need[];

/** How something is let through without being mended. */
export interface WayAround {
  /** The sentence that the flags follow. */
  readonly text: string;
  readonly flags: readonly string[];
  /** What it wants of the author and was not given. */
  readonly needs: readonly Need[];
}

/** One thing that stands against a change before anything is written, and what would let it through. */
export interface Demand {
  /** `REASON_MISSING`: the code of the error where it stands alone. */
  readonly code: string;
  /** The whole message where it stands alone. */
  readonly message: string;
  /** The same as one of several that are listed; may have lines of its own below it. */
  readonly clause: string;
  /** What to do about it where it stands alone; `null`: nothing that could be said. */
  readonly hint: string | null;
  /** What to do about it beside adding flags, in sentences; empty: flags are enough. */
  readonly cures: readonly string[];
  /** What of the author's words is missing. */
  readonly needs: readonly Need[];
  /** Other flags that are missing: `--confirm prod`. */
  readonly flags: readonly string[];
  /** The way past it instead of its cures; absent or `null`: there is none. */
  readonly wayAround?: WayAround | null;
  /** Facts for programs. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Where an end is wanted, one of three: this one is the least surprise. */
const usualEnd = '--for 2h';
const otherEnds = '--until TIME or --permanent';

/** Every flag that is missing for these demands, each once: `--reason TEXT`, `--confirm prod`. */
export function missingFlags(demands: readonly Pick<Demand, 'needs' | 'flags'>[]): readonly string[] {
  const wanted = new Set(demands.flatMap((each) => each.needs));
  const words = needs.filter((need) => wanted.has(need)).map((need) => (need === 'end' ? usualEnd : needFlags[need]));
  return [...words, ...new Set(demands.flatMap(({ flags }) => flags))];
}

/**
 * Throws a guard (6) that names everything that stands against a change at once, so that nobody is sent back twice: with
 * the code of the first, and all flags that are missing. No demand: returns.
 */
export function assertNoDemand(command: string, demands: readonly Demand[]): void {
  const [first, ...others] = demands;
  if (first === undefined) return;
  const flags = missingFlags(demands);
  const details = {
    ...Object.assign({}, ...demands.map((each) => each.details ?? {})),
    demands: demands.map((each) => ({ code: each.code, message: each.clause, flags: missingFlags([each]) })),
    missingFlags: flags,
  };
  if (others.length === 0) {
    const hint = first.hint === null ? {} : { hint: first.hint };
    throw new RlctlError('guard', first.message, { code: first.code, ...hint, details });
  }
  const list = demands.map(({ clause }) => `  ${clause.replaceAll('\n', '\n  ')}`);
  const what = `${counted(demands.length, 'thing stands', 'things stand')} against "${command}", and nothing was changed:`;
  throw new RlctlError('guard', [what, ...list].join('\n'), { code: first.code, hint: hintFor(demands), details });
}

/** What has to be decided first, and then lines of flags that are each all that is missing. */
function hintFor(demands: readonly Demand[]): string {
  const cures = demands.flatMap((each) => each.cures);
  const flags = missingFlags(demands);
  const all = cures.length === 0 ? 'Add all of it at once' : 'That done, add all of it at once';
  return [
    ...cures,
    ...(flags.length === 0 ? [] : [`${all}: ${flags.join(' ')}`]),
    ...demands.flatMap(({ wayAround }) => (wayAround ? [wayAroundLine(wayAround, demands)] : [])),
    ...(flags.includes(usualEnd) ? [`Instead of ${usualEnd}: ${otherEnds}.`] : []),
  ].join('\n');
}

/** The way past a demand, with the flags that all `demands` miss besides. */
export function wayAroundLine(wayAround: WayAround, demands: readonly Pick<Demand, 'needs' | 'flags'>[]): string {
  const { text, flags } = wayAround;
  const missing = missingFlags([{ needs: wayAround.needs, flags: [] }, ...demands]);
  return `${text}: ${[...flags, ...missing].join(' ')}`;
}

import { countReturns } from './alternation.js';
import { levelOf, mayContinue, type Scrape } from './scrape.js';

/** The scrapes of one address, told apart by the process that answered. */
export interface Processes {
  /** One list for each process, in the order of time. A process that restarted stays in its list. */
  readonly chains: readonly (readonly Scrape[])[];
  /** True where several processes answer in turn. */
  readonly isAlternating: boolean;
}

/**
 * Tells the processes apart that answered under one address. Where processes say when they started, by that; else by the
 * counters: a process's own never fall, so scrapes among which they go back and forth are of several processes. What falls
 * once and climbs again is one process that restarted.
 */
export function processesOf(scrapes: readonly Scrape[]): Processes {
  const paced = scrapes.filter(({ isBurst }) => !isBurst);
  // Of one process, a burst adds nothing; and another that was met there by chance would look like a restart.
  if (!takesTurns(scrapes, paced)) return { chains: paced.length === 0 ? [] : [paced], isAlternating: false };
  return { chains: joined(byCounters(scrapes)), isAlternating: true };
}

function takesTurns(scrapes: readonly Scrape[], paced: readonly Scrape[]): boolean {
  if (returnsToStart(scrapes) || paced.some((scrape, index) => wasThereBefore(paced[index - 1], scrape))) return true;
  // A burst takes milliseconds: no process restarts and none falls in that time.
  const fallsInBurst = scrapes.some((scrape, index) => {
    const before = scrapes[index - 1];
    return scrape.isBurst && before !== undefined && !mayContinue(before, scrape);
  });
  return fallsInBurst || countReturns(paced.map(levelOf)) >= 2;
}

/** True where a process answers again after another one did. */
function returnsToStart(scrapes: readonly Scrape[]): boolean {
  const starts = scrapes.map(({ startSeconds }) => startSeconds);
  return starts.some(
    (start, index) =>
      start !== null && starts.indexOf(start) < index && starts[index - 1] !== start && starts[index - 1] !== null,
  );
}

/** True for a process that ran already when another one answered. */
function wasThereBefore(before: Scrape | undefined, now: Scrape): boolean {
  if (before === undefined || before.startSeconds === null || now.startSeconds === null) return false;
  return now.startSeconds !== before.startSeconds && now.startSeconds * 1000 < before.atMs;
}

/** Gives each scrape to the process that it continues with the smallest step. */
function byCounters(scrapes: readonly Scrape[]): readonly (readonly Scrape[])[] {
  const chains: Scrape[][] = [];
  for (const scrape of scrapes) {
    const fitting = chains.filter((chain) => continuesLast(chain, scrape));
    const chain = fitting.sort((left, right) => lastLevel(right) - lastLevel(left))[0] ?? split(chains, scrape);
    if (chain === undefined) chains.push([scrape]);
    else chain.push(scrape);
  }
  return chains;
}

function continuesLast(chain: readonly Scrape[], scrape: Scrape): boolean {
  const last = chain.at(-1);
  return last !== undefined && mayContinue(last, scrape);
}

function lastLevel(chain: readonly Scrape[]): number {
  const last = chain.at(-1);
  return last === undefined ? 0 : levelOf(last);
}

/**
 * A scrape that continues an earlier part of a list shows that two processes were taken for one, the second being further
 * on by chance: the later part becomes a list of its own. `undefined`: no list fits.
 */
function split(chains: Scrape[][], scrape: Scrape): Scrape[] | undefined {
  for (const chain of chains) {
    const place = chain.findLastIndex((earlier) => mayContinue(earlier, scrape));
    if (place < 0) continue;
    chains.push(chain.splice(place + 1));
    return chain;
  }
  return undefined;
}

/** Lists that follow each other in time and may be one process are one: a stray answer had torn them apart. */
function joined(chains: readonly (readonly Scrape[])[]): readonly (readonly Scrape[])[] {
  const inOrder = chains.toSorted((left, right) => (left[0]?.atMs ?? 0) - (right[0]?.atMs ?? 0));
  const whole: Scrape[][] = [];
  for (const chain of inOrder) {
    const [first] = chain;
    if (first === undefined) continue;
    const open = whole.filter((each) => (each.at(-1)?.atMs ?? Infinity) < first.atMs && continuesLast(each, first));
    const before = open.sort((left, right) => lastLevel(right) - lastLevel(left))[0];
    if (before === undefined) whole.push([...chain]);
    else before.push(...chain);
  }
  return whole;
}

interface Fall {
  readonly from: number;
  readonly to: number;
}

/**
 * How often a counter fell and then came back in one leap to where it had been: what the scrapes of several processes
 * under one address look like. A process that restarts falls once and climbs again in small steps, which counts as nothing.
 * `levels` are the counter's values in the order of time.
 */
export function countReturns(levels: readonly number[]): number {
  let returns = 0;
  let lost: Fall | null = null;
  for (const [index, level] of levels.entries()) {
    const before = levels[index - 1];
    if (before === undefined) continue;
    if (lost !== null && level >= lost.from) {
      if (level - before >= (lost.from - lost.to) / 2) returns += 1;
      lost = null;
    }
    if (level < before && lost === null) lost = { from: before, to: level };
    else if (lost !== null && level < lost.to) lost = { from: lost.from, to: level };
  }
  return returns;
}

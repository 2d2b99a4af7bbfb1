import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { emptyTally, type Tally } from './shard.js';

/** What the shards of a trial have come to so far, with one seed and one build. */
export interface Kept extends Tally {
  /** All shards together. */
  seconds: number;
}

/** What names it: another seed, or another build of the tool or of the trial, starts anew. */
export interface StateName {
  readonly name: string;
  readonly seed: number;
  readonly build: string;
}

const pathOf = ({ name, seed, build }: StateName): string =>
  join(tmpdir(), `rlctl-reliability-state-${userInfo().uid}`, `${name}-${seed}-${build}.json`);

export async function loadState(name: StateName): Promise<Kept> {
  try {
    return JSON.parse(await readFile(pathOf(name), 'utf8')) as Kept;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { ...emptyTally(), seconds: 0 };
  }
}

export async function saveState(name: StateName, kept: Kept): Promise<void> {
  const path = pathOf(name);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(`${path}.new`, JSON.stringify(kept), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

export const dropState = (name: StateName): Promise<void> => rm(pathOf(name), { force: true });

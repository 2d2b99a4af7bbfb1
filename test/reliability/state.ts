import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { emptyTally, type Tally } from './shard.js';

/** What the shards of a trial have come to so far, with one seed and one build. */
export interface Kept extends Tally {
  /** All shards together. */
  seconds: number;
  /** The day (UTC) and the commit of the newest shard; absent: none was run. */
  ran?: { readonly date: string; readonly commit: string };
}

/** What names it: another seed, or another build of the tool or of the trial, starts anew. */
export interface StateName {
  readonly name: string;
  readonly seed: number;
  readonly build: string;
}

const folder = (): string => join(tmpdir(), `rlctl-reliability-state-${userInfo().uid}`);

const pathOf = ({ name, seed, build }: StateName): string => join(folder(), `${name}-${seed}-${build}.json`);

export async function loadState(name: StateName): Promise<Kept> {
  try {
    return JSON.parse(await readFile(pathOf(name), 'utf8')) as Kept;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { ...emptyTally(), seconds: 0 };
  }
}

/** What this build has come to; where it has done nothing, the newest of what other builds have, for the report alone. */
export async function loadNewest(name: StateName): Promise<Kept> {
  const own = await loadState(name);
  if (own.done.length > 0) return own;
  const start = `${name.name}-${name.seed}-`;
  const files = (await readdir(folder()).catch(() => [])).filter(
    (file) => file.startsWith(start) && /^[^-]+\.json$/.test(file.slice(start.length)),
  );
  const dated = await Promise.all(
    files.map(async (file) => ({ file, atMs: (await stat(join(folder(), file))).mtimeMs })),
  );
  const [newest] = dated.sort((a, b) => b.atMs - a.atMs);
  if (newest === undefined) return own;
  const other = await loadState({ ...name, build: newest.file.slice(start.length, -'.json'.length) });
  // Nobody knows what such a one was run on.
  return other.ran === undefined ? own : other;
}

export async function saveState(name: StateName, kept: Kept): Promise<void> {
  const path = pathOf(name);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(`${path}.new`, JSON.stringify(kept), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

export const dropState = (name: StateName): Promise<void> => rm(pathOf(name), { force: true });

import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Part } from '../../src/context.js';
import { main } from '../../src/main.js';
import { createRedactor } from '../../src/ui/redactor.js';
import { createMemoryHost, type MemoryHost } from './memory-host.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** How one command ended. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface MainOptions {
  /** Variables over the world's own; `undefined` takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly columns?: number;
  readonly stdin?: string | Buffer;
  readonly cwd?: string;
  /** Called with the host before the command runs. */
  readonly onHost?: (host: MemoryHost) => void;
  /** What the command is a part of; absent: it stands alone. */
  readonly part?: Part;
}

/** Temporary folders that stand for a user's home, configuration, state and project. */
export interface World {
  readonly root: string;
  /** The project's folder, where commands run. */
  readonly cwd: string;
  readonly stateHome: string;
  readonly configHome: string;
  /** The variables of a user who has set nothing of rlctl's but who they are. */
  readonly env: Readonly<Record<string, string>>;
  /** Writes a file of the project and returns its path. */
  write(name: string, text: string, mode?: number): Promise<string>;
  /** Writes a configuration, as YAML's subset JSON, and returns its path. */
  config(name: string, config: JsonObject): Promise<string>;
  /** Runs one command line inside this process. */
  main(args: readonly string[], options?: MainOptions): Promise<Ran>;
  /** Every file under the state and configuration folders, with its text. */
  files(): Promise<ReadonlyMap<string, string>>;
  remove(): Promise<void>;
}

export const testVersion = '0.0.0-test';

export async function openWorld(): Promise<World> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'rlctl-world-')));
  const [home, stateHome, configHome, cwd] = ['home', 'state', 'config', 'project'].map((name) => join(root, name)) as [
    string,
    string,
    string,
    string,
  ];
  for (const folder of [home, stateHome, configHome, cwd]) await mkdir(folder);
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    XDG_STATE_HOME: stateHome,
    XDG_CONFIG_HOME: configHome,
    RLCTL_ACTOR: 'tester@test',
  };
  const write = async (name: string, text: string, mode = 0o600): Promise<string> => {
    const path = resolve(cwd, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { mode });
    await chmod(path, mode);
    return path;
  };
  const written = { count: 0 };
  // At once, because a command that runs beside reads the old one or the new one, and never half of one.
  const config = async (name: string, value: JsonObject): Promise<string> => {
    written.count += 1;
    const beside = await write(`${name}.${written.count}`, JSON.stringify(value));
    const path = resolve(cwd, name);
    await rename(beside, path);
    return path;
  };
  return {
    root,
    cwd,
    stateHome,
    configHome,
    env,
    write,
    config,
    main: async (args, options = {}) => {
      const { env: more, onHost, part, ...rest } = options;
      const host = createMemoryHost({ cwd, ...rest, env: { ...env, ...more } });
      onHost?.(host);
      const code = await main(args, host, testVersion, createRedactor(), part);
      return { code, out: host.out, err: host.err };
    },
    files: async () => new Map([...(await textsUnder(stateHome)), ...(await textsUnder(configHome))]),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

async function textsUnder(folder: string): Promise<readonly (readonly [string, string])[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = found.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
  return Promise.all(paths.map(async (path) => [path, await readFile(path, 'utf8')] as const));
}

/** Parses what must be exactly one JSON document. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- a test knows the shape that it reads
export function jsonOf<T = JsonObject>(text: string): T {
  return JSON.parse(text) as T;
}

/** An error as programs get it. */
export interface ShownError {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly exitCode: number;
  readonly details?: JsonObject;
}

/** The one error on stderr of a command run with --json; throws where there is anything else. */
export function errorOf(ran: Ran): ShownError {
  return jsonOf<{ error: ShownError }>(ran.err).error;
}

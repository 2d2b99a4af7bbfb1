import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';
import { commandWords } from './domain/command-words.js';

// Loads the built program. V8 would compile it anew in every process, which takes longer than most commands do: what it
// compiled is kept in the user's cache folder, one file for each command and file of the program.

/** The paths of all commands, aliases included; the build puts them in. */
declare const commandPaths: readonly string[];
/** A digest of the program's files; the build puts it in. */
declare const buildId: string;
/** Files that Node loads itself, without kept code; the build puts them in. */
declare const nativeFiles: readonly string[];

type Load = (file: string) => unknown;
type Define = (exports: unknown, require: Load, module: unknown, filename: string, dirname: string) => void;

/** The folder of the built program, and Node's own way to load from it. */
interface Place {
  readonly dist: string;
  readonly require: Load;
}

const unusedForMs = 30 * 24 * 3_600_000;

/**
 * Loads one file of the program, and through it the others it asks for. `arguments_` are the command's words, by which the
 * kept code is told apart.
 */
export function loadProgram(
  file: string,
  place: Place,
  arguments_: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): unknown {
  const words = commandWords(arguments_);
  const command = [words.join(' '), words[0]].find((path) => path !== undefined && commandPaths.includes(path));
  const folder = command === undefined ? null : cacheFolder(env);
  const cache = folder === null ? null : openCache(folder, command ?? '', env['NODE_OPTIONS']);
  return loader(place, cache)(file);
}

function loader({ dist, require: requireNatively }: Place, cache: Cache | null): Load {
  const load: Load = (name) => {
    if (!name.startsWith('./')) return requireNatively(name);
    const path = join(dist, name);
    const filename = name.slice(2);
    if (nativeFiles.includes(filename)) return requireNatively(path);
    // The build escapes every other character.
    const source = readFileSync(path, 'latin1');
    const cachedData = cache?.read(filename);
    const script = new Script(`(function(exports,require,module,__filename,__dirname){${source}\n})`, {
      filename: path,
      ...(cachedData ? { cachedData } : {}),
    });
    if (!cachedData || script.cachedDataRejected) cache?.keepAtExit(filename, script);
    const module = { exports: {} };
    (script.runInThisContext() as Define)(module.exports, load, module, path, dist);
    return module.exports;
  };
  return load;
}

/** The folder for compiled code; `null`: none can be trusted, or none is wanted. */
function cacheFolder(env: Readonly<Record<string, string | undefined>>): string | null {
  const { RLCTL_CODE_CACHE, XDG_CACHE_HOME, HOME } = env;
  const ownerId = process.geteuid?.();
  if ((RLCTL_CODE_CACHE ?? 'on') !== 'on' || ownerId === undefined) return null;
  const base = XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : HOME && join(HOME, '.cache');
  if (!base || !isAbsolute(base)) return null;
  const folder = join(base, 'rlctl');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = lstatSync(folder);
    // Compiled code is run as it is: nobody else may have written it.
    return uid === ownerId && (mode & 0o40_077) === 0o40_000 ? folder : null;
  } catch {
    return null;
  }
}

interface Cache {
  read(file: string): Buffer | undefined;
  keepAtExit(file: string, script: Script): void;
}

function openCache(folder: string, command: string, nodeOptions: string | undefined): Cache {
  // V8 refuses what it compiled under other flags; kept under one name, they would drive each other out.
  const flags = crc32([...process.execArgv, nodeOptions ?? ''].join(' ')).toString(16);
  const program = `${buildId}-${process.version}-${process.arch}-${flags}`;
  const pathOf = (file: string): string => join(folder, `${program}-${command.replace(' ', '-')}-${file}.code`);
  const scripts = new Map<string, Script>();
  const keep = (): void => {
    try {
      for (const [file, script] of scripts) writeChecked(pathOf(file), script.createCachedData());
      removeUnused(folder);
    } catch {
      // A full disk or a read-only home: the next start compiles again, as this one did.
    }
  };
  return {
    read: (file) => readChecked(pathOf(file)),
    keepAtExit: (file, script) => {
      if (scripts.size === 0) process.once('exit', keep);
      scripts.set(file, script);
    },
  };
}

/** V8 believes every byte of such a file, and a damaged one would end the process: a checksum stands before it. */
function readChecked(path: string): Buffer | undefined {
  try {
    const bytes = readFileSync(path);
    const code = bytes.subarray(4);
    return bytes.length > 4 && bytes.readUInt32LE(0) === crc32(code) ? code : undefined;
  } catch {
    return undefined;
  }
}

function writeChecked(path: string, code: Buffer): void {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32LE(crc32(code));
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, Buffer.concat([checksum, code]), { mode: 0o600, flag: 'wx' });
  renameSync(temporary, path);
}

/** Removes what was written long ago: code of earlier versions, and what a process left behind that was killed. */
function removeUnused(folder: string): void {
  const before = Date.now() - unusedForMs;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).mtimeMs < before) unlinkSync(path);
  }
}

// What of the libraries no command of rlctl runs, and what it would cost every one of them: left out of the bundle, or put
// off until it is used. The tests under test/cli run against the result.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const plainAssert = `module.exports = (holds, message) => { if (!holds) throw new Error(message || "an assertion failed"); };
module.exports.strictEqual = (left, right) => module.exports(Object.is(left, right));`;

/**
 * - undici's client requires its HTTP/2 half (which loads node:http2) and fetch's body code; rlctl speaks HTTP/1.1 through
 *   dispatch alone. Of node:http it uses a default, and a class that rlctl gives no body of.
 * - commander starts no programs for rlctl, and needs node:child_process for nothing else.
 * - undici and redis-errors assert with the plain call, and that two values are the same.
 * - node:tls is required where a connection over TLS is opened, and node:dns where ioredis looks up a cluster's names.
 */
const replacements = [
  { importer: 'undici', path: /(\/client-h2|\/web\/fetch\/body)(\.js)?$/, contents: 'module.exports = undefined;' },
  {
    importer: 'undici',
    path: /^node:http$/,
    contents: 'exports.maxHeaderSize = 16384; exports.IncomingMessage = class {};',
  },
  { importer: 'undici', path: /^node:assert$/, contents: plainAssert },
  { importer: 'redis-errors', path: /^assert$/, contents: plainAssert },
  { importer: 'commander', path: /^node:child_process$/, contents: 'module.exports = undefined;' },
  {
    importer: 'ioredis',
    path: /^tls$/,
    contents: 'exports.connect = (...given) => require("node:tls").connect(...given);',
  },
  {
    importer: 'ioredis',
    path: /^dns$/,
    contents:
      'for (const name of ["lookup", "resolveSrv"]) exports[name] = (...given) => require("node:dns")[name](...given);',
  },
];

const namespace = 'replaced';

/** Makes each command of Redis two methods; with all 400 of them that takes longer than all that is sent. */
const commandList = /@ioredis\/commands\/built\/commands\.json$/;

/**
 * The jq wrapper reads its input and writes its output a byte at a time, and copies all of either for each: a result of a
 * thousand overrides would take a minute.
 */
const jqProgram = /\/jq-wasm\/dist\/build\/jq\.js$/;
const jqBuffers = [
  ['stdinBuffer = stdinBuffer.slice(1)', 'stdinBuffer = stdinBuffer.subarray(1)'],
  [
    'const tmp = new Uint8Array(stdoutBuffer.length + 1)',
    'const tmp = stdoutBuffer.length < stdoutBuffer.buffer.byteLength ? new Uint8Array(stdoutBuffer.buffer, 0, stdoutBuffer.length + 1) : new Uint8Array(new ArrayBuffer(2 * stdoutBuffer.length + 65536), 0, stdoutBuffer.length + 1)',
  ],
  ['tmp.set(stdoutBuffer, 0)', 'if (tmp.buffer !== stdoutBuffer.buffer) tmp.set(stdoutBuffer, 0)'],
];

/** The esbuild plugin. `root` is the project's folder. */
export function libraryParts(root) {
  return {
    name: 'parts of libraries',
    setup({ onResolve, onLoad }) {
      replacements.forEach(({ importer, path: filter }, index) => {
        onResolve({ filter }, ({ importer: from }) =>
          from.includes(`/node_modules/${importer}/`) ? { path: String(index), namespace } : undefined,
        );
      });
      onLoad({ filter: /.*/, namespace }, ({ path }) => ({ contents: replacements[path].contents, resolveDir: root }));
      onLoad({ filter: jqProgram }, ({ path }) => ({ contents: replaced(readFileSync(path, 'utf8'), jqBuffers) }));
      onLoad({ filter: commandList }, ({ path }) => ({ contents: mentionedCommands(root, path), loader: 'json' }));
    },
  };
}

/** The text with the first place of each of these replaced; throws where there is none: the library has changed. */
function replaced(text, pairs) {
  return pairs.reduce((sum, [old, fresh]) => {
    if (!sum.includes(old)) throw new Error(`not found in a library: ${old}`);
    return sum.replace(old, fresh);
  }, text);
}

/** Of the commands of Redis those that any file of ours or of the library so much as mentions. */
function mentionedCommands(root, path) {
  const files = [...scripts(join(root, 'src')), ...scripts(join(root, 'node_modules', 'ioredis', 'built'))];
  const words = new Set(
    files.flatMap((file) =>
      readFileSync(file, 'utf8')
        .toLowerCase()
        .match(/[a-z]+/g),
    ),
  );
  const commands = Object.entries(JSON.parse(readFileSync(path, 'utf8')));
  return JSON.stringify(Object.fromEntries(commands.filter(([name]) => words.has(name))));
}

function scripts(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.[jt]s$/.test(file) && !file.endsWith('.d.ts') && !/RedisCommander/.test(file))
    .map((file) => join(folder, file));
}

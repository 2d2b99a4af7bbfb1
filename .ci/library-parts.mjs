// What of the libraries no command of rlctl runs, and what it would cost every one of them: left out of the bundle, or put
// off until it is used. The tests under test/cli run against the result.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * - undici's client requires its HTTP/2 half (which loads node:http2) and fetch's body code; rlctl speaks HTTP/1.1 through
 *   dispatch alone. Of node:http it uses a default, and a class that rlctl gives no body of.
 * - commander starts no programs for rlctl, and needs node:child_process for nothing else.
 * - undici asserts with the plain call alone.
 * - node:tls is required where a connection over TLS is opened, and node:dns where ioredis looks up a cluster's names.
 */
const replacements = [
  { importer: 'undici', path: /(\/client-h2|\/web\/fetch\/body)(\.js)?$/, contents: 'module.exports = undefined;' },
  {
    importer: 'undici',
    path: /^node:http$/,
    contents: 'exports.maxHeaderSize = 16384; exports.IncomingMessage = class {};',
  },
  {
    importer: 'undici',
    path: /^node:assert$/,
    contents:
      'module.exports = (holds, message) => { if (!holds) throw new Error(message || "undici: an assertion failed"); };',
  },
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
      onLoad({ filter: commandList }, ({ path }) => ({ contents: mentionedCommands(root, path), loader: 'json' }));
    },
  };
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

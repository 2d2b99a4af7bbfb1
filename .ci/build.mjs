// Bundles src/ into dist/: a small entry with what every start needs, one file with the rest of our code, and one for each
// library, CommonJS, minified. esbuild splits ES modules only, so its chunks are made first, turned into CommonJS one by one,
// and packed.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, transform } from 'esbuild';
import { libraryParts } from './library-parts.mjs';
import { packed } from './pack.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');

// A native import() of CommonJS is slower than require, and does not see minified exports.
const withRequire = { supported: { 'dynamic-import': false } };
// One library imports an ES module by its URL, and finds its files by import.meta.url, which CommonJS does not have.
const withFilesBeside = {
  define: { 'import.meta.url': 'ownUrl' },
  banner: 'const ownUrl=require("node:url").pathToFileURL(__filename).href;',
};
const luaFiles = ['redis_lua.wasm', 'redis_lua.mjs'];

// Compiled into a package whose licence files do not name it.
const alsoInside = {
  'lua-redis-wasm': ['## Lua 5.1\n- Copyright (C) 1994-2012 Lua.org, PUC-Rio\n- License: MIT, in the words above'],
};

const result = await build({
  absWorkingDir: root,
  entryPoints: ['src/start.ts', 'src/complete.ts'],
  bundle: true,
  splitting: true,
  plugins: [libraryParts(root)],
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  minify: true,
  legalComments: 'none',
  outdir: 'dist',
  chunkNames: '[name]-[hash]',
  write: false,
  metafile: true,
  treeShaking: true,
  logLevel: 'warning',
});

/** What esbuild tells of each chunk, by its file's name. */
const outputs = new Map(Object.entries(result.metafile.outputs).map(([path, output]) => [basename(path), output]));
/** The chunks as CommonJS, by the name under which the others require them. */
const codes = new Map();

await rm(dist, { recursive: true, force: true });
await mkdir(dist);
for (const file of result.outputFiles) {
  const name = basename(file.path);
  const lua = Object.keys(outputs.get(name).inputs).find((input) => /\/lua-redis-wasm\/dist\//.test(input));
  const { code } = await transform(file.text, {
    format: 'cjs',
    minify: true,
    target: 'node20.19',
    legalComments: 'none',
    ...(lua ? withFilesBeside : withRequire),
  });
  codes.set(name, code);
  // The embedded Redis looks for these beside its own code, and has no scripts without them.
  for (const each of lua ? luaFiles : []) {
    await writeFile(join(dist, each), await readFile(join(root, dirname(lua), each)));
  }
}
const files = packed(outputs, codes, [
  { name: 'start.js', needs: ['src/cli.ts'] },
  { name: 'complete.js', needs: [] },
]);
for (const [name, text] of files) await writeFile(join(dist, name), text);
const tree = await commandTree();
await writeFile(join(dist, 'command-tree.json'), JSON.stringify(tree));
await buildLoader(tree);
await writeFile(join(dist, 'THIRD-PARTY-LICENSES.txt'), await licences(result.metafile));

/** The loader keeps compiled code by command and by build: it is told both. */
async function buildLoader({ nouns, leaves }) {
  const digest = createHash('sha256');
  for (const [name, text] of files) digest.update(`${name}\n${text}\n`);
  const spellings = nouns.flatMap(({ name, aliases }) => aliases.map((alias) => [`${name} `, `${alias} `]));
  const paths = leaves.flatMap(({ path }) => [
    path,
    ...spellings.filter(([name]) => path.startsWith(name)).map(([name, alias]) => path.replace(name, alias)),
  ]);
  await build({
    absWorkingDir: root,
    entryPoints: ['src/load.ts'],
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    minify: true,
    outfile: 'dist/load.js',
    define: {
      commandPaths: JSON.stringify(['', '__complete', ...paths]),
      nativeFiles: JSON.stringify([...files].filter(isNative).map(([name]) => name)),
      buildId: JSON.stringify(digest.digest('hex').slice(0, 16)),
    },
    logLevel: 'warning',
  });
}

/**
 * What imports an ES module itself cannot do so from kept code; and of a WebAssembly program that is there as text, V8
 * compiles nothing that could be kept.
 */
function isNative([, text]) {
  return text.includes('import(') || /AGFzbQ[\w+/]{1000000}/.test(text);
}

/** Every command with its flags as data, read off the commands themselves: what completion answers from. */
async function commandTree() {
  const outfile = join(dist, 'command-tree.mjs');
  await build({
    absWorkingDir: root,
    entryPoints: ['src/command-tree.ts'],
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    outfile,
    logLevel: 'warning',
  });
  try {
    const { describeCommands } = await import(pathToFileURL(outfile).href);
    return await describeCommands();
  } finally {
    await rm(outfile);
  }
}

/** The licence of every package that is bundled, and of what is inside it. */
async function licences(metafile) {
  const packages = new Set();
  for (const input of Object.keys(metafile.inputs)) {
    const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (found) packages.add(found[1]);
  }
  const parts = await Promise.all(
    [...packages].sort().map(async (folder) => {
      const { name, version, license } = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8'));
      const files = (await readdir(join(root, folder))).filter((each) => /^(licen[cs]e|third_party)/i.test(each));
      const texts = await Promise.all(files.sort().map((file) => readFile(join(root, folder, file), 'utf8')));
      texts.push(...(alsoInside[name] ?? []));
      const text = texts.length > 0 ? texts.map((each) => each.trim()).join('\n\n') : `Licence: ${license}`;
      return `${name} ${version} (${license})\n\n${text}\n`;
    }),
  );
  return parts.join(`\n${'-'.repeat(72)}\n\n`);
}

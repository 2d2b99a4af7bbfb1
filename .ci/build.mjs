// Bundles src/ into dist/: one small entry, one chunk for each command, CommonJS, minified.
// esbuild splits ES modules only, so the chunks are made first and turned into CommonJS one by one.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, transform } from 'esbuild';

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

/**
 * undici's client requires its HTTP/2 half (which loads node:http2) and fetch's body code; rlctl speaks HTTP/1.1 through
 * dispatch alone and never runs either. The tests under test/cli run against the result.
 */
const unusedPartsOfUndici = {
  name: 'unused parts of undici',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /(\/client-h2|\/web\/fetch\/body)(\.js)?$/ }, ({ path, importer }) =>
      importer.includes('undici') ? { path, namespace: 'unused' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: 'module.exports = undefined;' }));
  },
};

const result = await build({
  absWorkingDir: root,
  entryPoints: ['src/start.ts', 'src/complete.ts'],
  bundle: true,
  splitting: true,
  plugins: [unusedPartsOfUndici],
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  minify: true,
  legalComments: 'none',
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  write: false,
  metafile: true,
  treeShaking: true,
  logLevel: 'warning',
});

await rm(dist, { recursive: true, force: true });
await mkdir(join(dist, 'chunks'), { recursive: true });
for (const file of result.outputFiles) {
  const { inputs } = result.metafile.outputs[relative(root, file.path)];
  const lua = Object.keys(inputs).find((input) => /\/lua-redis-wasm\/dist\//.test(input));
  const { code } = await transform(file.text, {
    format: 'cjs',
    minify: true,
    target: 'node20.19',
    legalComments: 'none',
    ...(lua ? withFilesBeside : withRequire),
  });
  await writeFile(file.path, code);
  // The embedded Redis looks for these beside its own code, and has no scripts without them.
  for (const name of lua ? luaFiles : []) {
    await writeFile(join(dirname(file.path), name), await readFile(join(root, dirname(lua), name)));
  }
}
await writeFile(join(dist, 'command-tree.json'), JSON.stringify(await commandTree()));
await writeFile(join(dist, 'THIRD-PARTY-LICENSES.txt'), await licences(result.metafile));

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

// Bundles src/ into dist/: one small entry, one chunk for each command, CommonJS, minified.
// esbuild splits ES modules only, so the chunks are made first and turned into CommonJS one by one.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');

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
  entryPoints: ['src/start.ts'],
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
  const { code } = await transform(file.text, {
    format: 'cjs',
    minify: true,
    target: 'node20.19',
    legalComments: 'none',
    // A native import() of CommonJS is slower than require, and does not see minified exports.
    supported: { 'dynamic-import': false },
  });
  await writeFile(file.path, code);
}
await writeFile(join(dist, 'THIRD-PARTY-LICENSES.txt'), await licences(result.metafile));

/** The licence of every package that is bundled. */
async function licences(metafile) {
  const packages = new Set();
  for (const input of Object.keys(metafile.inputs)) {
    const found = /^(node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (found) packages.add(found[1]);
  }
  const parts = await Promise.all(
    [...packages].sort().map(async (folder) => {
      const { name, version, license } = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8'));
      const file = (await readdir(join(root, folder))).find((each) => /^licen[cs]e/i.test(each));
      const text = file ? await readFile(join(root, folder, file), 'utf8') : `Licence: ${license}`;
      return `${name} ${version} (${license})\n\n${text.trim()}\n`;
    }),
  );
  return parts.join(`\n${'-'.repeat(72)}\n\n`);
}

// Bundles the trials, which are TypeScript and use the project's own parts, into a temporary folder, and runs them from there.
// Usage: node test/reliability/run.mjs --help
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const here = 'test/reliability';

/** Code that looks for files beside itself finds them where its source is. */
const ownPlace = {
  name: 'own-place',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, async ({ path }) => ({
      loader: 'ts',
      contents: (await readFile(path, 'utf8'))
        .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)))
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
    })),
};

/** A file and all that it imports. */
function closure(inputs, path, found = new Set()) {
  if (found.has(path) || inputs[path] === undefined) return found;
  found.add(path);
  for (const { path: imported } of inputs[path].imports) closure(inputs, imported, found);
  return found;
}

/** By trial, what the built tool and the trial's own code come to. */
async function buildsOf(inputs) {
  const dist = join(root, 'dist');
  const names = (await readdir(dist)).filter((name) => name.endsWith('.js')).sort();
  const tool = names.map((name) => readFileSync(join(dist, name)));
  const trials = Object.keys(inputs).filter((path) => path.startsWith(`${here}/trials/`));
  return Object.fromEntries(
    trials.map((path) => {
      const own = [...closure(inputs, path)].map((each) => readFileSync(join(root, each)));
      const digest = [...tool, ...own].reduce((hash, bytes) => hash.update(bytes), createHash('sha256')).digest('hex');
      return [path.slice(`${here}/trials/`.length, -'.ts'.length), digest.slice(0, 12)];
    }),
  );
}

/** The commit, marked where the tree holds more than it. */
function commit() {
  const git = (...args) =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    return (
      git('rev-parse', '--short', 'HEAD').trim() +
      (git('status', '--porcelain', 'src', 'test', 'bin') === '' ? '' : '+')
    );
  } catch {
    return 'unknown';
  }
}

/** What a trial leaves running would keep this process, and nobody would know why. */
function endBefore(ms) {
  const timer = setTimeout(() => {
    const left = process.getActiveResourcesInfo().filter((name) => !name.startsWith('TTY') && !name.startsWith('Pipe'));
    process.stderr.write(`a trial has left something running (${left.join(', ')}); ending all the same\n`);
    process.exit(process.exitCode === 0 ? 1 : process.exitCode);
  }, ms);
  timer.unref();
}

const folder = await mkdtemp(join(tmpdir(), 'rlctl-trials-'));
try {
  const outfile = join(folder, 'trials.mjs');
  const { metafile } = await build({
    absWorkingDir: root,
    stdin: {
      contents: `export { run } from './runner.ts'; export { trials } from './trials.ts';`,
      resolveDir: join(root, here),
    },
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    sourcemap: 'inline',
    plugins: [ownPlace],
    metafile: true,
    outfile,
    logLevel: 'warning',
  });
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  process.setSourceMapsEnabled(true);
  const { run, trials } = await import(pathToFileURL(outfile).href);
  const builds = await buildsOf(metafile.inputs);
  const defaultReport = join(root, here, 'REPORT.md');
  process.exitCode = await run({ trials, args: process.argv.slice(2), builds, defaultReport, commit: commit() });
  endBefore(10_000);
} finally {
  await rm(folder, { recursive: true, force: true });
}

// `override lint` of 100,000 routes beside the least that jq can do with the same file: parse it, and look at every rate.
// Interleaved; only ratios within this one run, and the peak of memory. Usage: node test/bench/lint.mjs [rounds]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const rlctl = join(root, 'bin', 'rlctl.js');
const peak = join(root, 'test', 'support', 'peak-memory.cjs');
const rounds = Number(process.argv[2] ?? 7);
const folder = mkdtempSync(join(tmpdir(), 'rlctl-bench-lint-'));
const env = { ...process.env, XDG_STATE_HOME: folder, XDG_CONFIG_HOME: folder, XDG_CACHE_HOME: folder };
delete env.NODE_EXTRA_CA_CERTS;

const say = (text) => process.stdout.write(`${text}\n`);
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

function routes(change) {
  const entries = Array.from({ length: 100_000 }, (_, index) => [
    `/api/bench/${index}/items`,
    change({ rate: 60 + (index % 60), burst: 10 }, index),
  ]);
  return Object.fromEntries(entries);
}

const documents = {
  'nothing wrong': routes((value) => value),
  'every hundredth coerced': routes((value, index) => (index % 100 === 0 ? { ...value, shadow: 'false' } : value)),
  'all hidden': { '/': { burst: 1 }, ...routes((value) => value) },
};

function once({ argv, codes }) {
  const peakFile = join(folder, 'peak');
  const isOwn = argv[0] === process.execPath;
  const start = performance.now();
  const { status, stderr } = spawnSync(argv[0], argv.slice(1), {
    env: isOwn ? { ...env, PEAK_FILE: peakFile, NODE_OPTIONS: `--require ${peak}` } : env,
    maxBuffer: 256 * 1024 * 1024,
  });
  const wallMs = performance.now() - start;
  if (!codes.includes(status)) throw new Error(`${argv.join(' ')} ended with ${status}: ${stderr}`);
  return { wallMs, peakMiB: isOwn ? Number(readFileSync(peakFile, 'utf8')) / 1024 : null };
}

function compare(title, file) {
  const candidates = [
    { name: 'jq, one condition', argv: ['jq', '[.[] | select(.rate > 60000)] | length', file], codes: [0] },
    { name: 'rlctl override lint', argv: [process.execPath, rlctl, 'override', 'lint', '-f', file], codes: [0, 3] },
  ];
  for (const each of candidates) once(each);
  const seen = candidates.map(() => []);
  for (let round = 0; round < rounds; round += 1) candidates.forEach((each, index) => seen[index].push(once(each)));
  const base = seen[0].map(({ wallMs }) => wallMs);
  say(`\n100,000 routes, ${title} (${rounds} rounds, interleaved; ratio of medians, range round by round)`);
  candidates.forEach(({ name }, index) => {
    const wall = seen[index].map(({ wallMs }) => wallMs);
    const ratios = wall.map((each, round) => each / base[round]);
    const peaks = seen[index].map(({ peakMiB }) => peakMiB ?? 0);
    const memory = Math.max(...peaks) > 0 ? `  ${Math.round(Math.max(...peaks))} MiB at most` : '';
    const range = `${Math.min(...ratios).toFixed(2)}…${Math.max(...ratios).toFixed(2)}`;
    say(`  ${name.padEnd(22)} wall ${(median(wall) / median(base)).toFixed(2)} (${range})${memory}`);
  });
}

try {
  for (const [title, document] of Object.entries(documents)) {
    const file = join(folder, 'overrides.json');
    writeFileSync(file, JSON.stringify(document));
    compare(title, file);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

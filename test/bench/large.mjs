// A document of 100,000 routes: commands beside the least that redis-cli and jq can do to the same end. They write no history,
// compare nothing and explain nothing. Interleaved; only ratios within this one run, and the peak of memory.
// Usage: node test/bench/large.mjs [rounds]
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const rlctl = join(root, 'bin', 'rlctl.js');
const peak = join(root, 'test', 'support', 'peak-memory.cjs');
const rounds = Number(process.argv[2] ?? 7);
const folder = mkdtempSync(join(tmpdir(), 'rlctl-bench-large-'));
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

function once({ argv, codes, isOwn = argv[0] === process.execPath }) {
  const peakFile = join(folder, 'peak');
  const start = performance.now();
  const { status, stderr } = spawnSync(argv[0], argv.slice(1), {
    cwd: folder,
    env: isOwn ? { ...env, PEAK_FILE: peakFile, NODE_OPTIONS: `--require ${peak}` } : env,
    maxBuffer: 256 * 1024 * 1024,
  });
  const wallMs = performance.now() - start;
  if (!codes.includes(status)) throw new Error(`${argv.join(' ')} ended with ${status}: ${String(stderr)}`);
  return { wallMs, peakMiB: isOwn ? Number(readFileSync(peakFile, 'utf8')) / 1024 : null };
}

function compare(title, candidates) {
  for (const each of candidates) once(each);
  const seen = candidates.map(() => []);
  for (let round = 0; round < rounds; round += 1) candidates.forEach((each, index) => seen[index].push(once(each)));
  const base = seen[0].map(({ wallMs }) => wallMs);
  say(`\n${title} (${rounds} rounds, interleaved; ratio of medians, range round by round)`);
  candidates.forEach(({ name }, index) => {
    const wall = seen[index].map(({ wallMs }) => wallMs);
    const ratios = wall.map((each, round) => each / base[round]);
    const peaks = seen[index].map(({ peakMiB }) => peakMiB ?? 0);
    const memory = Math.max(...peaks) > 0 ? `  ${Math.round(Math.max(...peaks))} MiB at most` : '';
    const range = `${Math.min(...ratios).toFixed(2)}…${Math.max(...ratios).toFixed(2)}`;
    say(`  ${name.padEnd(46)} wall ${(median(wall) / median(base)).toFixed(2)} (${range})${memory}`);
  });
}

/** What cannot be compared with anything that jq does: its peak of memory alone. */
function memory(title, each) {
  say(`\n${title}\n  ${each.name.padEnd(46)} ${Math.round(once(each).peakMiB)} MiB`);
}

const sh = (name, script) => ({ name, argv: ['sh', '-c', script], codes: [0] });
const own = (name, args, codes = [0]) => ({ name, argv: [process.execPath, rlctl, ...args], codes });

function lint(title, file) {
  compare(`lint, ${title}`, [
    sh('jq, one condition', `jq '[.[] | select(.rate > 60000)] | length' '${file}'`),
    own('rlctl override lint', ['override', 'lint', '-f', file], [0, 3]),
  ]);
}

/** What is asked of Redis, which holds `file`; `changed` differs from it in one route. */
function stored(port, file, changed) {
  const get = `redis-cli -p ${port} GET app:rl:overrides`;
  const route = '/api/bench/77777/items';
  compare('the first lines of the list', [
    sh('GET, jq to_entries, head', `${get} | jq -r 'to_entries[] | [.key, .value.rate] | @tsv' | head -n 20`),
    // The shell's own start is part of both.
    { ...sh('rlctl override list | head', `'${process.execPath}' '${rlctl}' override list | head -n 20`), isOwn: true },
  ]);
  compare('the whole list as JSON', [
    sh(
      'GET, jq, an object for each',
      `${get} | jq '[to_entries[] | {prefix: .key, rate: .value.rate, burst: .value.burst}]'`,
    ),
    own('rlctl override list --json', ['override', 'list', '--json']),
    own('rlctl override dump --json', ['override', 'dump', '--json']),
    own('rlctl override dump, YAML', ['override', 'dump']),
  ]);
  compare('one route, explained', [
    sh(
      'GET, jq with startswith',
      `${get} | jq '[to_entries[] | . as $e | select("${route}/x" | startswith($e.key))][0]'`,
    ),
    own('rlctl policy explain', ['policy', 'explain', `${route}/x`, '-f', file, '--bucket', 'read']),
  ]);
  compare('the difference to a file', [
    sh('GET, jq on both sides, diff', `${get} | jq . >live; jq . '${changed}' >wanted; diff live wanted; true`),
    own('rlctl override diff', ['override', 'diff', '-f', changed], [3]),
  ]);
  compare('one route set, written', [
    sh(
      'GET, jq, SET',
      `${get} | jq -c '.["${route}"].rate = (now | floor % 1000 + 1)' | redis-cli -p ${port} -x SET app:rl:overrides`,
    ),
    own('rlctl override set --no-reload', [
      'override',
      'set',
      route,
      '--burst',
      '7',
      '--no-reload',
      '--reason',
      'bench',
    ]),
  ]);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function withRedis(work) {
  const port = await freePort();
  const server = spawn('redis-server', ['--port', String(port), '--save', '', '--dir', folder], { stdio: 'ignore' });
  try {
    const asked = () => spawnSync('redis-cli', ['-p', String(port), 'PING'], { encoding: 'utf8' }).stdout.trim();
    while (asked() !== 'PONG') if (server.exitCode !== null) throw new Error('redis-server has ended');
    Object.assign(env, { RLCTL_NAMESPACE: 'app', RLCTL_REDIS_URL: `redis://127.0.0.1:${port}` });
    work(port);
  } finally {
    server.kill();
    await new Promise((resolve) => server.once('close', resolve));
  }
}

try {
  const file = join(folder, 'overrides.json');
  for (const [title, document] of Object.entries(documents)) {
    writeFileSync(file, JSON.stringify(document));
    lint(title, file);
  }
  const changed = join(folder, 'changed.json');
  const plain = documents['nothing wrong'];
  writeFileSync(file, JSON.stringify(plain));
  writeFileSync(changed, JSON.stringify({ ...plain, '/api/bench/500/items': { rate: 1, burst: 1 } }));
  await withRedis((port) => {
    spawnSync('sh', ['-c', `redis-cli -p ${port} -x SET app:rl:overrides <'${file}'`]);
    stored(port, file, changed);
    const yaml = join(folder, 'overrides.yaml');
    spawnSync('sh', ['-c', `'${process.execPath}' '${rlctl}' override dump >'${yaml}'`], { cwd: folder, env });
    for (const verb of ['lint', 'diff'])
      memory('a file of YAML', own(`rlctl override ${verb} -f`, ['override', verb, '-f', yaml], [0, 3]));
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}

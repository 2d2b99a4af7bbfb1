// A fleet of a thousand instances on loopback, 5 of them stale, 3 dead, 2 slow, 1 hanging: `fleet status` and a proven
// `reload` beside what operators do without rlctl, which is the reload alone. Interleaved; only ratios within this one run.
// Usage: node test/bench/fleet.mjs [rounds]
import { spawn, spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const rlctl = join(root, 'bin', 'rlctl.js');
const rounds = Number(process.argv[2] ?? 3);
const folder = mkdtempSync(join(tmpdir(), 'rlctl-bench-fleet-'));
const [secret, deadlineMs, slowMs] = ['bench-secret', 3000, 1000];
const held = { '/api/search': { rate: 120, burst: 20 }, '/api/payments': { rate: 3, burst: 1 } };
const children = [];

const say = (text) => process.stdout.write(`${text}\n`);
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

function freePort() {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function startRedis() {
  const port = await freePort();
  children.push(
    spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], { stdio: 'ignore' }),
  );
  const set = ['-p', String(port), 'SET', 'bench:rl:overrides', JSON.stringify(held)];
  while (spawnSync('redis-cli', set).status !== 0) await new Promise((resolve) => setImmediate(resolve));
  return `redis://127.0.0.1:${port}/0`;
}

async function startFleet() {
  const server = join(root, 'test', 'support', 'fleet-server.mjs');
  const child = spawn(process.execPath, [server, '1000', secret, 'bench'], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const behaviour = {
    document: held,
    before: {},
    stale: [3, 77, 240, 500, 860],
    dead: [10, 420, 930],
    hanging: [642],
    slow: { 15: slowMs, 777: slowMs },
  };
  child.stdin.write(`${JSON.stringify(behaviour)}\n`);
  let text = '';
  for await (const chunk of child.stdout) {
    text += chunk;
    if (text.endsWith('\n')) return JSON.parse(text).origins;
  }
  throw new Error('the fleet did not start');
}

function once(program, args, env, codes) {
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(program, args, { env, cwd: folder, encoding: 'utf8', maxBuffer: 1e9 });
  if (!codes.includes(status)) throw new Error(`${program} ${args[0]} ended with ${status}: ${stderr}`);
  return { wallMs: performance.now() - start, stdout };
}

try {
  const redis = await startRedis();
  const origins = await startFleet();
  writeFileSync(join(folder, 'secret'), secret, { mode: 0o600 });
  writeFileSync(join(folder, 'fleet.txt'), origins.join('\n'));
  const entry = { namespace: 'bench', redis, secret: { file: 'secret' }, workers: 1, fleet: { file: 'fleet.txt' } };
  writeFileSync(join(folder, 'c.yaml'), JSON.stringify({ environments: { bench: entry } }));
  const peak = join(folder, 'peak');
  const env = {
    ...process.env,
    XDG_STATE_HOME: folder,
    XDG_CONFIG_HOME: folder,
    XDG_CACHE_HOME: folder,
    RLCTL_CONFIG: join(folder, 'c.yaml'),
    NODE_OPTIONS: `--require ${join(root, 'test', 'support', 'peak-memory.cjs')}`,
    PEAK_FILE: peak,
  };
  delete env.NODE_EXTRA_CA_CERTS;
  const own = (args, codes) => {
    const { wallMs, stdout } = once(process.execPath, [rlctl, ...args, '--timeout', '120s', '--json'], env, codes);
    return { wallMs, result: JSON.parse(stdout), peakMb: Number(readFileSync(peak, 'utf8')) / 1024 };
  };
  const signature = createHmac('sha256', secret).update('reload').digest('hex');
  writeFileSync(
    join(folder, 'curl.conf'),
    [
      'silent',
      'output = /dev/null',
      `max-time = ${deadlineMs / 1000}`,
      'header = "Content-Type: application/json"',
      `header = "X-Config-Signature: ${signature}"`,
      String.raw`data = "{\"action\": \"reload\"}"`,
    ].join('\n'),
  );
  const recipe = 'xargs -P 32 -I{} curl -K curl.conf {}/internal/config/reload <fleet.txt';
  const seen = { curl: [], status: [], reload: [], peaks: [], bounds: [] };
  for (let round = 0; round < rounds; round += 1) {
    seen.curl.push(once('sh', ['-c', recipe], env, [0, 123]).wallMs);
    const status = own(['fleet', 'status'], [0, 3]);
    const reload = own(['reload', '--canary', '1', '--max-failures', '4'], [8]);
    seen.status.push(status.wallMs);
    seen.reload.push(reload.wallMs);
    seen.peaks.push(status.peakMb, reload.peakMb);
    for (const { wallMs, result } of [status, reload]) {
      const fine = (result.fleet ?? result).instances.filter(({ state }) => ['inStep', 'done'].includes(state));
      const slowestMs = Math.max(...fine.map(({ tookMs }) => tookMs));
      seen.bounds.push(wallMs / (3 * slowestMs + deadlineMs));
    }
  }
  const ratio = (walls) => (median(walls) / median(seen.curl)).toFixed(2);
  say(`\na fleet of 1,000: 5 stale, 3 dead, 2 slow, 1 hanging (${rounds} rounds, interleaved; ratio of medians)`);
  say('  xargs -P 32 curl, the reload alone           wall 1.00');
  say(`  rlctl fleet status                           wall ${ratio(seen.status)}`);
  say(`  rlctl reload, each instance proven           wall ${ratio(seen.reload)}`);
  const worst = Math.max(...seen.bounds).toFixed(2);
  say(`  of 3 × the slowest healthy + the deadline of the hanging one, at most ${worst}`);
  say(`  peak memory of rlctl, at most ${Math.ceil(Math.max(...seen.peaks))} MB`);
} finally {
  for (const child of children) child.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
}

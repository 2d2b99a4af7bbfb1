// Benchmarks, interleaved: in every round each candidate runs once, in turn, and only ratios of medians within this one run
// are printed. Never a test: nothing fails because a machine is slow. Usage: node test/bench/bench.mjs [rounds]
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const rlctl = join(root, 'bin', 'rlctl.js');
const node = process.execPath;
const rounds = Number(process.argv[2] ?? 25);
const folder = mkdtempSync(join(tmpdir(), 'rlctl-bench-'));
const env = { ...process.env, XDG_STATE_HOME: folder, XDG_CONFIG_HOME: folder, XDG_CACHE_HOME: folder };
// It makes every start of Node 20 more than twice as slow, and would hide what is measured here.
delete env.NODE_EXTRA_CA_CERTS;

const say = (text) => process.stdout.write(`${text}\n`);
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** CPU time of all children waited for so far, in ticks. */
function childTicks() {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ');
  return Number(fields[13]) + Number(fields[14]);
}

function once([program, ...args], round) {
  const argv = args.map((each) => (typeof each === 'function' ? each(round) : each));
  const ticks = childTicks();
  const start = performance.now();
  const { status, stderr, stdout } = spawnSync(program, argv, { env, cwd: folder, encoding: 'utf8' });
  const wallMs = performance.now() - start;
  if (status !== 0) throw new Error(`${program} ${argv.join(' ')} ended with ${status}: ${stderr}${stdout}`);
  return { wallMs, ticks: childTicks() - ticks };
}

/** Runs the candidates in turn; the first one is 1.00. */
function compare(title, candidates) {
  const seen = candidates.map(() => ({ wall: [], ticks: 0 }));
  for (const { argv, before } of candidates) {
    before?.();
    once(argv, 0);
  }
  for (let round = 1; round <= rounds; round += 1) {
    candidates.forEach(({ argv, before }, index) => {
      before?.();
      const { wallMs, ticks } = once(argv, round);
      seen[index].wall.push(wallMs);
      seen[index].ticks += ticks;
    });
  }
  say(`\n${title} (${rounds} rounds, interleaved; ratio of medians, range of the ratio round by round)`);
  const base = seen[0];
  candidates.forEach(({ name }, index) => {
    const { wall, ticks } = seen[index];
    const ratios = wall.map((each, round) => each / base.wall[round]);
    const range = `${Math.min(...ratios).toFixed(2)}…${Math.max(...ratios).toFixed(2)}`;
    const cpu = base.ticks > 0 ? (ticks / base.ticks).toFixed(2) : '-';
    say(`  ${name.padEnd(44)} wall ${(median(wall) / median(base.wall)).toFixed(2)} (${range})  cpu ${cpu}`);
  });
}

function startSandbox() {
  const child = spawn(node, [rlctl, 'sandbox', 'up', '--json'], {
    env,
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    let text = '';
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the sandbox ended with ${code}`)));
    child.stdout.on('data', (chunk) => {
      text += chunk;
      if (text.endsWith('}\n')) resolve({ child, facts: JSON.parse(text) });
    });
  });
}

function document(routes) {
  const entries = Array.from({ length: routes }, (_, index) => [
    `/api/bench/${index}/items`,
    { rate: 60 + (index % 60), burst: 10 },
  ]);
  return JSON.stringify(Object.fromEntries(entries));
}

function incident(facts, routes) {
  const port = new URL(facts.redisUrl).port;
  const key = `${facts.namespace}:rl:overrides`;
  const route = routes === 0 ? '/api/search' : '/api/bench/0/items';
  const secret = join(folder, 'rlctl', 'sandbox', 'secret');
  const file = join(folder, 'document.json');
  writeFileSync(file, document(routes));
  execFileSync('sh', [
    '-c',
    `redis-cli -p ${port} -x SET '${key}' <'${file}' >/dev/null; redis-cli -p ${port} DEL '{${key}}:history' >/dev/null`,
  ]);
  const rate = (round) => String(100 + round);
  const recipe = [
    'bash',
    join(root, 'test', 'bench', 'recipe.sh'),
    port,
    key,
    route,
    rate,
    '20',
    facts.origin,
    facts.basePath,
    secret,
  ];
  const change = [
    '-e',
    'sandbox',
    'override',
    'set',
    route,
    '--burst',
    '20',
    '--reason',
    'bench',
    '--rate',
    (round) => String(200 + round),
  ];
  compare(`set + reload + proof, ${routes === 0 ? 1 : routes} ${routes > 1 ? 'routes' : 'route'}`, [
    { name: 'shell recipe (no comparison, no history, no proof)', argv: recipe },
    { name: 'rlctl override set', argv: [node, rlctl, ...change] },
  ]);
}

/** An emergency against one change with its proof; what it put into shadow is put back before each round. */
function panic(facts) {
  const port = new URL(facts.redisUrl).port;
  const key = `${facts.namespace}:rl:overrides`;
  const envFile = join(folder, 'rlctl', 'sandbox', 'limiter.env');
  const calm = readFileSync(envFile, 'utf8');
  const start = '{"/api/payments":{"rate":30,"burst":5},"/api/checkout":{"rate":30,"burst":5}}';
  const reset = () => {
    writeFileSync(envFile, calm);
    execFileSync('redis-cli', ['-p', port, 'SET', key, start]);
  };
  const set = ['override', 'set', '/api/payments', '--rate', (round) => String(200 + round)];
  const candidate = (name, args) => ({ name, argv: [node, rlctl, '-e', 'sandbox', ...args], before: reset });
  compare('panic bucket financial, to proven', [
    candidate('rlctl override set, with its proof', set),
    candidate('rlctl panic bucket financial --by overrides', ['panic', 'bucket', 'financial', '--by', 'overrides']),
    candidate('rlctl panic bucket financial (env file)', ['panic', 'bucket', 'financial']),
  ]);
}

try {
  compare('start-up', [
    { name: 'node -e 0', argv: [node, '-e', '0'] },
    { name: 'rlctl --version', argv: [node, rlctl, '--version'] },
    { name: 'rlctl --help', argv: [node, rlctl, '--help'] },
    { name: 'rlctl override set --help', argv: [node, rlctl, 'override', 'set', '--help'] },
    {
      name: 'one TAB: the verbs of a noun, in bash',
      argv: [node, rlctl, '__complete', 'bash', ' \t\n"\'><=;|&(:', '--', 'rlctl override s'],
    },
    {
      name: 'one TAB: the flags of a command, in zsh',
      argv: [node, rlctl, '__complete', 'zsh', '--', 'override', 'set', '--'],
    },
    { name: 'one TAB: environments, in fish', argv: [node, rlctl, '__complete', 'fish', '--', '-e', ''] },
    { name: 'rlctl help exit-codes', argv: [node, rlctl, 'help', 'exit-codes'] },
  ]);
  const { child, facts } = await startSandbox();
  child.removeAllListeners('exit');
  try {
    panic(facts);
    incident(facts, 0);
    incident(facts, 1000);
    incident(facts, 10_000);
  } finally {
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('close', resolve));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

// Runs of a runbook that are killed with SIGKILL at random moments, and gone on with: each must end in the state of an
// undisturbed run, with nothing done twice and the lease free. Real processes of the built program, a real Redis.
//   node test/reliability/runbook-kills.mjs --trials 200 --seed 1
import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';

const { values } = parseArgs({
  options: { trials: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } },
});
const trials = Number(values.trials);
const launcher = join(import.meta.dirname, '../../bin/rlctl.js');
const random = mulberry32(Number(values.seed));
const root = await mkdtemp(join(tmpdir(), 'rlctl-kills-'));
const project = join(root, 'project');
const marks = join(root, 'marks');
const touched = join(root, 'touched');
const env = (machine) => ({
  PATH: process.env.PATH,
  HOME: root,
  XDG_STATE_HOME: join(root, machine, 'state'),
  XDG_CONFIG_HOME: join(root, machine, 'config'),
  XDG_CACHE_HOME: join(root, 'cache'),
  RLCTL_ACTOR: `tester@${machine}`,
  RLCTL_CONFIG: join(project, 'rlctl.yaml'),
  RLCTL_ENV: 'trial',
});

/** A program that must not run twice takes its time, so that it is killed in the middle now and then. */
const program = `setTimeout(() => require('fs').appendFileSync(${JSON.stringify(marks)}, 'once\\n'), 30)`;
const runbook = {
  title: 'Every kind of step',
  summary: 'What a run can be killed in.',
  inputs: { rate: { type: 'integer' } },
  steps: [
    { id: 'look', title: 'A look', rlctl: ['override', 'list'] },
    { id: 'first', title: 'A change', rlctl: ['override', 'set', '/api/a', '--rate', '{{rate}}'] },
    {
      id: 'program',
      title: 'A program that must not run twice',
      exec: { argv: [process.execPath, '-e', program] },
      undo: { manual: 'Nothing.' },
    },
    { id: 'second', title: 'Another change', rlctl: ['override', 'set', '/api/b', '--burst', '3'] },
    { id: 'third', title: 'A change that is taken back', rlctl: ['override', 'set', '/api/c', '--rate', '7'] },
    { id: 'back', title: 'Taking it back', rlctl: ['override', 'undo'] },
    { id: 'lock', title: 'A lock', rlctl: ['lock', 'clear', '42', 'checkout'] },
    {
      id: 'touch',
      title: 'A program that may run twice',
      exec: { argv: ['touch', touched], repeatable: true },
      undo: { manual: 'Nothing.' },
    },
    { id: 'quiet', title: 'Shadow', rlctl: ['shadow', 'on', '--route', '/api/a'] },
    { id: 'proof', title: 'A proof', rlctl: ['verify'] },
  ],
};

const sandbox = await startSandbox();
const redis = async (...args) =>
  (await promisify(execFile)('redis-cli', ['-u', sandbox.redisUrl, ...args])).stdout.replace(/\n$/, '');
const key = `${sandbox.namespace}:rl:overrides`;
const lockOf = (user) => `${sandbox.namespace}:lock:${user}:checkout`;
const failures = [];
const counts = { kills: 0, resumes: 0, answers: 0, takeOvers: 0, anew: 0 };
try {
  await writeProject();
  await reset();
  const startedMs = performance.now();
  const undisturbed = await rlctl('here', ['runbook', 'run', 'every-kind', '-i', 'rate=10', '--json']);
  const wholeMs = performance.now() - startedMs;
  if (undisturbed.code !== 0) throw new Error(`the undisturbed run ended with ${undisturbed.code}: ${undisturbed.err}`);
  const wanted = await finalState();
  for (let trial = 1; trial <= trials; trial += 1) {
    const said = await oneTrial(wholeMs, wanted);
    if (said !== null) failures.push(`trial ${trial}: ${said}`);
    if (trial % 20 === 0) process.stderr.write(`${trial} of ${trials}, ${failures.length} failed\n`);
  }
} finally {
  await sandbox.stop();
  await rm(root, { recursive: true, force: true });
}
for (const each of failures) process.stderr.write(`${each}\n`);
const words = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
process.stdout.write(
  `runbook-kills: ${trials} trials, seed ${values.seed}: ${failures.length} failed (${words.join(', ')})\n`,
);
process.exitCode = failures.length === 0 && counts.kills > 0 ? 0 : 1;

/** Runs, kills, goes on until the run is at its end; what is wrong then, `null`: nothing. */
async function oneTrial(wholeMs, wanted) {
  await reset();
  let id = null;
  let machine = 'here';
  let kills = 1 + Math.floor(random() * 3);
  let choices = [];
  for (let turn = 0; turn < 30; turn += 1) {
    const isElsewhere = id !== null && random() < 0.2;
    if (isElsewhere) machine = machine === 'here' ? 'there' : 'here';
    const how = isElsewhere ? ['--take-over'] : [];
    if (isElsewhere) counts.takeOvers += 1;
    const line =
      id === null
        ? ['runbook', 'run', 'every-kind', '-i', 'rate=10', '--json']
        : ['runbook', 'resume', id, '--json', ...how, ...choices];
    if (id !== null) counts.resumes += 1;
    const killAfterMs = kills > 0 ? random() * wholeMs : null;
    const ended = await rlctl(machine, line, killAfterMs);
    if (ended.isKilled) {
      kills -= 1;
      counts.kills += 1;
      // A program that the killed one had started goes on by itself.
      await new Promise((resolve) => setTimeout(resolve, 120));
      choices = choices.filter((each) => !['--again', '--done', 'program'].includes(each));
    }
    if (id === null) {
      id = await newestRun();
      if (id === null && ended.isKilled) counts.anew += 1;
      if (id === null && !ended.isKilled) return `no run is known: ${ended.err}`;
      if (id === null) continue;
    }
    if (ended.isKilled) continue;
    const error = ended.err.includes('"error"') ? JSON.parse(ended.err.trim().split('\n').at(-1)).error : null;
    if (ended.code === 0 || error?.code === 'RUN_OVER') return judge(id, wanted);
    if (error?.code === 'RUN_WAITS' && error.details.step === 'program') {
      counts.answers += 1;
      const isDone = (await linesOf(marks)) > 0;
      choices = [isDone ? '--done' : '--again', 'program'];
    } else if (error?.code === 'RUN_DRIVEN') machine = machine === 'here' ? 'there' : 'here';
    else return `${line.join(' ')} ended with ${ended.code}: ${ended.err}${ended.out.slice(-600)}`;
  }
  return `run ${id} came to no end`;
}

async function judge(id, wanted) {
  const found = await finalState();
  if (JSON.stringify(found) !== JSON.stringify(wanted))
    return `run ${id} left ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`;
  const operations = await redis('HGETALL', `{${key}}:operations`);
  if (operations.includes(`lease run:${id}`)) return `the lease of run ${id} is not free`;
  return null;
}

/** Everything that a run leaves behind. */
async function finalState() {
  const entries = (await redis('XRANGE', `{${key}}:history`, '-', '+')).split('\n');
  const commands = entries.filter((line) => line.startsWith('{"v":1')).map((line) => JSON.parse(line));
  const served = JSON.parse((await rlctl('here', ['verify', '--json'])).out);
  return {
    document: await redis('GET', key),
    changes: commands.map(({ command, partOf }) => [command, partOf.map(({ kind, step }) => `${kind} ${step}`)]),
    marks: await linesOf(marks),
    touched: await linesOf(touched),
    lock: await redis('EXISTS', lockOf('42')),
    otherLock: await redis('GET', lockOf('43')),
    proof: served.proof.verdict,
  };
}

async function newestRun() {
  const { runs } = JSON.parse((await rlctl('here', ['runbook', 'log', '--json', '--limit', '1'])).out);
  return runs[0]?.run ?? null;
}

async function reset() {
  await redis('FLUSHALL');
  await redis('SET', lockOf('42'), 'stuck', 'PX', '3600000');
  await redis('SET', lockOf('43'), 'at work', 'PX', '3600000');
  for (const machine of ['here', 'there'])
    await rm(join(root, machine, 'state', 'rlctl', 'runs'), { recursive: true, force: true });
  for (const file of [marks, touched]) await rm(file, { force: true });
  const ran = await rlctl('here', ['reload', '--no-verify']);
  if (ran.code !== 0) throw new Error(`the sandbox could not be reset: ${ran.err}`);
}

async function linesOf(path) {
  const text = await readFile(path, 'utf8').catch(() => null);
  return text === null ? 0 : Math.max(1, text.split('\n').length - 1);
}

async function writeProject() {
  const environment = {
    api: sandbox.origin,
    namespace: sandbox.namespace,
    redis: sandbox.redisUrl,
    secret: { file: join(root, 'sandbox', 'state', 'rlctl', 'sandbox', 'secret') },
    workers: 1,
    buckets: { read: { routes: ['/api'] } },
  };
  await mkdir(join(project, 'runbooks'), { recursive: true });
  await writeFile(join(project, 'rlctl.yaml'), JSON.stringify({ environments: { trial: environment } }), {
    mode: 0o600,
  });
  await writeFile(join(project, 'runbooks', 'every-kind.yaml'), JSON.stringify(runbook));
}

/** The sandbox of the built program, registered in a state folder of its own. */
async function startSandbox() {
  const child = spawn(process.execPath, [launcher, 'sandbox', 'up', '--json', '--namespace', 'kills'], {
    env: { ...env('sandbox'), RLCTL_CONFIG: undefined, RLCTL_ENV: undefined },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const facts = await new Promise((resolve, reject) => {
    let out = '';
    child.once('close', (code) => reject(new Error(`the sandbox ended with ${code}`)));
    child.stdout.setEncoding('utf8').on('data', (text) => {
      out += text;
      if (out.endsWith('}\n')) resolve(JSON.parse(out));
    });
  });
  const stop = () =>
    new Promise((resolve) => {
      child.removeAllListeners('close').once('close', resolve);
      child.kill('SIGTERM');
    });
  return { ...facts, stop };
}

/** Runs the built program; killed after so many milliseconds, unless that is `null`. */
function rlctl(machine, args, killAfterMs = null) {
  const child = spawn(process.execPath, [launcher, ...args], {
    env: env(machine),
    cwd: project,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => void (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => void (said.err += text));
  const timer = killAfterMs === null ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  return new Promise((resolve) => {
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, ...said, isKilled: signal === 'SIGKILL' });
    });
  });
}

function mulberry32(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

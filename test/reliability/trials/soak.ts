// Random commands of every kind by several processes at once, on a control plane and a Redis whose connections fail again and
// again: is anything lost, does a process stay longer than it may, or take more memory than it may?
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { chances } from '../chances.js';
import { assertHeld, readEntries } from '../oracle.js';
import { startCli, type CliEnd } from '../../support/cli.js';
import { startFaultProxy, type FaultProxy, type FaultRule } from '../../support/fault-proxy.js';
import { labHistoryKey, labKey, openLab, type Lab } from '../../support/lab.js';
import type { Shard, Trial, UnitOutcome } from '../trial.js';

const sizes = { full: { seconds: 55, processes: 6 }, quick: { seconds: 8, processes: 3 } };
const deadlineMs = 4000;
/** How much later than its deadline a process may end, beside the time for which the machine kept it from running. */
const graceMs = 500;
const mostMebibytes = 150;
/** How much longer a unit goes on where the machine was too slow for a load at all. */
const patienceMs = 20_000;

type Chance = () => number;

const pick = <Item>(chance: Chance, list: readonly Item[]): Item => list[Math.floor(chance() * list.length)] as Item;
const upTo = (chance: Chance, most: number): number => 1 + Math.floor(chance() * most);
const routeOf = (chance: Chance): string => `/api/${Math.floor(chance() * 10)}`;
const entry = (chance: Chance) => ({ prefix: routeOf(chance), rate: upTo(chance, 60_000), burst: upTo(chance, 100) });

/** A file that says what an owner wants, each route once. */
function fileOf(chance: Chance, owner: string): string {
  const entries = new Map(
    Array.from({ length: upTo(chance, 4) }, () => entry(chance)).map((each) => [each.prefix, each]),
  );
  return JSON.stringify({ apiVersion: 'rlctl/v1', kind: 'Overrides', owner, overrides: [...entries.values()] });
}

/** Runs the tool, once; what it said as JSON. */
type Ask = (args: readonly string[], stdin?: string) => Promise<Ended>;

interface Ended extends CliEnd {
  /** How much later than its deadline it ended, beside what kept it from running; negative: earlier. */
  readonly lateMs: number;
}

interface Command {
  /** How often it is chosen, beside the others. */
  readonly weight: number;
  readonly args: readonly string[] | ((chance: Chance) => readonly string[]);
  /** What its stdin holds. */
  readonly stdin?: (chance: Chance) => string;
}

const rate = (chance: Chance): string => String(upTo(chance, 60_000));
const burst = (chance: Chance): string => String(upTo(chance, 100));

const writes: readonly Command[] = [
  { weight: 8, args: (chance) => ['override', 'set', routeOf(chance), '--rate', rate(chance)] },
  { weight: 4, args: (chance) => ['override', 'set', routeOf(chance), '--burst', burst(chance), '--for', '1s'] },
  { weight: 4, args: (chance) => ['override', 'unset', routeOf(chance)] },
  { weight: 3, args: ['override', 'apply', '-f', '-'], stdin: (chance) => fileOf(chance, 'apply') },
  { weight: 3, args: ['override', 'sync', '-f', '-'], stdin: (chance) => fileOf(chance, 'sync') },
  { weight: 4, args: ['override', 'undo'] },
  { weight: 4, args: ['override', 'expire'] },
  { weight: 2, args: (chance) => ['shadow', 'on', '--route', routeOf(chance)] },
  { weight: 2, args: (chance) => ['shadow', 'off', '--route', routeOf(chance)] },
  { weight: 2, args: (chance) => ['panic', 'route', routeOf(chance)] },
  { weight: 1, args: ['panic', 'bucket', 'read', '--include-others'] },
];

/** What writes and needs to know first what is there. */
const restore: Command = { weight: 3, args: ['panic', 'restore'] };

const reads: readonly Command[] = [
  { weight: 2, args: ['override', 'dump'] },
  { weight: 3, args: ['override', 'list'] },
  { weight: 2, args: ['override', 'history'] },
  { weight: 2, args: ['override', 'lint'] },
  { weight: 2, args: ['audit', 'verify'] },
  { weight: 3, args: ['verify'] },
  { weight: 1, args: ['status'] },
  { weight: 1, args: ['doctor'] },
  { weight: 3, args: ['reload'] },
];

const all = [...writes, restore, ...reads].flatMap((command) => Array.from({ length: command.weight }, () => command));

/** What a connection may meet, each for a moment; the texts are what comes instead of an answer. */
const faults: readonly ((chance: Chance) => Omit<FaultRule, 'at'>)[] = [
  () => ({ action: 'reset' }),
  () => ({ action: 'close' }),
  () => ({ action: 'halfClose' }),
  (chance) => ({ action: 'cut', bytes: upTo(chance, 200) }),
  (chance) => ({ action: 'cutClose', bytes: upTo(chance, 200) }),
  () => ({ action: 'halfReset' }),
  (chance) => ({ action: 'limit', bytes: upTo(chance, 4000) }),
  (chance) => ({ action: 'refuse', delayMs: upTo(chance, 500) }),
  () => ({ action: 'silence' }),
  () => ({ action: 'half' }),
  (chance) => ({ action: 'delay', delayMs: upTo(chance, 6000) }),
  (chance) => ({ action: 'latency', delayMs: upTo(chance, 400) }),
  (chance) => ({ action: 'bandwidth', bytesPerSecond: 500 * upTo(chance, 20) }),
  (chance) => ({ action: 'slicer', bytes: upTo(chance, 20), delayMs: 2 }),
  (chance) => ({ action: 'slowClose', delayMs: upTo(chance, 3000) }),
];

const faultOf = (chance: Chance): FaultRule => ({
  ...pick(chance, faults)(chance),
  at: pick(chance, ['connect', 'request', 'reply'] as const),
});

/** What one process did. */
interface Done {
  readonly args: readonly string[];
  readonly isWrite: boolean;
  readonly end: Ended;
  /** The change that it tells of; `null`: none. */
  readonly changeId: string | null;
  readonly errorCode: string | null;
}

interface Shown {
  readonly changeId?: string | null;
  readonly change?: { readonly changeId?: string | null } | null;
  readonly error?: { readonly code: string; readonly details?: { readonly changeId?: string } };
}

function doneOf(args: readonly string[], isWrite: boolean, end: Ended): Done {
  const lines = end.err.trim().split('\n');
  const text = end.out.trim() === '' ? (lines.find((line) => line.startsWith('{"error"')) ?? '{}') : end.out;
  const shown = JSON.parse(text) as Shown;
  const changeId = shown.changeId ?? shown.change?.changeId ?? shown.error?.details?.changeId ?? null;
  return { args, isWrite, end, changeId, errorCode: shown.error?.code ?? null };
}

/** How a command may end, whatever its connections met. */
const writeCodes = [0, 2, 4, 5, 6, 7, 8, 9];
const readCodes = [0, 3, 4, 6, 7, 8];

const saidBy = ({ err, out }: CliEnd): string => (err || out).replaceAll(/\s+/g, ' ').slice(0, 500);

/** What is wrong with how one process ended. */
function faultsOf(
  { args, isWrite, end, changeId, errorCode }: Done,
  written: ReadonlyMap<string, number>,
): readonly string[] {
  const command = args.join(' ');
  const count = changeId === null ? 0 : (written.get(changeId) ?? 0);
  const isSaid = changeId !== null && (end.code === 0 || end.code === 8);
  const isDenied = changeId !== null && ![0, 8, 9].includes(end.code ?? -1);
  const ended = `ended with ${end.code ?? end.signal}${errorCode === null ? '' : ` ${errorCode}`}`;
  return [
    ...((isWrite ? writeCodes : readCodes).includes(end.code ?? -1) ? [] : [`"${command}" ${ended}: ${saidBy(end)}`]),
    ...(isSaid && count !== 1
      ? [`"${command}" ${ended}; its change ${changeId} is ${count} times in the history`]
      : []),
    ...(isDenied && count > 0 ? [`"${command}" ${ended}; its change ${changeId} is in the history all the same`] : []),
  ];
}

const times = (ids: readonly string[]): ReadonlyMap<string, number> =>
  ids.reduce((counts, id) => counts.set(id, (counts.get(id) ?? 0) + 1), new Map<string, number>());

/** The tool on a control plane whose connections all go through proxies. */
interface Stage {
  readonly lab: Lab;
  readonly proxies: readonly FaultProxy[];
  readonly env: Readonly<Record<string, string>>;
  /** Where each process leaves how it fared. */
  readonly lives: string;
  /** Over all processes. */
  readonly seen: { count: number; mostMebibytes: number; latestMs: number };
}

async function openStage(lab: Lab): Promise<Stage> {
  const redis = await startFaultProxy(lab.redis.port);
  const api = await startFaultProxy(Number(new URL(lab.sandbox.origin).port));
  const reached = { api: `http://127.0.0.1:${api.port}`, redis: `redis://127.0.0.1:${redis.port}/0` };
  const config = await lab.world.config('soak.yaml', { environments: { soak: { ...lab.environment, ...reached } } });
  const lives = join(lab.world.root, 'lives');
  await mkdir(lives);
  const preloads = ['peak-memory.cjs', 'process-life.cjs'].map((name) =>
    join(import.meta.dirname, '../../support', name),
  );
  const loading = preloads.map((path) => `--require ${path}`).join(' ');
  const env = { ...lab.world.env, RLCTL_CONFIG: config, RLCTL_TIMEOUT: `${deadlineMs}ms`, NODE_OPTIONS: loading };
  return { lab, proxies: [redis, api], env, lives, seen: { count: 0, mostMebibytes: 0, latestMs: -deadlineMs } };
}

interface Life {
  readonly ranMs: number;
  readonly lagMs: number;
}

/** How much later than its deadline it ended, negative: earlier. Of one that had to be killed nothing is known but its time. */
async function latenessMs(lifeFile: string, { tookMs }: CliEnd): Promise<number> {
  const text = await readFile(lifeFile, 'utf8').catch(() => JSON.stringify({ ranMs: tookMs, lagMs: 0 }));
  const { ranMs, lagMs } = JSON.parse(text) as Life;
  return ranMs - lagMs - deadlineMs;
}

function asker({ lab, env, lives, seen }: Stage): Ask {
  return async (args, stdin) => {
    const path = join(lives, String((seen.count += 1)));
    const files = { PEAK_FILE: `${path}.peak`, LIFE_FILE: `${path}.life` };
    const { child, ended } = startCli([...args, '--json'], {
      env: { ...env, ...files },
      cwd: lab.world.cwd,
      ...(stdin !== undefined && { stdin }),
    });
    // One that hangs is ended here, and is late by much.
    const timer = setTimeout(() => child.kill('SIGKILL'), 5 * deadlineMs);
    const end = await ended;
    clearTimeout(timer);
    const kibibytes = Number(await readFile(files.PEAK_FILE, 'utf8').catch(() => '0'));
    const lateMs = await latenessMs(files.LIFE_FILE, end);
    seen.mostMebibytes = Math.max(seen.mostMebibytes, kibibytes / 1024);
    seen.latestMs = Math.max(seen.latestMs, lateMs);
    return { ...end, lateMs };
  };
}

/** One of the open panics, to restore it; none open: nothing is named. */
async function panicTo(ask: Ask, chance: Chance): Promise<readonly string[]> {
  const { code, out } = await ask(['panic', 'list']);
  if (code !== 0) return [];
  const { panics } = JSON.parse(out) as { panics: readonly { panicId: string; isOpen: boolean }[] };
  const open = panics.filter(({ isOpen }) => isOpen);
  return open.length === 0 ? [] : [pick(chance, open).panicId];
}

async function work(ask: Ask, chance: Chance, isOver: () => boolean, done: Done[]): Promise<void> {
  while (!isOver()) {
    const command = pick(chance, all);
    const named = typeof command.args === 'function' ? command.args(chance) : command.args;
    const args = command === restore ? [...named, ...(await panicTo(ask, chance))] : named;
    done.push(doneOf(args, !reads.includes(command), await ask(args, command.stdin?.(chance))));
  }
}

async function trouble(proxies: readonly FaultProxy[], chance: Chance, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    await sleep(upTo(chance, 2000));
    pick(chance, proxies).inject(faultOf(chance));
  }
  for (const proxy of proxies) proxy.clear();
}

/** When all is calm again: nothing is left to end, the history is whole, and what is stored is in force. */
async function calm(ask: Ask): Promise<readonly Done[]> {
  const done: Done[] = [];
  for (const args of [['override', 'expire'], ['reload'], ['audit', 'verify'], ['verify']])
    done.push(doneOf(args, args.includes('expire'), await ask(args)));
  return done;
}

function calmFaults(done: readonly Done[]): readonly string[] {
  return done
    .filter(({ end }) => end.code !== 0)
    .map(({ args, end }) => `in the calm after it "${args.join(' ')}" ended with ${end.code}: ${saidBy(end)}`);
}

async function unit(stage: Stage, index: number, { seed, isQuick, progress }: Shard): Promise<UnitOutcome> {
  const { seconds, processes } = isQuick ? sizes.quick : sizes.full;
  const { proxies, seen } = stage;
  const ask = asker(stage);
  const endMs = performance.now() + seconds * 1000;
  const done: Done[] = [];
  const late = (): number => done.filter(({ end }) => end.lateMs > graceMs).length;
  // Where processes stay, one after the other is of no more use.
  const isOver = (): boolean =>
    late() >= 3 || performance.now() >= endMs + (done.length < 4 * processes ? patienceMs : 0);
  const struck = (): number => proxies.reduce((sum, proxy) => sum + proxy.struck, 0);
  const ticker = setInterval(() => {
    const left = Math.max(0, Math.ceil((endMs - performance.now()) / 1000));
    const peak = `${Math.round(seen.mostMebibytes)} MiB`;
    progress(`now ${done.length} commands, ${struck()} faults, ${peak}, ${left} s left`);
  }, 500);
  try {
    const crew = Array.from({ length: processes }, (_, at) =>
      work(ask, chances(seed, 'soak', index, at), isOver, done),
    );
    await Promise.all([...crew, trouble(proxies, chances(seed, 'soak', index, 'faults'), isOver)]);
  } finally {
    clearInterval(ticker);
  }
  return judged({ stage, done, after: late() > 0 ? [] : await calm(ask) });
}

interface Told {
  readonly stage: Stage;
  readonly done: readonly Done[];
  readonly after: readonly Done[];
}

async function judged({ stage, done, after }: Told): Promise<UnitOutcome> {
  const { lab, seen, proxies } = stage;
  const redis = new Redis(lab.redis.port, '127.0.0.1');
  try {
    const entries = await readEntries(redis, labHistoryKey);
    const changes = entries.filter(({ kind }) => kind === 'change').map(({ id }) => id);
    const written = times(changes);
    const held = await assertHeld({ redis, key: labKey, first: null });
    const told = new Set([...done, ...after].map(({ changeId }) => changeId));
    const strangers = changes.filter((id) => !told.has(id));
    const late = done.filter(({ end }) => end.lateMs > graceMs);
    const codes = times(done.map(({ end }) => `exit ${end.code ?? end.signal}`));
    return {
      counts: {
        'commands run': done.length,
        'faults struck': proxies.reduce((sum, proxy) => sum + proxy.struck, 0),
        'changes acknowledged': done.filter(({ end, changeId }) => end.code === 0 && changeId !== null).length,
        ...Object.fromEntries([...codes].sort(([one], [other]) => one.localeCompare(other))),
        ...held.counts,
        'processes that ended too late': late.length,
      },
      most: {
        'peak memory of a process, MiB': seen.mostMebibytes,
        [`ms that a process ran, its deadline being ${deadlineMs}`]: seen.latestMs + deadlineMs,
      },
      faults: [
        ...held.faults,
        ...done.flatMap((each) => faultsOf(each, written)),
        ...strangers.map((id) => `nobody was told of change ${id}`),
        ...late.map(
          ({ args, end }) =>
            `"${args.join(' ')}" ended ${Math.round(end.lateMs)} ms after its deadline, of ${Math.round(end.tookMs)} ms in all`,
        ),
        ...(seen.mostMebibytes < mostMebibytes
          ? []
          : [`a process took ${Math.round(seen.mostMebibytes)} MiB, ${mostMebibytes} or more`]),
        ...calmFaults(after),
      ],
    };
  } finally {
    redis.disconnect();
  }
}

export const soak: Trial = {
  name: 'soak',
  about: `random commands of every kind by 6 processes at once while connections fail: no change lost, doubled or untold, each process at its end ${graceMs} ms after its deadline at the latest, none over ${mostMebibytes} MiB`,
  units: 10,
  quick: 1,
  least: { 'commands run': 500, 'faults struck': 150, 'changes acknowledged': 100 },
  leastQuick: { 'commands run': 10, 'faults struck': 3, 'changes acknowledged': 2 },
  open: async (shard) => ({
    unit: async (index) => {
      const lab = await openLab();
      const stage = await openStage(lab);
      try {
        return await unit(stage, index, shard);
      } finally {
        await Promise.all(stage.proxies.map((proxy) => proxy.stop()));
        await lab.stop();
      }
    },
    close: async () => ({ counts: {}, faults: [] }),
  }),
};

// Where output goes: a slow pipe, a reader that leaves, a full disk, a stream that is closed. Real processes only.
import { spawn, type StdioOptions } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { childEnv, launcher } from '../../support/cli.js';
import { startRedis } from '../../support/redis-server.js';
import { openWorld, type World } from '../../support/world.js';
import type { Trial, UnitOutcome } from '../trial.js';

const namespace = 'streams';
const key = `${namespace}:rl:overrides`;
/** Of a little over 5 MB as JSON; and a short one, still many times what a pipe holds. */
const entries = { full: 13_000, quick: 2500 };

/** How a process ended. */
interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: Buffer;
  readonly err: string;
}

interface Place {
  readonly world: World;
  readonly redis: Redis;
  /** What each listing is when it is written to a file: nothing else is done to it there. */
  readonly whole: Map<string, Buffer>;
}

/** Runs it with this stdout and stderr: `pipe` is read as fast as `pace` says, a path is opened. */
interface Sink {
  readonly out?: string;
  readonly err?: string;
  /** After each piece that was read; false: the reader leaves. */
  readonly pace?: (bytesSoFar: number) => Promise<boolean>;
}

async function run(world: World, args: readonly string[], sink: Sink): Promise<End> {
  const files = await Promise.all(
    [sink.out, sink.err].map(async (path) => (path === undefined ? null : open(path, 'w'))),
  );
  const [out, err] = files.map((file) => file?.fd ?? 'pipe');
  const stdio = ['ignore', out, err] as StdioOptions;
  const child = spawn(process.execPath, [launcher, ...args], { env: childEnv(world.env), cwd: world.cwd, stdio });
  const seen = { pieces: [] as Buffer[], bytes: 0, err: '' };
  child.stderr?.on('data', (piece: Buffer) => void (seen.err += piece.toString()));
  const { stdout } = child;
  stdout?.on('data', (piece: Buffer) => {
    seen.pieces.push(piece);
    seen.bytes += piece.length;
    if (sink.pace === undefined) return;
    stdout.pause();
    void sink.pace(seen.bytes).then((goesOn) => (goesOn ? stdout.resume() : stdout.destroy()));
  });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (...ended) => resolve(ended));
  });
  for (const file of files) await file?.close();
  return { code, signal, out: Buffer.concat(seen.pieces), err: seen.err };
}

/** The same with a stream closed, as only a shell does it. */
async function runClosed(world: World, args: readonly string[], closed: string): Promise<End> {
  const script = `"$0" "$@" ${closed}`;
  const child = spawn('bash', ['-c', script, process.execPath, launcher, ...args], {
    env: childEnv(world.env),
    cwd: world.cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const seen = { out: [] as Buffer[], err: '' };
  child.stdout.on('data', (piece: Buffer) => void seen.out.push(piece));
  child.stderr.on('data', (piece: Buffer) => void (seen.err += piece.toString()));
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (...ended) => resolve(ended));
  });
  return { code, signal, out: Buffer.concat(seen.out), err: seen.err };
}

const list = (...more: readonly string[]): readonly string[] => ['override', 'list', ...more, '--timeout', '60s'];
const listings: readonly (readonly string[])[] = [
  list('--json'),
  list('-o', 'yaml'),
  list('-o', 'ndjson'),
  list(),
  list('--jq', '.overrides'),
  list('--jq', '.overrides[].prefix'),
];

/** The listing as it is in a file. */
async function wholeOf({ world, whole }: Place, args: readonly string[]): Promise<Buffer> {
  const name = args.join(' ');
  const known = whole.get(name);
  if (known !== undefined) return known;
  const path = join(world.root, 'whole');
  const { code } = await run(world, args, { out: path });
  if (code !== 0) throw new Error(`${name} into a file ended with ${code}`);
  const bytes = await readFile(path);
  whole.set(name, bytes);
  return bytes;
}

/** A listing goes somewhere; what is wrong with that, nothing: it held. */
type Way = (place: Place, args: readonly string[], chance: () => number) => Promise<readonly string[]>;

const expected = (wrong: readonly (readonly [boolean, string])[]): readonly string[] =>
  wrong.flatMap(([isRight, text]) => (isRight ? [] : [text]));

const pauseMs = (ms: number): Promise<boolean> => new Promise((resolve) => setTimeout(() => resolve(true), ms));

const ended = ({ code, signal, err }: End): string => `exit ${code ?? signal}, "${err.slice(0, 300)}"`;

const ways: Readonly<Record<string, Way>> = {
  'a slow pipe': async (place, args, chance) => {
    const whole = await wholeOf(place, args);
    const end = await run(place.world, args, { pace: () => pauseMs(chance() < 0.1 ? 20 : 0) });
    return expected([
      [end.out.equals(whole), `${end.out.length} of ${whole.length} bytes arrived`],
      [end.code === 0 && end.err === '', ended(end)],
    ]);
  },
  'a reader that leaves': async (place, args, chance) => {
    const whole = await wholeOf(place, args);
    const enough = Math.floor(chance() * Math.min(whole.length / 2, 200_000));
    const end = await run(place.world, args, { pace: async (bytes) => bytes < enough });
    return expected([
      [end.out.equals(whole.subarray(0, end.out.length)), 'what it had read is not how the listing begins'],
      [end.out.length < whole.length, 'it had read everything before it left'],
      [end.code === 0 && end.err === '', ended(end)],
    ]);
  },
  'head -1': async (place, args) => {
    const whole = await wholeOf(place, args);
    const end = await runClosed(place.world, args, '| head -1; exit "${PIPESTATUS[0]}"');
    return expected([
      [end.out.equals(whole.subarray(0, whole.indexOf(10) + 1)), `the line is "${end.out.toString().slice(0, 100)}"`],
      [end.code === 0 && end.err === '', ended(end)],
    ]);
  },
  'a full disk': async (place, args) => {
    const end = await run(place.world, args, { out: '/dev/full' });
    return expected([
      [end.code === 1, ended(end)],
      [/could not be written \(ENOSPC\)/.test(end.err), `its error does not name the cause: ${end.err}`],
      [/\S/.test(end.err) && !/^\s+at |defect of rlctl/m.test(end.err), `it is called a defect: ${end.err}`],
    ]);
  },
  'a closed stdout': async (place, args) => {
    const end = await runClosed(place.world, args, '>&-');
    return expected([[end.code === 0 && end.err === '', ended(end)]]);
  },
  'a full disk under stderr': async (place, args) => {
    const whole = await wholeOf(place, args);
    const end = await run(place.world, args, { err: '/dev/full' });
    return expected([[end.code === 0 && end.out.equals(whole), `${end.out.length} bytes, ${ended(end)}`]]);
  },
  'a closed stderr': async (place, args) => {
    const whole = await wholeOf(place, args);
    const end = await runClosed(place.world, args, '2>&-');
    return expected([[end.code === 0 && end.out.equals(whole), `${end.out.length} bytes, ${ended(end)}`]]);
  },
  'both closed': async (place, args) => {
    const end = await runClosed(place.world, args, '>&- 2>&-');
    return expected([[end.code === 0, ended(end)]]);
  },
  'a change, and a full disk': async (place, args, chance) => {
    const rate = 1 + Math.floor(chance() * 60_000);
    const format = args.includes('--json') ? ['--json'] : [];
    const set = ['override', 'set', '/streams', '--rate', String(rate), '--no-reload', '--timeout', '60s', ...format];
    const end = await run(place.world, set, { out: '/dev/full' });
    const stored = JSON.parse((await place.redis.get(key)) ?? '{}') as Record<string, { rate?: number }>;
    await place.redis.del(`{${key}}:history`, `{${key}}:meta`);
    return expected([
      [end.code === 1, ended(end)],
      [/run to its end \(exit 0\), but its result could not be written \(ENOSPC\)/.test(end.err), `it says ${end.err}`],
      [stored['/streams']?.rate === rate, 'the change was not stored'],
    ]);
  },
  'an error, and a full disk under stderr': async ({ world }) => {
    const end = await run(world, ['env', 'show', 'nowhere'], { err: '/dev/full' });
    return expected([[end.code === 2 && end.out.length === 0, ended(end)]]);
  },
  'the version, and a full disk': async ({ world }) => {
    const end = await run(world, ['--version'], { out: '/dev/full' });
    return expected([[end.code === 1 && /^error: [^\n]+ENOSPC[^\n]*\n$/.test(end.err), ended(end)]]);
  },
  'candidates for a shell, and a full disk': async ({ world }) => {
    const end = await run(world, ['__complete', 'fish', '--', 'over'], { out: '/dev/full' });
    return expected([[end.code === 0 && end.err === '', ended(end)]]);
  },
};

const total = Object.keys(ways).length * listings.length;
/** So that the first units are of all kinds. It has no divisor in common with the number of units. */
const stride = 13;

export const streams: Trial = {
  name: 'streams',
  about: `5 MB to ${Object.keys(ways).length} kinds of streams that are slow, full, closed or left: all bytes, silence, or the documented code`,
  units: total,
  quick: 12,
  least: { processes: total, MB: 80 },
  leastQuick: { processes: 12, MB: 2 },
  open: async ({ isQuick }) => {
    const [server, opened] = [await startRedis(), await openWorld()];
    const redis = new Redis(server.url);
    const env = { ...opened.env, RLCTL_REDIS_URL: server.url, RLCTL_NAMESPACE: namespace };
    const place = { world: { ...opened, env }, redis, whole: new Map<string, Buffer>() };
    const count = isQuick ? entries.quick : entries.full;
    const document = Array.from({ length: count }, (_, at) => `"/api/route-${at}":{"rate":60,"burst":10}`);
    return {
      unit: async (index, chance): Promise<UnitOutcome> => {
        const at = (index * stride) % total;
        const [name, way] = Object.entries(ways)[at % Object.keys(ways).length] as [string, Way];
        const args = listings[Math.floor(at / Object.keys(ways).length)] as readonly string[];
        await redis.set(key, `{${document.join(',')}}`);
        const faults = await way(place, args, chance);
        const bytes = place.whole.get(args.join(' '))?.length ?? 0;
        return {
          counts: { processes: 1, MB: Math.floor(bytes / 1_000_000) },
          faults: faults.map((fault) => `${args.join(' ')}, ${name}: ${fault}`),
        };
      },
      close: async () => {
        redis.disconnect();
        await server.stop();
        await opened.remove();
        return { counts: {}, faults: [] };
      },
    };
  },
};

import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { promisify } from 'node:util';
import { until } from './until.js';

const run = promisify(execFile);

/** One side of a line: a network of its own, which ends with it. */
export interface Side {
  readonly address: string;
  /** The words that start a program on this side: put before its own. */
  readonly by: readonly string[];
  /** Runs a program on this side; resolves to its stdout. */
  run(this: void, program: string, ...args: readonly string[]): Promise<string>;
  /** Starts a program on this side that goes on until the end. */
  start(program: string, ...args: readonly string[]): ChildProcess;
}

/** Two networks with one line between them, on which packets can be made to vanish: neither side is told. */
export interface TwoNetworks {
  readonly one: Side;
  readonly other: Side;
  cut(this: void): Promise<void>;
  heal(this: void): Promise<void>;
  stop(): Promise<void>;
}

/** From the range that is nobody's, and only inside the two networks. */
const addresses = ['192.0.2.1', '192.0.2.2'] as const;
const nowhere = '02:00:00:00:00:99';

/** Why this machine lets us make no network of our own; `null`: it does. */
export function whyNoNetworks(): string | null {
  const tried = spawnSync(
    'unshare',
    ['-n', 'sh', '-c', 'ip link add line type veth peer name line2 && which nsenter'],
    {
      encoding: 'utf8',
    },
  );
  if (tried.status === 0) return null;
  return (tried.error?.message ?? tried.stderr.trim()) || 'unshare, ip or nsenter is missing';
}

async function openSide(address: string): Promise<Side & { readonly pid: number; stop(): Promise<void> }> {
  const holder = spawn('unshare', ['-n', 'sleep', 'infinity'], { stdio: 'ignore' });
  const pid = holder.pid ?? 0;
  const by = ['nsenter', '-t', String(pid), '-n'];
  const words = by.slice(1);
  const children = new Set<ChildProcess>([holder]);
  const inside = async (program: string, ...args: readonly string[]): Promise<string> =>
    (await run('nsenter', [...words, program, ...args])).stdout;
  const ends = [new Promise((resolve) => holder.once('close', resolve))];
  // Before unshare has done its work, nsenter would find the network of everybody.
  const own = async (program: string): Promise<string> => (await run(program, ['/proc/self/ns/net'])).stdout;
  const outer = await own('readlink');
  await until(async () => (await run('readlink', [`/proc/${pid}/ns/net`])).stdout !== outer, 'a network of its own');
  await inside('ip', 'link', 'set', 'lo', 'up');
  return {
    address,
    by,
    pid,
    run: inside,
    start: (program, ...args) => {
      const child = spawn('nsenter', [...words, program, ...args], { stdio: 'ignore' });
      children.add(child);
      ends.push(new Promise((resolve) => child.once('close', resolve)));
      return child;
    },
    stop: async () => {
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(ends);
    },
  };
}

export async function openTwoNetworks(): Promise<TwoNetworks> {
  const [one, other] = [await openSide(addresses[0]), await openSide(addresses[1])];
  await one.run(
    'ip',
    'link',
    'add',
    'name',
    'line',
    'type',
    'veth',
    'peer',
    'name',
    'line',
    'netns',
    String(other.pid),
  );
  for (const { run: inside, address } of [one, other]) {
    await inside('ip', 'addr', 'add', `${address}/24`, 'dev', 'line');
    await inside('ip', 'link', 'set', 'line', 'up');
  }
  return {
    one,
    other,
    // Each goes on sending, to nobody.
    cut: async () => {
      for (const [from, to] of [[one, other] as const, [other, one] as const])
        await from.run('ip', 'neigh', 'replace', to.address, 'lladdr', nowhere, 'dev', 'line', 'nud', 'permanent');
    },
    heal: async () => {
      for (const [from, to] of [[one, other] as const, [other, one] as const])
        await from.run('ip', 'neigh', 'del', to.address, 'dev', 'line');
    },
    stop: async () => {
      await one.stop();
      await other.stop();
    },
  };
}

// Many writers on one document, and loops that end what is temporary: is an update ever lost, an end applied twice?
import { setTimeout as sleep } from 'node:timers/promises';
import type { CliRun } from '../../support/cli.js';
import { chances } from '../chances.js';
import { crowd } from '../crowd.js';
import type { Entry } from '../oracle.js';
import { kept, openStoreGround, ratesOf, setting, two, type StoreGround } from '../store-ground.js';
import type { Shard, Trial, UnitOutcome } from '../trial.js';

/** What changes a document of its own. */
type Rlctl = (...args: readonly string[]) => CliRun;

const shared = 4;
const sizes = { full: { size: 64, loops: 4, seconds: 10 }, quick: { size: 8, loops: 2, seconds: 4 } };
/** How long ends may take to be applied once the writers have stopped. */
const graceMs = 45_000;

type Kind = 'own' | 'shared' | 'end';

interface Step {
  readonly kind: Kind;
  readonly route: string;
  readonly seconds?: number;
}

interface Writer {
  readonly route: string;
  readonly chance: () => number;
  count: number;
  /** What it wrote to its own route, in order; of what is not known the history tells whether it was written. */
  readonly tries: { readonly rate: number; readonly isKnown: boolean; readonly id: string }[];
}

interface Seen {
  readonly done: { readonly kind: Kind; readonly route: string; readonly id: string }[];
  conflicts: number;
  timedOut: number;
  readonly unknown: string[];
  readonly failed: string[];
}

/** What a writer does next: its own route, one that others write as well, or something that ends by itself. */
function choose(chance: () => number, index: number, count: number): Step {
  const kind = chance();
  if (kind < 0.2) return { kind: 'end', route: `/t/${two(index)}/${count}`, seconds: 1 + Math.floor(chance() * 3) };
  if (kind < 0.35) return { kind: 'shared', route: `/shared/${Math.floor(chance() * shared)}` };
  return { kind: 'own', route: `/w/${two(index)}` };
}

async function write(rlctl: Rlctl, seen: Seen, writer: Writer, { index, size }: { index: number; size: number }) {
  const { route, kind, seconds } = choose(writer.chance, index, (writer.count += 1));
  // No two writers ever write the same: that would be no change, and leave no entry.
  const rate = 1 + ((writer.count * size + index) % 60_000);
  const lasting = kind === 'end' ? ['--for', `${seconds}s`] : [];
  const { code, out, err } = await rlctl(...setting(route, rate, ...lasting)).ended;
  if (code === 0) {
    const { changeId: id } = JSON.parse(out) as { changeId: string };
    seen.done.push({ kind, route, id });
    if (kind === 'own') writer.tries.push({ rate, isKnown: true, id });
  } else if (code === 5 && kind === 'shared') seen.conflicts += 1;
  // A machine under such a load may keep a process waiting for longer than its deadline: nothing may be written then.
  else if (code === 7) seen.timedOut += 1;
  // The write was sent and its answer never came: it is said so, with the id by which the history tells.
  else if (code === 9) {
    const { changeId: id } = (JSON.parse(err) as { error: { details: { changeId: string } } }).error.details;
    seen.unknown.push(id);
    if (kind === 'own') writer.tries.push({ rate, isKnown: false, id });
  } else seen.failed.push(`exit ${code}: ${err.slice(0, 300)}`);
}

interface Told {
  readonly writers: readonly Writer[];
  readonly entries: readonly Entry[];
  readonly last: Buffer;
  readonly seen: Seen;
}

/** How often each is there. */
function times(list: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const each of list) counts.set(each, (counts.get(each) ?? 0) + 1);
  return counts;
}

const rateIn = (raw: string | null | undefined): number | null =>
  raw === null || raw === undefined ? null : ((JSON.parse(raw) as { rate?: number }).rate ?? null);

/** Everything that is counted, once the history is read. */
function judge({ writers, entries, last, seen }: Told) {
  const changes = entries.flatMap(({ id, timeMs, body }) => (body === null ? [] : [{ id, timeMs, body }]));
  const written = times(changes.map(({ id }) => id));
  const touches = changes.flatMap(({ body, timeMs }) => body.routes.map((touch) => ({ ...touch, timeMs, body })));
  const acknowledged = seen.done.filter(({ id }) => written.get(id) !== 1).length;
  const document = JSON.parse(String(last)) as Record<string, { rate?: number } | undefined>;
  const overwritten = writers.map(({ route, tries }) => {
    const rates = tries.filter(({ isKnown, id }) => isKnown || written.has(id)).map(({ rate }) => rate);
    const found = touches.filter((touch) => touch.route === route).map(({ before }) => rateIn(before));
    const differing = [null, ...rates.slice(0, -1)].filter((rate, at) => rates.length > 0 && found[at] !== rate);
    return differing.length + (document[route]?.rate === rates.at(-1) ? 0 : 1);
  });
  // As the history has them: those of an unknown outcome too.
  const ends = [...new Set(touches.map(({ route }) => route).filter((route) => route.startsWith('/t/')))];
  const once = ends.filter((end) => {
    const [set, ...after] = touches.filter(({ route }) => route === end);
    const applied = after.filter(({ body }) => body.command === 'override expire');
    return applied.length === 1 && applied.every(({ timeMs }) => timeMs >= (set?.body.untilMs ?? Infinity));
  });
  const known = new Set([...seen.done.map(({ id }) => id), ...seen.unknown]);
  const expires = changes.filter(({ body }) => body.command === 'override expire');
  return {
    lost: acknowledged + overwritten.reduce((sum, each) => sum + each, 0),
    strangers: changes.length - expires.length - changes.filter(({ id }) => known.has(id)).length,
    ends: ends.length,
    once: once.length,
    rounds: expires.length,
  };
}

async function allEnded({ document }: StoreGround, namespace: string): Promise<void> {
  const untilMs = performance.now() + graceMs;
  while (performance.now() < untilMs) {
    if (![...ratesOf(await document(namespace)).keys()].some((route) => route.startsWith('/t/'))) return;
    await sleep(100);
  }
}

async function unit(ground: StoreGround, unitIndex: number, { seed, isQuick, progress }: Shard): Promise<UnitOutcome> {
  const { size, loops, seconds } = isQuick ? sizes.quick : sizes.full;
  const namespace = `writers${unitIndex}`;
  await ground.begin(namespace);
  const rlctl: Rlctl = (...args) => ground.rlctl(namespace, args);
  const watch = ['override', 'expire', '--watch', '--every', '1s', '--no-reload', '-o', 'ndjson'];
  const watchers = Array.from({ length: loops }, () => rlctl(...watch));
  const seen: Seen = { done: [], conflicts: 0, timedOut: 0, unknown: [], failed: [] };
  const writers: readonly Writer[] = Array.from({ length: size }, (_, index) => ({
    route: `/w/${two(index)}`,
    chance: chances(seed, 'writers', unitIndex, index),
    count: 0,
    tries: [],
  }));
  const ended = (): number => seen.done.filter(({ kind }) => kind === 'end').length;
  const most = await crowd(
    { size, seconds, isEnough: () => seen.done.length >= 2 * size && ended() >= loops },
    (index) => write(rlctl, seen, writers[index] as Writer, { index, size }),
    (left) => progress(`${seen.done.length} written, ${seen.conflicts} conflicts, ${left} s left`),
  );
  progress('waiting for what has not ended yet');
  await allEnded(ground, namespace);
  const dead = watchers.filter(({ child }) => child.exitCode !== null).length;
  for (const { child } of watchers) child.kill('SIGINT');
  await Promise.all(watchers.map((watcher) => watcher.ended));
  const last = (await ground.document(namespace)) ?? Buffer.from('{}');
  const entries = await ground.history(namespace);
  const held = await ground.held(namespace);
  const audit = await rlctl('audit', 'verify', '--anchor', 'none', '--timeout', '60s').ended;
  const { lost, strangers, ends, once, rounds } = judge({ writers, entries, last, seen });
  const isKept = String(last).startsWith(`{ ${kept}`);
  return {
    counts: {
      'updates acknowledged': seen.done.length,
      'updates lost': lost,
      'refused as conflicts (exit 5)': seen.conflicts,
      'gave up waiting (exit 7)': seen.timedOut,
      'outcome unknown (exit 9)': seen.unknown.length,
      'failed otherwise': seen.failed.length,
      'ends set': ends,
      'ends applied exactly once': once,
      'writes by the expire loops': rounds,
      ...held.counts,
    },
    most: { 'processes at once': most + loops },
    faults: [
      ...(lost > 0 ? [`${lost} updates lost`] : []),
      ...(strangers > 0 ? [`${strangers} changes that nobody was told of`] : []),
      ...(once < ends ? [`${ends - once} of ${ends} ends not applied exactly once, or too early`] : []),
      ...held.faults,
      ...(audit.code === 0 ? [] : [`audit verify ended with ${audit.code}: ${audit.out}${audit.err}`]),
      ...(isKept ? [] : ['bytes of somebody else’s entries were changed']),
      ...(dead > 0 ? [`${dead} of ${loops} expire loops ended by themselves`] : []),
      ...seen.failed.slice(0, 3),
    ],
  };
}

export const writers: Trial = {
  name: 'writers',
  about:
    '64 processes change one document at once, beside 4 loops of "override expire --watch": no update is lost, each end is applied once',
  units: 10,
  quick: 1,
  least: { 'updates acknowledged': 1280, 'ends set': 40 },
  leastQuick: { 'updates acknowledged': 16, 'ends set': 2 },
  open: async (shard) => {
    const ground = await openStoreGround();
    return {
      unit: (index) => unit(ground, index, shard),
      close: async () => {
        await ground.stop();
        return { counts: {}, faults: [] };
      },
    };
  },
};

// Many writers on one document, and loops that end what is temporary: is an update ever lost, an end applied twice?
import { replayFaults, readEntries } from './oracle.mjs';
import { chances, crowd, grouped, openGround, sleep } from './parts.mjs';

/** Somebody else's entries, in a form that no writer of ours would choose. */
const first = '{ "/keep/one" : {"rate":"12" , "x":[1, 2.50]},\n\t"/keep/\\u0074wo":{} }';
const shared = 4;
const usual = { writers: 64, loops: 4, seconds: 60 };
/** How long ends may take to be applied once the writers have stopped. */
const graceMs = 60_000;

const two = (index) => String(index).padStart(2, '0');

/** What a writer does next: its own route, one that others write as well, or something that ends by itself. */
function choose(chance, index, count) {
  const kind = chance();
  if (kind < 0.2) return { kind: 'end', route: `/t/${two(index)}/${count}`, seconds: 1 + Math.floor(chance() * 3) };
  if (kind < 0.35) return { kind: 'shared', route: `/shared/${Math.floor(chance() * shared)}` };
  return { kind: 'own', route: `/w/${two(index)}` };
}

/** Everything that is counted, once the history is read. */
function judge({ writers, entries, last, seen }) {
  const changes = entries.filter(({ kind }) => kind === 'change');
  const times = grouped(changes, ({ id }) => id);
  const byRoute = grouped(
    changes.flatMap(({ id, timeMs, body }) => body.routes.map((change) => ({ ...change, id, timeMs, body }))),
    ({ route }) => route,
  );
  const acknowledged = seen.done.filter(({ id }) => times.get(id)?.length !== 1).length;
  const document = JSON.parse(String(last));
  const overwritten = writers.reduce((sum, { route, tries }) => {
    // Of what was said to be unknown the history tells whether it was written.
    const rates = tries.filter(({ isKnown, id }) => isKnown || times.has(id)).map(({ rate }) => rate);
    const written = (byRoute.get(route) ?? []).map(({ before }) => (before === null ? null : JSON.parse(before).rate));
    const expected = [null, ...rates.slice(0, -1)];
    const differing = expected.filter((rate, at) => rates.length > 0 && written[at] !== rate).length;
    return sum + differing + (document[route]?.rate === rates.at(-1) ? 0 : 1);
  }, 0);
  // As the history has them: those of an unknown outcome too.
  const ends = [...byRoute].filter(([route]) => route.startsWith('/t/'));
  const ended = ends.map(([, [set, ...after]]) => {
    const applied = after.filter(({ body }) => body.command === 'override expire');
    return { count: applied.length, isEarly: applied.some(({ timeMs }) => timeMs < set.body.untilMs) };
  });
  const known = new Set([...seen.done.map(({ id }) => id), ...seen.unknown]);
  const strangers = changes.filter(({ id, body }) => body.command !== 'override expire' && !known.has(id)).length;
  return {
    lost: acknowledged + overwritten,
    strangers,
    ends: ends.length,
    once: ended.filter(({ count, isEarly }) => count === 1 && !isEarly).length,
    rounds: changes.filter(({ body }) => body.command === 'override expire').length,
  };
}

async function write(ground, seen, writer, { index, size }) {
  const { route, kind, seconds } = choose(writer.chance, index, (writer.count += 1));
  // No two writers ever write the same: that would be no change, and leave no entry.
  const rate = 1 + ((writer.count * size + index) % 60_000);
  const lasting = kind === 'end' ? ['--for', `${seconds}s`] : [];
  const args = [
    'override',
    'set',
    route,
    '--rate',
    String(rate),
    ...lasting,
    '--no-reload',
    '--json',
    '--timeout',
    '60s',
  ];
  const { code, out, err } = await ground.rlctl(...args).ended;
  if (code === 0) {
    seen.done.push({ kind, route, id: JSON.parse(out).changeId });
    if (kind === 'own') writer.tries.push({ rate, isKnown: true });
  } else if (code === 5 && kind === 'shared') seen.conflicts += 1;
  // A machine under such a load may keep a process waiting for longer than its deadline: nothing may be written then.
  else if (code === 7) seen.timedOut += 1;
  // The write was sent and its answer never came: it is said so, with the id by which the history tells.
  else if (code === 9) {
    const { changeId: id } = JSON.parse(err).error.details;
    seen.unknown.push(id);
    if (kind === 'own') writer.tries.push({ rate, isKnown: false, id });
  } else seen.failed.push(`exit ${code}: ${err.slice(0, 300)}`);
}

async function allEnded({ redis, key }) {
  const untilMs = performance.now() + graceMs;
  while (performance.now() < untilMs) {
    const document = JSON.parse(await redis.get(key));
    if (!Object.keys(document).some((route) => route.startsWith('/t/'))) return;
    await sleep(100);
  }
}

export const writers = {
  name: 'writers',
  about: 'processes that change one document at once, beside loops of "override expire --watch"',
  usual,
  run: async ({ writers: size, loops, seconds, seed }, progress) => {
    const ground = await openGround('trial');
    try {
      await ground.redis.set(ground.key, first);
      const watch = ['override', 'expire', '--watch', '--every', '1s', '--no-reload', '-o', 'ndjson'];
      const watchers = Array.from({ length: loops }, () => ground.rlctl(...watch));
      const seen = { done: [], conflicts: 0, timedOut: 0, unknown: [], failed: [] };
      const crew = Array.from({ length: size }, (_, index) => ({
        route: `/w/${two(index)}`,
        chance: chances(seed * 1000 + index),
        count: 0,
        tries: [],
      }));
      const isEnough = () =>
        seen.done.length >= 2 * size && seen.done.filter(({ kind }) => kind === 'end').length >= loops;
      const most = await crowd(
        { size, seconds, isEnough },
        (index) => write(ground, seen, crew[index], { index, size }),
        (left) => progress(`${seen.done.length} written, ${seen.conflicts} conflicts, ${left} s left`),
      );
      progress('waiting for what has not ended yet');
      await allEnded(ground);
      const dead = watchers.filter(({ child }) => child.exitCode !== null).length;
      for (const { child } of watchers) child.kill('SIGINT');
      await Promise.all(watchers.map(({ ended }) => ended));
      const last = await ground.redis.getBuffer(ground.key);
      const entries = await readEntries(ground.redis, `{${ground.key}}:history`);
      const replayed = replayFaults(entries, Buffer.from(first), last);
      const audit = await ground.rlctl('audit', 'verify', '--anchor', 'none', '--json', '--timeout', '60s').ended;
      const { lost, strangers, ends, once, rounds } = judge({ writers: crew, entries, last, seen });
      const isKept = String(last).startsWith(first.slice(0, -2));
      const faults = [
        ...(lost > 0 ? [`${lost} updates lost`] : []),
        ...(strangers > 0 ? [`${strangers} changes that nobody was told of`] : []),
        ...(once < ends ? [`${ends - once} of ${ends} ends not applied exactly once, or too early`] : []),
        ...replayed,
        ...(audit.code === 0 ? [] : [`audit verify ended with ${audit.code}: ${audit.out}${audit.err}`]),
        ...(isKept ? [] : ['bytes of somebody else’s entries were changed']),
        ...(dead > 0 ? [`${dead} of ${loops} expire loops ended by themselves`] : []),
        ...seen.failed.slice(0, 3),
      ];
      const isIdle = seen.done.length < 2 * size || ends < loops || most < size;
      return {
        figures: [
          ['updates acknowledged', seen.done.length],
          ['updates lost', lost],
          ['refused as conflicts (exit 5)', seen.conflicts],
          ['gave up waiting (exit 7)', seen.timedOut],
          ['outcome unknown (exit 9)', seen.unknown.length],
          ['failed otherwise', seen.failed.length],
          ['ends set', ends],
          ['ends applied exactly once', once],
          ['writes by the expire loops', rounds],
          ['history entries, replayed and chained', entries.length],
          ['processes at once, at most', most + loops],
        ],
        faults,
        isVoid: isIdle ? `fewer than ${2 * size} updates, ${loops} ends, or ${size} processes at once` : null,
      };
    } finally {
      await ground.stop();
    }
  },
};

/** Tells what it read of its own route, and writes the next. */
const recipe = `document=$(redis-cli -p "$1" GET "$2")
printf '%s' "$document" | jq -r --arg route "$3" '.[$route].rate'
printf '%s' "$document" | jq -c --arg route "$3" --argjson rate "$4" '.[$route] = {rate: $rate}' | redis-cli -p "$1" -x SET "$2" >/dev/null`;

/** What the runbook does by hand, by the same number of writers: the figure beside. It is expected to lose updates. */
export const byHand = {
  name: 'by-hand',
  about: 'the same without rlctl: redis-cli GET, jq, redis-cli SET',
  isMeasure: true,
  usual: { writers: usual.writers, seconds: usual.seconds },
  run: async ({ writers: size, seconds }, progress) => {
    const ground = await openGround('trial');
    try {
      await ground.redis.set(ground.key, first);
      const seen = { done: 0, lost: 0, failed: 0 };
      const last = Array.from({ length: size }, () => 0);
      const most = await crowd(
        { size, seconds, isEnough: () => seen.done >= 2 * size },
        async (index) => {
          const args = [String(ground.port), ground.key, `/w/${two(index)}`, String(last[index] + 1)];
          const { code, out } = await ground.shell(recipe, ...args).ended;
          if (code !== 0) return void (seen.failed += 1);
          seen.done += 1;
          // What it had written itself, and nobody else writes, was not there any more.
          if (last[index] > 0 && Number(out) !== last[index]) seen.lost += 1;
          last[index] += 1;
        },
        (left) => progress(`${seen.done} written, ${seen.lost} lost, ${left} s left`),
      );
      const document = JSON.parse(await ground.redis.get(ground.key));
      const lost = seen.lost + last.filter((rate, index) => (document[`/w/${two(index)}`]?.rate ?? 0) !== rate).length;
      return {
        figures: [
          ['updates acknowledged', seen.done],
          ['updates lost', lost],
          ['failed otherwise', seen.failed],
          ['processes at once, at most', most],
        ],
        faults: [],
        isVoid: seen.done < 2 * size ? `fewer than ${2 * size} updates` : null,
      };
    } finally {
      await ground.stop();
    }
  },
};

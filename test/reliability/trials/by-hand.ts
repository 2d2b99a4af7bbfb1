import { crowd, openGround, two, type TrialGround } from '../ground.js';
import type { Shard, Trial, UnitOutcome } from '../trial.js';

/** Tells what it read of its own route, and writes the next. */
const recipe = `document=$(redis-cli -p "$1" GET "$2")
printf '%s' "$document" | jq -r --arg route "$3" '.[$route].rate'
printf '%s' "$document" | jq -c --arg route "$3" --argjson rate "$4" '.[$route] = {rate: $rate}' | redis-cli -p "$1" -x SET "$2" >/dev/null`;

async function unit(ground: TrialGround, { isQuick, progress }: Shard): Promise<UnitOutcome> {
  const size = isQuick ? 8 : 64;
  await ground.redis.flushall();
  await ground.redis.set(ground.key, '{}');
  const seen = { done: 0, lost: 0, failed: 0 };
  const last = Array.from({ length: size }, () => 0);
  const most = await crowd(
    { size, seconds: isQuick ? 2 : 10, isEnough: () => seen.done >= 2 * size },
    async (index) => {
      const was = last[index] ?? 0;
      const args = [String(ground.port), ground.key, `/w/${two(index)}`, String(was + 1)];
      const { code, out } = await ground.shell(recipe, ...args);
      if (code !== 0) return void (seen.failed += 1);
      seen.done += 1;
      // What it had written itself, and nobody else writes, was not there any more.
      if (was > 0 && Number(out) !== was) seen.lost += 1;
      last[index] = was + 1;
      return undefined;
    },
    (left) => progress(`${seen.done} written, ${seen.lost} lost, ${left} s left`),
  );
  const document = JSON.parse((await ground.redis.get(ground.key)) ?? '{}') as Record<string, { rate?: number }>;
  const lost = seen.lost + last.filter((rate, index) => (document[`/w/${two(index)}`]?.rate ?? 0) !== rate).length;
  return {
    counts: { 'updates with exit 0': seen.done, 'of these lost': lost, 'failed otherwise': seen.failed },
    most: { 'processes at once': most },
    faults: [],
  };
}

/** What the runbook does by hand, by the same number of writers: the figure beside. It is expected to lose updates. */
export const byHand: Trial = {
  name: 'by-hand',
  about: 'the shell recipe beside it: 64 writers of redis-cli GET, jq, redis-cli SET',
  units: 10,
  quick: 1,
  least: { 'updates with exit 0': 1280 },
  leastQuick: { 'updates with exit 0': 16 },
  isMeasure: true,
  open: async (shard) => {
    const ground = await openGround('trial');
    return {
      unit: () => unit(ground, shard),
      close: async () => {
        await ground.stop();
        return { counts: {}, faults: [] };
      },
    };
  },
};

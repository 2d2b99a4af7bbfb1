// Trials of what must never happen, with real processes of the built tool on a real redis-server, each judged by an oracle.
// A seed makes every choice again (not the timing). Exit 1: a trial failed, or was void for want of load.
// Usage: node test/reliability/run.mjs [--only NAME]… [--seed N] [--writers N] [--loops N] [--seconds N] [--report FILE]
import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { byHand, writers } from './writers.mjs';

const trials = [writers, byHand];

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    seed: { type: 'string' },
    writers: { type: 'string' },
    loops: { type: 'string' },
    seconds: { type: 'string' },
    report: { type: 'string' },
  },
});

const say = (text) => process.stdout.write(`${text}\n`);
const unknown = (values.only ?? []).filter((name) => !trials.some((each) => each.name === name));
if (unknown.length > 0) {
  process.stderr.write(`no trial "${unknown[0]}"; there are: ${trials.map(({ name }) => name).join(', ')}\n`);
  process.exit(2);
}
const chosen = values.only === undefined ? trials : trials.filter(({ name }) => values.only.includes(name));

/** A whole number of the command line, or the trial's usual one. */
function whole(name, usual) {
  const value = Number(values[name] ?? usual);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  process.stderr.write(`--${name}: "${values[name]}" is not a whole number\n`);
  process.exit(2);
}

const seed = whole('seed', Date.now() % 1_000_000);
const live = (name) => (text) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${name}: ${text}`);
};

for (const { name, about, usual, isMeasure = false, run } of chosen) {
  const load = Object.fromEntries(Object.entries(usual).map(([key, value]) => [key, whole(key, value)]));
  const words = Object.entries(load).map(([key, value]) => `--${key} ${value}`);
  const again = `--only ${name} --seed ${seed} ${words.join(' ')}`;
  say(`\n${name}: ${about}\n  again with: npm run test:reliability -- ${again}`);
  const startMs = performance.now();
  const { figures, faults, isVoid } = await run({ ...load, seed }, live(name));
  live(name)('');
  const verdict = faults.length > 0 ? 'FAILED' : isVoid !== null ? 'VOID' : isMeasure ? 'measured' : 'held';
  const rows = [...figures, ['seconds in all', Math.round((performance.now() - startMs) / 1000)]];
  const width = Math.max(...rows.map(([label]) => label.length));
  for (const [label, value] of rows) say(`  ${label.padEnd(width)}  ${String(value).padStart(7)}`);
  for (const fault of faults) say(`  ✗ ${fault}`);
  say(`  ${verdict}${isVoid === null ? '' : `: ${isVoid}`}`);
  if (values.report !== undefined) {
    const cells = [name, verdict, `\`${again}\``, rows.map(([label, value]) => `${label} ${value}`).join(', ')];
    appendFileSync(values.report, `| ${cells.join(' | ')} |\n`);
  }
  if (['FAILED', 'VOID'].includes(verdict)) process.exitCode = 1;
}

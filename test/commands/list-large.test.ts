import { afterAll, beforeAll, expect, test } from 'vitest';
import { openLab, type Lab } from '../support/lab.js';
import { jsonOf, type JsonObject } from '../support/world.js';

const state = {} as { lab: Lab };
const count = 1300;

/** Wider prefixes further down, hidden entries among them, one that the server skips. */
const document = JSON.stringify(
  Object.fromEntries(
    Array.from({ length: count }, (_, index): [string, object] => {
      if (index === 700) return ['/skipped', { rate: 'x' }];
      const base = `/r/${index - (index % 100)}/`;
      return [
        index % 100 === 0 ? base : `${index % 100 === 50 ? base : '/s/'}${'x'.repeat(index >> 7)}${index}`,
        { rate: 60 },
      ];
    }),
  ),
);

beforeAll(async () => {
  state.lab = await openLab();
  await state.lab.store(document);
});
afterAll(() => state.lab.stop());

test('a long list in a pipe, which is written in pieces: every entry in order, as the JSON has it, then the remarks', async () => {
  const { code, out } = await state.lab.world.main(['override', 'list']);
  expect(code).toBe(0);
  const lines = out.trimEnd().split('\n');
  const { overrides } = jsonOf((await state.lab.world.main(['override', 'list', '--json'])).out) as {
    overrides: readonly JsonObject[];
  };
  const rows = lines.slice(2, 2 + count).map((line) => line.trim().split(/ {2,}/));
  expect(rows.map(([place, prefix]) => [place, prefix])).toEqual(
    overrides.map(({ prefix }, index) => [String(index + 1), prefix]),
  );
  expect(rows.map((row) => row.find((cell, at) => at > 2 && cell.startsWith('/')) ?? null)).toEqual(
    overrides.map(({ hiddenBy }) => hiddenBy),
  );
  expect(overrides.filter(({ hiddenBy }) => hiddenBy !== null).length).toBeGreaterThan(count / 100);
  expect(lines.slice(2 + count).join('\n')).toMatch(/^"\/skipped": the server skips it: /m);
});

test('on a terminal it is one table, its columns as wide as the widest', async () => {
  const { out } = await state.lab.world.main(['override', 'list'], { columns: 120 });
  const lines = out.split('\r\n').length > 2 ? out.split('\r\n') : out.split('\n');
  const starts = lines.slice(2, 2 + count).map((line) => line.search(/\/[rs]/));
  expect(new Set(starts.filter((at) => at >= 0)).size).toBe(1);
});

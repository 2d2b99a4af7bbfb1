import { expect, test } from 'vitest';
import {
  changeSummary,
  flagsSummary,
  panicSummary,
  reloadSummary,
  unknownSummary,
} from '../../../src/domain/notify/summary.js';

const proven = { environment: 'prod', verdict: 'proven' } as const;

test.each([
  [[], 'the document'],
  [[''], '"" (every route)'],
  [['/a'], '/a'],
  [['/a', '/b'], '/a and /b'],
  [['/a', '/b', '/c'], '/a, /b and /c'],
  [['/a', '/b', '/c', '/d'], '/a, /b and 2 more routes'],
])('a change of %j', (routes, words) => {
  expect(changeSummary('override set', routes, proven)).toBe(`override set changed ${words} on prod: proven`);
});

test.each([
  ['notProven', 'NOT PROVEN'],
  ['contradicted', 'CONTRADICTED by the server'],
  ['notAttempted', 'its proof was waived'],
] as const)('a verdict of %s cannot be overlooked', (verdict, words) => {
  expect(reloadSummary('prod', verdict)).toBe(`prod was reloaded: ${words}`);
  const panic = { id: 'p-1a2b3c4d', command: 'panic global' };
  const on = { environment: 'prod', verdict };
  expect(panicSummary({ ...panic, how: 'acted' }, on)).toBe(`panic global (p-1a2b3c4d) on prod: ${words}`);
  expect(panicSummary({ ...panic, how: 'restored' }, on)).toBe(
    `panic global (p-1a2b3c4d) was restored on prod: ${words}`,
  );
  expect(panicSummary({ ...panic, how: 'left' }, on)).toBe(
    'panic global (p-1a2b3c4d) was closed on prod, and what it changed left as it is',
  );
  expect(panicSummary({ ...panic, how: 'restored' }, { ...on, verdict: null })).toContain('nothing had to be written');
});

test('a change that nobody knows of', () => {
  expect(unknownSummary('override set', ['/a'], 'prod')).toBe(
    'nobody can tell whether override set changed /a on prod',
  );
});

test('flags', () => {
  expect(flagsSummary('shadow off', ['read', 'write'], proven)).toBe(
    'shadow off set the flags of read and write on prod: proven',
  );
});

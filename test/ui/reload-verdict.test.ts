import { expect, test } from 'vitest';
import type { WatchedDecisions } from '../../src/domain/reload-record.js';
import { reloadVerdictText } from '../../src/ui/reload-verdict.js';

const untilMs = Date.parse('2030-01-01T10:46:10Z');
const watched: WatchedDecisions = {
  panicId: 'p-1a2b3c4d',
  policy: 'proven',
  level: 'loaded',
  decisions: null,
  until: new Date(untilMs).toISOString(),
};
const record = {
  at: '2030-01-01T10:44:10Z',
  command: 'panic global',
  actor: 'ana',
  reason: null,
  ticket: null,
  verdict: 'notProven',
  isEnabled: null,
  isGlobalShadow: null,
  revision: null,
} as const;
const policy = 'the policy is proven (loaded)';

test.each([
  ['while it waits', null, -1, `not proven: ${policy}, the decisions waited for until 10:46:10Z are not seen yet`],
  ['when nobody told', null, 0, `not proven: ${policy}, the decisions waited for until 10:46:10Z were never seen`],
  ['contradicted', 'contradicted', 0, `not proven: ${policy}, the decisions contradict it`],
  ['no data', 'noData', 0, `not proven: ${policy}, of the decisions there was no data`],
  ['inconclusive', 'inconclusive', 0, `not proven: ${policy}, the decisions do not show it`],
] as const)('what was shown beside a verdict, and what was not: %s', (_, decisions, afterMs, text) => {
  expect(reloadVerdictText({ ...record, watched: { ...watched, decisions } }, untilMs + afterMs)).toBe(text);
});

test('a verdict that nothing was to be shown beside, and one that decisions have shown, stand alone', () => {
  expect(reloadVerdictText({ ...record, verdict: 'proven' }, untilMs)).toBe('proven');
  const shown = { ...watched, decisions: 'proven' } as const;
  expect(reloadVerdictText({ ...record, verdict: 'proven', watched: shown }, untilMs)).toBe('proven');
});

import { describe, expect, test } from 'vitest';
import { neverFires, selectorsOf } from '../../../src/domain/doctor/alerts.js';

const documented = [
  { action: 'allowed', shadow: 'false' },
  { action: 'blocked', shadow: 'true' },
];
const deployed = [{ action: 'allow', shadow: 'False' }];
const name = 'a_rl_decisions_total';

describe('selectors of an expression', () => {
  test.each([
    ['up == 0', []],
    [`rate(${name}[5m]) > 1`, [{ metric: name, matchers: [] }]],
    [
      `sum(rate(${name}{action="blocked",shadow!~"t.*"}[5m])) / sum(rate(${name} { bucket = 'x' }[5m]))`,
      [
        {
          metric: name,
          matchers: [
            { label: 'action', operator: '=', value: 'blocked' },
            { label: 'shadow', operator: '!~', value: 't.*' },
          ],
        },
        { metric: name, matchers: [{ label: 'bucket', operator: '=', value: 'x' }] },
      ],
    ],
    [
      String.raw`${name}{action="a\"},{b"}`,
      [{ metric: name, matchers: [{ label: 'action', operator: '=', value: 'a"},{b' }] }],
    ],
    [
      `histogram_quantile(0.9, a_rl_eval_duration_seconds_bucket)`,
      [{ metric: 'a_rl_eval_duration_seconds_bucket', matchers: [] }],
    ],
  ])('%s', (expression, expected) => {
    expect(selectorsOf(expression)).toEqual(expected);
  });
});

describe('an alert that can never fire', () => {
  test.each<[string, typeof documented, boolean]>([
    [`${name}{action="blocked"}`, documented, true],
    // It has not happened yet, and is spelled as this server would.
    [`${name}{action="block",shadow="True"}`, deployed, true],
    [`${name}{action=~"blocked|block"}`, deployed, true],
    [`${name}{action!="allowed"}`, deployed, true],
    [`${name}{action="blocked"}`, deployed, false],
    [`${name}{shadow="false"}`, deployed, false],
    [`${name}{action="block"}`, documented, false],
    [`other_rl_decisions_total`, documented, false],
    // Both generations count here: nothing is claimed.
    [`${name}{action="block"}`, [...documented, ...deployed], true],
    // Nothing has been counted yet.
    [`${name}{action="block"}`, [], true],
    // An expression that only Go understands.
    [`${name}{action=~"(?P<x>"}`, documented, true],
  ])('%s on %o: may fire %s', (expression, labels, mayFire) => {
    const rule = { name: 'Blocked', expression, lastError: '' };
    expect(neverFires(rule, { names: new Set([name]), labels }) === null).toBe(mayFire);
  });
});

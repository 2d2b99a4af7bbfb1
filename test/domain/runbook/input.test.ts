import { describe, expect, test } from 'vitest';
import { RlctlError } from '../../../src/domain/errors.js';
import { parseInput, valuesOf } from '../../../src/domain/runbook/input.js';
import { runbookOf } from '../../../src/domain/runbook/read.js';
import type { RunbookInput } from '../../../src/domain/runbook/runbook.js';

const world = { buckets: new Map([['financial', { routes: ['/api/payments'], alias: ['pay'] }]]) };
const plain: RunbookInput = {
  name: 'x',
  type: 'string',
  description: null,
  default: null,
  example: null,
  isOptional: false,
  choices: [],
  min: null,
  max: null,
  pattern: null,
  when: null,
};

describe('the type of an input', () => {
  test.each([
    [{ type: 'integer', min: 1, max: 9 }, '9', '9'],
    [{ type: 'integer', min: 1, max: 9 }, '10', null],
    [{ type: 'integer' }, '1.5', null],
    [{ type: 'integer' }, '0x10', null],
    [{ type: 'integer' }, '-1', null],
    [{ type: 'duration' }, '1h30m', '1h30m'],
    [{ type: 'duration' }, '90', null],
    [{ type: 'duration' }, '0s', null],
    [{ type: 'route' }, '/api/search', '/api/search'],
    [{ type: 'route' }, 'api', null],
    [{ type: 'route' }, '/api/*', null],
    [{ type: 'bucket' }, 'pay', 'financial'],
    [{ type: 'bucket' }, 'none', null],
    [{ type: 'identity' }, 'user:42', 'user:42'],
    [{ type: 'identity' }, 'ip:10.0.0.1', 'ip:10.0.0.1'],
    [{ type: 'identity' }, '42', null],
    [{ type: 'choice', choices: ['a', 'b'] }, 'b', 'b'],
    [{ type: 'choice', choices: ['a', 'b'] }, 'c', null],
    [{ type: 'string', pattern: '[a-z]+' }, 'abc', 'abc'],
    [{ type: 'string', pattern: '[a-z]+' }, 'abc1', null],
    [{ type: 'string' }, '', null],
    [{ type: 'string' }, '-rf', null],
    [{ type: 'string' }, 'a\u001b[2J', null],
    [{ type: 'string' }, 'a'.repeat(3000), null],
    [{ type: 'string' }, '$(id); `id` | x', '$(id); `id` | x'],
  ] as const)('%j %j', (more, text, wanted) => {
    const input: RunbookInput = { ...plain, ...more };
    if (wanted === null) expect(() => parseInput(input, text, world)).toThrow(RlctlError);
    else expect(parseInput(input, text, world)).toBe(wanted);
  });
});

describe('the values of a run', () => {
  const runbook = runbookOf('r', {
    title: 't',
    summary: 's',
    inputs: {
      scope: { type: 'choice', choices: ['all', 'route'] },
      route: { type: 'route', when: { scope: 'route' } },
      rate: { type: 'integer', optional: true },
      burst: { type: 'integer', optional: true },
      wait: { type: 'duration', default: '5m' },
    },
    oneOf: [['rate', 'burst']],
    steps: [{ id: 'a', title: 'a', rlctl: ['status'] }],
  });
  const values = (given: Readonly<Record<string, string>>) => valuesOf(runbook, new Map(Object.entries(given)), world);

  test('defaults are filled in, and what is not asked for stays out', () => {
    expect([...values({ scope: 'all', rate: '3' })]).toEqual([
      ['scope', 'all'],
      ['rate', '3'],
      ['wait', '5m'],
    ]);
  });

  test('everything that is wrong is said at once', () => {
    const said = (given: Readonly<Record<string, string>>): unknown => {
      try {
        return values(given);
      } catch (error) {
        return (error as RlctlError).details?.['faults'];
      }
    };
    expect(said({ scope: 'route', rte: '3', wait: 'soon' })).toEqual([
      'there is no input rte; did you mean rate?',
      'input route is missing (/api/search)',
      'input wait: "soon" is not a duration',
      'at least one of rate, burst has to be given',
    ]);
    expect(said({ scope: 'all', route: '/a', burst: '1' })).toEqual([
      'input route: is of no use with scope other than route',
    ]);
  });
});

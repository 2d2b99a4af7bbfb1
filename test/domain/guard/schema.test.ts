import { describe, expect, test } from 'vitest';
import { RlctlError } from '../../../src/domain/errors.js';
import { guardKeyTable, limitsInWords, scopeInWords } from '../../../src/domain/guard/words.js';
import { guardKeys } from '../../../src/domain/guard/schema.js';
import { exemptCommands, guardedCommands } from '../../../src/domain/guard/commands.js';
import { leaves } from '../../../src/leaves.js';
import { rulesOf, type GuardText } from './kit.js';

function faultOf(...guards: readonly unknown[]): string {
  try {
    rulesOf(...(guards as readonly GuardText[]));
    return '';
  } catch (error) {
    if (!(error instanceof RlctlError)) throw error;
    expect(error).toMatchObject({ kind: 'usage', code: 'CONFIG_INVALID' });
    return error.message;
  }
}

const at = 'environments.prod.guards';

test.each([
  [{ name: 'x' }, `${at}[0]: has no limit; give one of rate, burst`],
  [{ rate: {} }, `${at}[0].rate: needs min or max`],
  [{ rate: { min: 5, max: 3 } }, `${at}[0].rate: min 5 is greater than max 3`],
  [{ burst: { max: -1 } }, `${at}[0].burst.max`],
  [{ rate: { max: 1.5 } }, `${at}[0].rate.max`],
  [{ rate: { max: '5' } }, `${at}[0].rate.max: must be number`],
  [{ factor: 0.5 }, `${at}[0].factor`],
  [{ factor: { rates: 2 } }, `${at}[0].factor`],
  [{ never: 'block' }, `${at}[0].never: must be one of enforce, shadow`],
  [{ require: ['owner'] }, `${at}[0].require[0]: must be one of reason, ticket, end`],
  [{ deny: false }, `${at}[0].deny: must be one of true`],
  [{ freeze: { from: 'Fri 16:00', to: 'Mon 08:00' } }, `${at}[0].freeze: zone is missing`],
  [{ freeze: [{ from: 'Fri 16:00', to: 'Mon', zone: 'UTC' }] }, `${at}[0].freeze[0]: to: "Mon" is no time`],
  [
    { deny: true, commands: ['override sets'] },
    `${at}[0].commands: "override sets" is no command that a guard can be about; did you mean override set`,
  ],
  [
    { deny: true, commands: ['override undo'] },
    `${at}[0].commands: "override undo" is never refused, because it brings back`,
  ],
  [
    { only: ['nothing at all'] },
    `${at}[0].only: "nothing at all" is no command that a guard can be about; there are: override set`,
  ],
  [{ only: ['reload'], commands: ['reload'] }, `${at}[0]: has only and commands`],
  [{ deny: true, routes: ['api'] }, `${at}[0].routes: "api" is no route prefix`],
  [{ deny: true, buckets: [] }, `${at}[0].buckets`],
  [{ deny: true, overideable: false }, `${at}[0]: unknown key "overideable" (did you mean "overridable"?)`],
  [{ deny: true, name: 'a b' }, `${at}[0].name: may hold letters`],
])('%j: %s', (guard, fault) => expect(faultOf(guard)).toContain(fault));

test('every fault of every rule is named at once', () => {
  const message = faultOf({ rate: { min: 2, max: 1 } }, { name: 'x' }, { deny: true, commands: ['x', 'y'] });
  expect(message.split('\n')).toHaveLength(5);
});

test('names are unique, those by position included', () => {
  expect(faultOf({ name: 'a', deny: true }, { name: 'a', deny: true })).toContain(
    `${at}: [1] has the name "a", which [0]`,
  );
  expect(faultOf({ name: 'guard-2', deny: true }, { deny: true })).toContain('[1] has the name "guard-2"');
  expect(rulesOf({ deny: true }, { deny: true }).map(({ name }) => name)).toEqual(['guard-1', 'guard-2']);
});

test('a rule knows where it stands, and is overridable unless it says otherwise', () => {
  const [first, second] = rulesOf({ deny: true }, { deny: true, overridable: false });
  expect(first).toMatchObject({ place: '/x/rlctl.yaml: environments.prod.guards[0]', isOverridable: true });
  expect(second).toMatchObject({ place: '/x/rlctl.yaml: environments.prod.guards[1]', isOverridable: false });
});

describe('in words', () => {
  test.each([
    [
      { rate: { min: 1, max: 10 }, burst: { max: 5 }, window: { min: 60 } },
      'everything',
      'rate 1 to 10; burst up to 5; window from 60',
    ],
    [{ buckets: ['pay'], factor: 4 }, 'buckets pay', 'factor 4'],
    [{ routes: ['/a', '/b'], factor: { rate: 2, burst: 3 } }, 'routes /a, /b', 'factor rate 2, burst 3'],
    [
      { never: 'enforce', require: ['ticket', 'end'], commands: ['reload'] },
      'everything; by reload',
      'never enforce; requires ticket, end',
    ],
    [
      { only: ['shadow on'], freeze: { from: 'Fri 16:00', to: 'Mon 08:00', zone: 'UTC' } },
      'everything',
      'frozen Fri 16:00 to Mon 08:00 UTC; only shadow on',
    ],
    [{ deny: true }, 'everything', 'denied'],
  ])('%j', (guard, scope, limits) => {
    const [rule] = rulesOf(guard);
    expect(rule && [scopeInWords(rule), limitsInWords(rule)]).toEqual([scope, limits]);
  });

  test('help has every key that is accepted, and no other', () => {
    expect(guardKeyTable.map(({ key }) => key)).toEqual(guardKeys);
  });
});

test('every command that changes something can be guarded, or is said to be exempt', () => {
  const known = new Set<string>([...guardedCommands, ...exemptCommands]);
  expect(leaves.filter(({ isMutation }) => isMutation).filter(({ path }) => !known.has(path))).toEqual([]);
});

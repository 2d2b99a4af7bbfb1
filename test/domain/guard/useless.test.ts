import { expect, test } from 'vitest';
import { uselessGuards } from '../../../src/domain/guard/useless.js';
import { buckets, rulesOf, type GuardText } from './kit.js';

const nowMs = Date.parse('2026-11-21T12:00:00Z');
const over = { from: '2025-12-20', to: '2026-01-04', zone: 'UTC' };
const weekly = { from: 'Fri 16:00', to: 'Mon 08:00', zone: 'UTC' };

function found(guard: GuardText, shadowDriver: 'overrides' | { exec: readonly string[] } = 'overrides') {
  return uselessGuards({ guards: rulesOf({ name: 'rule', ...guard }), buckets, shadowDriver }, nowMs);
}

test.each([
  [{ buckets: ['financial', 'pay', 'read'], deny: true }, []],
  [{ buckets: ['finance'], deny: true }, ['GUARD_BUCKET_UNKNOWN']],
  [{ buckets: ['nobody', 'read'], deny: true }, ['GUARD_BUCKET_UNKNOWN']],
  [
    { buckets: ['write', 'auth_bootstrap'], deny: true },
    ['GUARD_BUCKET_WITHOUT_ROUTES', 'GUARD_BUCKET_WITHOUT_ROUTES'],
  ],
  [{ freeze: over }, ['GUARD_FREEZE_OVER']],
  [{ freeze: [over, weekly] }, ['GUARD_FREEZE_OVER']],
  [{ freeze: weekly }, []],
])('%j: %j', (guard, codes) => expect(found(guard).map(({ code }) => code)).toEqual(codes));

test('a bucket without routes still has a flag where flags are set outside the document', () => {
  expect(found({ buckets: ['write'], never: 'shadow' }, { exec: ['flip'] })).toEqual([]);
});

test('names what is near, and where the rule stands', () => {
  expect(found({ buckets: ['financal'], deny: true })).toMatchObject([
    {
      message: 'the guard "rule" names the bucket "financal", which there is not',
      cure: 'Name one of financial, or configure it under buckets',
      rule: { place: '/x/rlctl.yaml: environments.prod.guards[0]' },
    },
  ]);
});

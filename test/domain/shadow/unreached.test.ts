import { expect, test } from 'vitest';
import { loadOverrides } from '../../../src/domain/policy/matching.js';
import { unreachedOf, unshadowedUnder } from '../../../src/domain/shadow/unreached.js';

const buckets = new Map([
  ['read', { routes: ['/api', '/other'], alias: [] }],
  ['write', { routes: ['/api/bookings'], alias: [] }],
]);
const loaded = (text: string) => loadOverrides(new TextEncoder().encode(text));

test('entries that win for a part of a bucket’s routes and have another shadow are not reached', () => {
  const stored = loaded(
    '{"/api/search":{"rate":1},"/api/seen":{"shadow":true},"/api/bookings":{},"/apix":{},"/api/odd":{"rate":null},"/api":{"shadow":true},"/api/late":{}}',
  );
  const found = [{ prefix: '/api/search', bucket: 'read', isShadow: false }];
  expect(unreachedOf(stored, { buckets }, ['read', 'write'])).toEqual(found);
  expect(unshadowedUnder(stored, { buckets }, 'read')).toEqual(['/api/search']);
});

test('what enforces does not reach what stays in shadow; where no override wins nothing is left out', () => {
  const stored = loaded('{"/api/open":{"shadow":true},"/api/search":{"rate":1},"/api":{"shadow":false}}');
  expect(unreachedOf(stored, { buckets }, ['read'])).toEqual([{ prefix: '/api/open', bucket: 'read', isShadow: true }]);
  expect(unshadowedUnder(stored, { buckets }, 'read')).toEqual([]);
  expect(unreachedOf(loaded('{"/api/search":{"rate":1}}'), { buckets }, ['read'])).toEqual([]);
});

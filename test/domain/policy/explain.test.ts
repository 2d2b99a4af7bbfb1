import { describe, expect, test } from 'vitest';
import { explainRoute } from '../../../src/domain/policy/explain.js';
import { loadOverrides } from '../../../src/domain/policy/matching.js';

const base = { ratePerMin: 60, burst: 10, windowSeconds: 60, isShadow: false };
const explain = (text: string, route: string, withBase = true) =>
  explainRoute(loadOverrides(Buffer.from(text)), route, { bucket: 'read', ...(withBase ? { base } : {}) });
const outcomes = (text: string, route: string): readonly string[] =>
  explain(text, route).steps.map(({ prefix, outcome }) => `${prefix} ${outcome}`);

describe('the walk', () => {
  const text =
    '{"/pay":{},"/api/search/x":{"rate":null},"/api/search":{"rate":120},"/api":{"burst":1},"/api/search/i":{},"/api/s":{},"no":3}';

  test('every override in order, and how it fared', () => {
    expect(outcomes(text, '/api/search/index')).toEqual([
      '/pay noMatch',
      '/api/search/x noMatch',
      '/api/search won',
      '/api lost',
      '/api/search/i hidden',
      '/api/s hidden',
    ]);
    expect(outcomes(text, '/api/search/xylophone')[1]).toBe('/api/search/x skipped');
  });

  test('each says why, by name', () => {
    const { steps, vanished } = explain(text, '/api/search/i');
    const because = new Map(steps.map((step) => [step.prefix, step.because]));
    expect(because.get('/pay')).toBe('"/api/search/i" does not start with "/pay"');
    expect(because.get('/api/search')).toBe(
      "it is the first match in the document's order; it sets rate 120 per minute",
    );
    expect(because.get('/api')).toContain('"/api/search" stands earlier: the first match wins, not the longest');
    expect(because.get('/api/search/i')).toContain('"/api/search" stands earlier and takes every route');
    expect(because.get('/api/s')).toContain('"/api" stands earlier and takes every route');
    expect(vanished).toEqual([{ prefix: 'no', because: 'its value is a number, not an object' }]);
  });

  test('a skipped one gives its reason and the next match wins', () => {
    const { steps, winner } = explain('{"/a":{"rate":"x"},"/":{"rate":1}}', '/a');
    expect(steps[0]).toMatchObject({ outcome: 'skipped', because: expect.stringContaining('rate "x"') });
    expect(winner?.prefix).toBe('/');
  });

  test('the empty prefix hides all after it', () => {
    expect(outcomes('{"":{},"/a":{}}', '/a')).toEqual([' won', '/a hidden']);
  });

  test('an empty route meets nothing', () => {
    expect(outcomes('{"":{}}', '')).toEqual([' noMatch']);
  });

  test('notes of the entry come along', () => {
    expect(explain('{"/a":{"shadow":"false"}}', '/a').steps[0]?.notes).toEqual(['shadow "false" is read as true']);
  });
});

describe('the policy', () => {
  test('override over base, in words', () => {
    expect(explain('{"/a":{"rate":120,"shadow":true}}', '/a')).toMatchObject({
      bucket: 'read',
      policy: { ratePerMin: 120, burst: 10, windowSeconds: 60, isShadow: true },
      inWords: '11 requests at once, then one every 500 ms (shadow: counted, never blocked)',
    });
  });

  test('no match: the base', () => {
    expect(explain('{"/a":{"rate":120}}', '/b')).toMatchObject({
      winner: null,
      policy: base,
      inWords: '11 requests at once, then one every 1 s',
    });
  });

  test('without a base only what the override itself says', () => {
    expect(explain('{"/a":{"rate":120}}', '/a', false)).toMatchObject({ policy: null, inWords: null });
    expect(explain('{"/a":{"rate":120,"burst":0}}', '/a', false)).toMatchObject({
      policy: null,
      inWords: '1 request at once, then one every 500 ms',
    });
    expect(explain('{"/a":{"rate":120,"burst":0,"window":60,"shadow":false}}', '/a', false).policy).toEqual({
      ratePerMin: 120,
      burst: 0,
      windowSeconds: 60,
      isShadow: false,
    });
  });

  test('an unreadable document: why, and the base', () => {
    expect(explain('[]', '/a')).toMatchObject({
      droppedBecause: expect.stringContaining('a JSON list'),
      steps: [],
      policy: base,
    });
  });
});

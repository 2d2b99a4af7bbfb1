import { describe, expect, test } from 'vitest';
import type { BucketNames } from '../../../src/domain/config/bucket-names.js';
import { editInSequence } from '../../../src/domain/override/batch.js';
import { scanDocument } from '../../../src/domain/override/document.js';
import type { Edit } from '../../../src/domain/override/edit.js';
import type { HistoryEntry } from '../../../src/domain/override/history.js';
import { applySplices } from '../../../src/domain/override/splices.js';
import { revisionOf } from '../../../src/domain/revision.js';
import { reachOf } from '../../../src/domain/shadow/reach.js';
import { setShadow, takeShadowOff } from '../../../src/domain/shadow/route-shadow.js';

const scan = (text: string) => scanDocument(Buffer.from(text));
const textOf = ({ next }: { readonly next: Uint8Array }): string => Buffer.from(next).toString();

/** The history's entry of an edit. */
function entryOf(before: string, edit: Edit, more: { id?: string; command?: string } = {}): HistoryEntry {
  return {
    entryId: '1-0',
    timeMs: 0,
    kind: 'change',
    changeId: more.id ?? 'c1',
    sequence: 1,
    prev: revisionOf(Buffer.from(before)),
    next: revisionOf(edit.next),
    chain: '',
    document: null,
    snapshotOf: null,
    body: {
      v: 1,
      command: more.command ?? 'shadow on',
      actor: 'a',
      reason: null,
      ticket: null,
      rlctl: '0',
      environment: 'e',
      undoes: null,
      routes: edit.changes,
      splices: edit.splices,
    },
  };
}

describe('shadow on', () => {
  test('sets every route in one edit whose splices lead from the bytes before to those after', () => {
    const before = '{ "/x": {"rate": 5} ,"/b":{"shadow":"false","y":1}}';
    const edit = setShadow(scan(before), ['/x', '/new', '/b'], true);
    expect(JSON.parse(textOf(edit))).toEqual({
      '/x': { rate: 5, shadow: true },
      '/b': { shadow: true, y: 1 },
      '/new': { shadow: true },
    });
    expect(Buffer.from(applySplices(Buffer.from(before), edit.splices ?? [])).toString()).toBe(textOf(edit));
    expect(edit.changes.map(({ route }) => route)).toEqual(['/x', '/new', '/b']);
  });

  test('puts a nested route before the one that would hide it', () => {
    const edit = setShadow(scan('{}'), ['/api', '/api/payments'], true);
    expect(Object.keys(JSON.parse(textOf(edit)) as object)).toEqual(['/api/payments', '/api']);
  });

  test('is nothing where everything already is so', () => {
    const document = scan('{"/x":{"shadow":true}}');
    const edit = setShadow(document, ['/x', '/x'], true);
    expect(edit).toMatchObject({ splices: [], changes: [] });
    expect(edit.next).toBe(document.bytes);
    expect(editInSequence(document, []).next).toBe(document.bytes);
  });
});

describe('shadow off', () => {
  const before = '{"/a" : {"rate":5},"/c":{}}';
  const on = setShadow(scan(before), ['/a', '/b'], true);
  const entry = entryOf(before, on);
  const known = new Map([
    ['/a', entry],
    ['/b', entry],
  ]);

  test('gives the exact bytes back where nothing else happened', () => {
    const off = takeShadowOff(scan(textOf(on)), ['/a', '/b'], known);
    expect(textOf(off.edit)).toBe(before);
    expect([off.undoes, off.written]).toEqual(['c1', []]);
  });

  test('gives one of its routes back, and leaves the other', () => {
    const off = takeShadowOff(scan(textOf(on)), ['/b'], known);
    expect(JSON.parse(textOf(off.edit))).toEqual({ '/a': { rate: 5, shadow: true }, '/c': {} });
    expect(off.undoes).toBeNull();
    const rest = takeShadowOff(scan(textOf(off.edit)), ['/a'], known);
    expect(textOf(rest.edit)).toBe(before);
  });

  test('does not leave a route in the shadow of an entry that the same change put there', () => {
    const before = '{"/api":{"rate":60,"note":1}}';
    const on = setShadow(scan(before), ['/api', '/api/pay'], true);
    const known = new Map(['/api', '/api/pay'].map((route) => [route, entryOf(before, on)] as const));
    const off = takeShadowOff(scan(textOf(on)), ['/api/pay'], known);
    expect(textOf(off.edit)).toBe('{"/api/pay":{"rate":60,"shadow":false},"/api":{"rate":60,"note":1,"shadow":true}}');
    expect(off).toMatchObject({ undoes: null, covered: [{ route: '/api/pay', by: '/api', isFreed: true }] });
    const both = takeShadowOff(scan(textOf(on)), ['/api', '/api/pay'], known);
    expect(textOf(both.edit)).toBe(before);
    expect(both.covered).toEqual([]);
  });

  test('leaves a route as it was before, and says so, where it was in the shadow of another entry then', () => {
    const before = '{"/api":{"shadow":true}}';
    const on = setShadow(scan(before), ['/api/pay'], true);
    const off = takeShadowOff(scan(textOf(on)), ['/api/pay'], new Map([['/api/pay', entryOf(before, on)]]));
    expect(textOf(off.edit)).toBe(before);
    expect(off.covered).toMatchObject([{ route: '/api/pay', by: '/api', isFreed: false }]);
  });

  test('gives back what still stands after somebody changed another route', () => {
    const now = textOf(on).replace('"/c":{}', '"/c":{"rate":1}');
    const off = takeShadowOff(scan(now), ['/a', '/b'], known);
    expect(textOf(off.edit)).toBe(before.replace('"/c":{}', '"/c":{"rate":1}'));
  });

  test('writes false where somebody changed the route since, and where nothing is recorded', () => {
    const now = textOf(on).replace('"rate":5', '"rate":6');
    const off = takeShadowOff(scan(now), ['/a', '/b', '/n'], known);
    expect(JSON.parse(textOf(off.edit))).toEqual({
      '/a': { rate: 6, shadow: false },
      '/c': {},
      '/n': { shadow: false },
    });
    expect([off.written, [...off.restored.keys()], off.undoes]).toEqual([['/a', '/n'], ['/b'], null]);
  });

  test('takes nothing else back than a shadow on', () => {
    const other = entryOf(before, on, { command: 'override set' });
    const off = takeShadowOff(scan(textOf(on)), ['/a'], new Map([['/a', other]]));
    expect(off.written).toEqual(['/a']);
    expect(textOf(off.edit)).toContain('"shadow":false');
  });
});

describe('how far it reaches', () => {
  const bucket = (name: string, ...routes: string[]): BucketNames => ({ name, names: [name], routes });
  const reach = (before: string, after: string, routes: readonly string[], ...others: BucketNames[]) =>
    reachOf(Buffer.from(before), Buffer.from(after), { routes, others });

  test('names the routes of other buckets that are taken along', () => {
    const after = '{"/api":{"shadow":true}}';
    expect(reach('{}', after, ['/api'], bucket('financial', '/api/pay', '/pay')).spills).toEqual([
      { bucket: 'financial', route: '/api/pay', by: '/api' },
    ]);
  });

  test('but not those with an override in front, those that were so before, or those it is about', () => {
    const shield = '{"/api/pay":{},"/api":{"shadow":true}}';
    expect(reach('{"/api/pay":{}}', shield, ['/api'], bucket('financial', '/api/pay')).spills).toEqual([]);
    const same = '{"/api":{"shadow":true}}';
    expect(reach(same, same, ['/api'], bucket('financial', '/api/pay')).spills).toEqual([]);
    expect(reach('{}', same, ['/api'], bucket('read', '/api')).spills).toEqual([]);
  });

  test('and those that something else holds now, which may be taken back before it', () => {
    const all = '{"":{"shadow":true}}';
    const both = '{"/api":{"shadow":true},"":{"shadow":true}}';
    expect(reach(all, both, ['/api'], bucket('financial', '/api/pay', '/pay')).spills).toEqual([
      { bucket: 'financial', route: '/api/pay', by: '/api' },
    ]);
  });

  test('names the routes that another entry hides, and the entries that keep a shadow of their own', () => {
    const after = '{"/a":{"rate":1},"/a/b":{"shadow":true},"/x/y":{},"/x/z":{"shadow":true},"/x":{"shadow":true}}';
    const found = reach('{}', after, ['/a/b', '/x']);
    expect([...found.hidden]).toEqual([['/a/b', '/a']]);
    expect(found.exempt).toEqual(['/x/y']);
  });
});

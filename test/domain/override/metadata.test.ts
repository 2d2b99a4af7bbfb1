import { describe, expect, test } from 'vitest';
import type { RouteChange } from '../../../src/domain/override/history.js';
import {
  parseMetadata,
  serialiseMetadata,
  withMetadata,
  type RouteMetadata,
  type OverrideMetadata,
} from '../../../src/domain/override/metadata.js';
import { scanDocument } from '../../../src/domain/override/document.js';
import { metadataAfter } from '../../../src/domain/override/metadata-change.js';

const ann: RouteMetadata = { changeId: 'c1', actor: 'ann@host', reason: 'flash sale', ticket: null, atMs: 1000 };
const change = (route: string, after: string | null): RouteChange => ({
  route,
  before: null,
  after,
  previous: null,
  next: null,
});

function after(
  text: string | null,
  document: string,
  changes: readonly RouteChange[],
  author: RouteMetadata,
): OverrideMetadata {
  const scanned = scanDocument(Buffer.from(document));
  const common = { changes, author, splices: [], untilMs: null, restored: new Map() };
  return metadataAfter(parseMetadata(text), { ...common, after: scanned });
}

describe('metadata', () => {
  test('reads back what it wrote, odd prefixes included', () => {
    const full: RouteMetadata = {
      ...ann,
      untilMs: 2000,
      owner: 'limits.yaml',
      wrote: '{}',
      pastMs: 3000,
      previous: {
        value: '{"rate":1}',
        previous: null,
        next: '/b',
        isMoved: true,
        by: { ...ann, wrote: '{"rate":1}', extra: new Map([['mood', 'good']]) },
      },
    };
    const metadata = withMetadata(parseMetadata(null), [
      ['/api', ann],
      ['__proto__', full],
      ['1', ann],
      ['', full],
    ]);
    const text = serialiseMetadata(metadata);
    expect(text.startsWith('{"v":1,')).toBe(true);
    const read = parseMetadata(text);
    expect(read.routes).toEqual(metadata.routes);
    expect(read.isUnreadable).toBe(false);
  });

  test('keeps fields it does not know', () => {
    const text =
      '{"v":2,"routes":{"/a":{"changeId":"c","actor":"a","reason":null,"ticket":null,"atMs":1,"mood":"good","__proto__":1}},"later":[1]}';
    const read = parseMetadata(text);
    expect(serialiseMetadata(read)).toBe(text.replace('"v":2', '"v":1'));
    const kept = serialiseMetadata(after(text, '{"/a":{}}', [change('/a', '{}')], ann));
    expect(kept).toContain('"mood":"good"');
    expect(kept).toContain('"later":[1]');
  });

  test.each(['', '[]', 'null', '{', '"x"'])('unreadable text %j is flagged, and nothing else', (text) => {
    expect(parseMetadata(text)).toMatchObject({ isUnreadable: true, routes: new Map() });
  });

  test('wrong types inside are read as unknown', () => {
    const read = parseMetadata('{"routes":{"/a":{"actor":5,"atMs":"x","untilMs":"soon","previous":7},"/b":3}}');
    expect([...read.routes]).toEqual([['/a', { changeId: '', actor: 'unknown', reason: null, ticket: null, atMs: 0 }]]);
    expect(parseMetadata('{"routes":[]}').routes.size).toBe(0);
  });

  test('a change signs what it leaves and clears what it removes', () => {
    const first = after(null, '{"/a":{},"/b":{}}', [change('/a', '{}'), change('/b', '{}')], ann);
    const bob = { ...ann, actor: 'bob@host', changeId: 'c2' };
    const gone: RouteChange = { ...change('/b', null), before: '{}' };
    const second = after(serialiseMetadata(first), '{"/a":{"rate":1}}', [change('/a', '{"rate":1}'), gone], bob);
    expect([...second.routes]).toEqual([['/a', { ...bob, wrote: '{"rate":1}' }]]);
  });

  test('the owner stays until another is named', () => {
    const first = after(null, '{"/a":{}}', [change('/a', '{}')], { ...ann, owner: 'limits.yaml' });
    const second = after(serialiseMetadata(first), '{"/a":{}}', [change('/a', '{}')], ann);
    expect(second.routes.get('/a')?.owner).toBe('limits.yaml');
  });

  test('fields beside the author are not stored', () => {
    const wider = { ...ann, environment: 'prod', rlctl: '0.1.0' };
    expect(serialiseMetadata(after(null, '{"/a":{}}', [change('/a', '{}')], wider))).not.toContain('environment');
  });
});

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lintDocument } from '../../../src/domain/lint/lint.js';
import { bytePlaces } from '../../../src/domain/text-places.js';
import { notableStandings } from '../../../src/domain/lint/prefix-walk.js';
import { lintSubject, type LintEntry } from '../../../src/domain/lint/subject.js';
import type { LocatedFinding } from '../../../src/domain/located-finding.js';
import { hiddenBy } from '../../../src/domain/override/diff.js';
import { scanDocument } from '../../../src/domain/override/document.js';
import { setOverride } from '../../../src/domain/override/edit.js';
import { explainRoute } from '../../../src/domain/policy/explain.js';
import { loadOverrides, startsRoute } from '../../../src/domain/policy/matching.js';
import { documents, keys, patches } from '../override/generated.js';
import { bytesOf, readVectors } from '../vectors/vectors.js';

// What lint says must be what the model of the server does.

const seed = 5_2026;
const buckets = new Map([
  ['read', { routes: ['/api', '/api/s'], alias: [] }],
  ['financial', { routes: ['/api/payments', ''], alias: [] }],
]);

function lint(bytes: Uint8Array): readonly LocatedFinding[] {
  const traffic = [{ bucket: 'read', perMinute: 1e6, overShare: 1, threshold: 0, windowMs: 1000 }];
  const placeOf = bytePlaces(bytes);
  return lintDocument(lintSubject(bytes, { buckets, traffic }), { kind: 'file', file: 'f', placeOf });
}

const routesOf = (findings: readonly LocatedFinding[], rule: string): readonly (string | null)[] =>
  findings.filter((each) => each.rule === rule).map(({ route }) => route);

const sorted = (texts: Iterable<string | null>): readonly string[] => [...texts].map(String).sort();

/** Members of every kind, keys repeated and all. */
const loose = fc
  .array(fc.tuple(keys, fc.oneof(documents, fc.constantFrom('{"rate":5}', '{"burst":1}', '1', '{"rate":"x"}'))), {
    maxLength: 8,
  })
  .map((members) => `{${members.map(([key, raw]) => `${JSON.stringify(key)}: ${raw}`).join(',\n')}}`);

const texts = fc.oneof(documents, loose);

describe('any bytes', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.string({ unit: 'binary', maxLength: 60 }).map((text) => Buffer.from(text)),
    fc.tuple(texts, fc.nat(), fc.nat(255)).map(([text, at, byte]) => {
      const spoilt = Buffer.from(text);
      spoilt[at % spoilt.length] = byte;
      return spoilt;
    }),
    fc.tuple(texts, fc.nat()).map(([text, at]) => Buffer.from(text).subarray(0, at % (text.length + 1))),
  );

  test('are linted without a throw, and every place is inside them', () => {
    fc.assert(
      fc.property(bytes, (each) => {
        const findings = lint(each);
        const lines = Buffer.from(each).toString('latin1').split('\n');
        for (const { place } of findings) {
          expect(place?.line).toBeLessThanOrEqual(lines.length);
          expect(place?.column).toBeLessThanOrEqual((lines[(place?.line ?? 0) - 1]?.length ?? 0) + 1);
        }
        expect(routesOf(findings, 'unreadable')).toHaveLength(loadOverrides(each).droppedBecause === null ? 0 : 1);
      }),
      { seed, numRuns: 2000 },
    );
  });

  test.each(readVectors().documents.map((vector) => [(vector.text ?? vector.base64 ?? '').slice(0, 80), vector]))(
    'as python3 reads %s',
    (_, vector) => {
      const findings = lint(bytesOf(vector));
      expect(routesOf(findings, 'unreadable')).toHaveLength(vector.readable ? 0 : 1);
    },
  );
});

describe('the model of the server', () => {
  test('skips, drops, hides and coerces what lint says it does, and nothing else', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const findings = lint(Buffer.from(text));
        const loaded = loadOverrides(Buffer.from(text));
        const skipped = loaded.entries.filter(({ fields }) => fields === null);
        expect(sorted(routesOf(findings, 'skipped-entry'))).toEqual(sorted(skipped.map(({ prefix }) => prefix)));
        expect(sorted(routesOf(findings, 'vanished-entry'))).toEqual(
          sorted((loaded.vanished ?? []).map(({ prefix }) => prefix)),
        );
        const used = loaded.entries.filter(({ fields }) => fields !== null);
        const hidden = used.filter(
          ({ prefix }, index) => used.findIndex((earlier) => startsRoute(earlier.prefix, prefix)) < index,
        );
        expect(sorted(routesOf(findings, 'hidden-prefix'))).toEqual(sorted(hidden.map(({ prefix }) => prefix)));
        const coerced = used.flatMap(({ prefix, notes }) =>
          notes.filter((note) => note.includes(' is read as ')).map(() => prefix),
        );
        expect(sorted(routesOf(findings, 'coerced-value'))).toEqual(sorted(coerced));
        const ignored = loaded.entries.flatMap(({ prefix, notes }) =>
          notes.filter((note) => note.endsWith('is ignored by the server')).map(() => prefix),
        );
        expect(sorted(routesOf(findings, 'unknown-field'))).toEqual(sorted(ignored));
      }),
      { seed, numRuns: 1500 },
    );
  });

  test('explains a hidden prefix as hidden or lost, by the very one that lint names', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const loaded = loadOverrides(Buffer.from(text));
        for (const { rule, route, message } of lint(Buffer.from(text))) {
          if (rule !== 'hidden-prefix' || route === null || route === '') continue;
          const { winner, steps } = explainRoute(loaded, route, { bucket: 'read' });
          expect(steps.find(({ prefix }) => prefix === route)?.outcome).toBe('hidden');
          if ((winner?.prefix.length ?? 0) < 80) expect(message).toContain(JSON.stringify(winner?.prefix));
        }
      }),
      { seed, numRuns: 500 },
    );
  });

  test('a prefix once repaired hides those that lint names', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const findings = lint(Buffer.from(text)).filter(({ rule }) => rule === 'order-hazard');
        const { entries } = lintSubject(Buffer.from(text), { buckets: new Map(), traffic: [] });
        for (const { route } of findings) {
          const at = entries.findIndex(({ prefix }) => prefix === route);
          const behind = entries.slice(at + 1).filter(({ prefix }) => startsRoute(route ?? '', prefix));
          expect(behind.some(({ fields }) => fields !== null)).toBe(true);
        }
      }),
      { seed, numRuns: 500 },
    );
  });

  test('what the listing of overrides calls hidden is the same', () => {
    fc.assert(
      fc.property(documents, (text) => {
        const bytes = Buffer.from(text);
        const unused = new Set(loadOverrides(bytes).entries.flatMap(({ prefix, fields }) => (fields ? [] : [prefix])));
        const vanished = new Set((loadOverrides(bytes).vanished ?? []).map(({ prefix }) => prefix));
        const listed = [...hiddenBy(scanDocument(bytes)).keys()].filter(
          (key) => !unused.has(key) && !vanished.has(key),
        );
        expect(sorted(routesOf(lint(bytes), 'hidden-prefix'))).toEqual(sorted(listed));
      }),
      { seed, numRuns: 500 },
    );
  });
});

test('the walk finds the first taker of every key, as looking at all of them does', () => {
  const prefixes = fc.uniqueArray(
    fc.string({ unit: fc.constantFrom('/', 'a', 'b', '\ud83d', '\ude00'), maxLength: 5 }),
    {
      maxLength: 30,
    },
  );
  const usable = fc.array(fc.boolean(), { minLength: 30, maxLength: 30 });
  fc.assert(
    fc.property(prefixes, usable, prefixes, (all, used, routes) => {
      const entries: LintEntry[] = all.map((prefix, index) => ({
        prefix,
        index,
        at: 0,
        valueAt: 0,
        fields: used[index] === true ? {} : null,
        unusedBecause: null,
        isVanished: false,
      }));
      const standings = notableStandings(entries, new Map([['read', { routes, alias: [] }]]));
      const first = (key: string, isUsed: boolean, self: LintEntry | null): LintEntry | null =>
        entries.find((each) => (each.fields !== null) === isUsed && each !== self && startsRoute(each.prefix, key)) ??
        null;
      for (const { key, entry, winner, unused } of standings) {
        expect(winner).toBe(first(key, true, null));
        expect(unused).toBe(first(key, false, entry));
      }
      expect(sorted(standings.filter(({ entry }) => entry === null).map(({ key }) => key))).toEqual(sorted(routes));
      const listed = new Set(standings.map(({ entry }) => entry));
      for (const entry of entries.filter((each) => !listed.has(each))) {
        expect([first(entry.prefix, true, null), first(entry.prefix, false, entry)]).toEqual([entry, null]);
      }
    }),
    { seed, numRuns: 1000 },
  );
});

test('what "override set" writes has no error and no warning, whatever the order', () => {
  const segments = fc.array(fc.constantFrom('api', 'pay', 'payments', 'search', 'v1', 'v10', 'x'), {
    minLength: 1,
    maxLength: 4,
  });
  const routes = fc.tuple(segments, fc.boolean()).map(([each, isFolder]) => `/${each.join('/')}${isFolder ? '/' : ''}`);
  const changes = fc.array(fc.tuple(routes, patches), { maxLength: 12 });
  fc.assert(
    fc.property(changes, (all) => {
      const bytes = all.reduce<Uint8Array>(
        (before, [route, patch]) => setOverride(scanDocument(before), route, patch).next,
        Buffer.from('{}'),
      );
      const subject = lintSubject(bytes, { buckets: new Map(), traffic: [] });
      const origin = { kind: 'file', file: 'f', placeOf: () => ({ line: 1, column: 1 }) } as const;
      expect(lintDocument(subject, origin).filter(({ severity }) => severity !== 'note')).toEqual([]);
    }),
    { seed, numRuns: 1000 },
  );
});

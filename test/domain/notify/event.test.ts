import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { annotationOf } from '../../../src/domain/notify/annotation.js';
import { eventId, eventOf, type EventFacts } from '../../../src/domain/notify/event.js';
import { eventSchema } from '../../../src/domain/notify/schema.js';
import { hostileCharacters } from '../../../src/domain/outside-text.js';

const facts: EventFacts = {
  type: 'change.made',
  id: 'c1',
  atMs: Date.parse('2026-11-21T10:00:00Z'),
  sinceMs: null,
  environment: 'prod',
  actor: 'ana@laptop',
  rlctl: '1.0.0',
  command: 'override set',
  summary: 'override set changed /api/search on prod: proven',
  routes: ['/api/search'],
  changeId: 'c1',
  verdict: 'proven',
  reason: null,
  ticket: null,
  partOf: [],
};
const same = (text: string): string => text;
const schema = z.fromJSONSchema(eventSchema());

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 3000 }),
  fc.constantFrom('\u001b]0;title\u0007', '\u202eabc', 'key=hunter22', '\ud83d\ude00'.repeat(900), '<b>&"\\'),
);
const anyFacts: fc.Arbitrary<EventFacts> = fc.record({
  type: fc.constantFrom('change.made', 'panic.acted', 'rollout.stage'),
  id: fc.constantFrom('c1', 'c1-panic-acted'),
  atMs: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  sinceMs: fc.option(fc.integer({ min: 0, max: 4_000_000_000_000 })),
  environment: text,
  actor: text,
  rlctl: fc.constant('1.0.0'),
  command: text,
  summary: text,
  routes: fc.array(text, { maxLength: 80 }),
  changeId: fc.option(fc.constant('c1')),
  verdict: fc.constantFrom('proven', 'notProven', 'contradicted', 'notAttempted', null),
  reason: fc.option(text),
  ticket: fc.option(text),
  partOf: fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('panic' as const), id: text }),
      fc.record({ kind: fc.constant('rollout' as const), id: text, step: text }),
    ),
    { maxLength: 3 },
  ),
});

describe('an event', () => {
  test('of whatever texts is small, holds no escape and no secret, and is what its schema says', () => {
    fc.assert(
      fc.property(anyFacts, (given) => {
        const event = eventOf(given, (each) => each.replaceAll('hunter22', '[redacted]'));
        const sent = JSON.stringify(event);
        expect(Buffer.byteLength(sent)).toBeLessThan(20_000);
        expect(sent).not.toContain('hunter22');
        const texts: string[] = [];
        JSON.parse(sent, (_, value: unknown) => (typeof value === 'string' ? (texts.push(value), value) : value));
        expect(texts.filter((each) => each.search(hostileCharacters) >= 0)).toEqual([]);
        expect(schema.safeParse(JSON.parse(sent))).toMatchObject({ success: true });
      }),
      { seed: 6, numRuns: 300 },
    );
  });

  test('has routes whole or not at all, and says how many there were', () => {
    const long = `/api/${'x'.repeat(5000)}`;
    const event = eventOf({ ...facts, routes: ['/a', long, long, '/b'] }, same);
    expect(event).toMatchObject({ routes: ['/a', long], routesTotal: 4 });
    const many = Array.from({ length: 51 }, (_, index) => `/api/${index}`);
    expect(eventOf({ ...facts, routes: many }, same).routes).toEqual(many.slice(0, 50));
  });

  test.each([
    ['without a field', { ...eventOf(facts, same), verdict: undefined }],
    ['with another verdict', { ...eventOf(facts, same), verdict: 'fine' }],
    ['with a stop in its id', { ...eventOf(facts, same), id: 'c1.2' }],
    ['with a type of one word', { ...eventOf(facts, same), type: 'change' }],
  ])('%s is not what the schema says', (_, event) => {
    expect(schema.safeParse(JSON.parse(JSON.stringify(event))).success).toBe(false);
  });
});

describe('the id of an event', () => {
  const never = (): never => {
    throw new Error('drawn');
  };
  test('of a change is that of the change', () => {
    expect(eventId({ type: 'change.made', changeId: 'c1' }, never)).toBe('c1');
  });
  test('of what is told about a change besides is another one, and always the same', () => {
    expect(eventId({ type: 'panic.acted', changeId: 'c1' }, never)).toBe('c1-panic-acted');
    const ended = { type: 'panic.restored', changeId: 'c1', about: 'p-1a2b3c4d' };
    expect(eventId(ended, never)).toBe('c1-panic-restored-p-1a2b3c4d');
  });
  test('of what changed nothing is new', () => {
    expect(eventId({ type: 'reload.sent', changeId: null }, () => 'e1')).toBe('e1');
  });
});

describe('an annotation', () => {
  const place = { tags: [], dashboardUID: null, panelId: null };

  test('of what ends something is the region from where that began', () => {
    const sinceMs = Date.parse('2026-11-21T09:00:00Z');
    expect(annotationOf(eventOf({ ...facts, sinceMs }, same), place)).toMatchObject({
      time: sinceMs,
      timeEnd: facts.atMs,
    });
  });

  test('is found by what it is a part of', () => {
    const partOf = [{ kind: 'rollout', id: 'r-1', step: 'financial' }] as const;
    const { tags } = annotationOf(eventOf({ ...facts, partOf }, same), { ...place, tags: ['rlctl', 'limits'] });
    expect(tags).toEqual(['rlctl', 'limits', 'environment:prod', 'event:change.made', 'change:c1', 'rollout:r-1']);
  });

  test('says a reason once, also where its summary ends with it', () => {
    const text = (summary: string): string =>
      annotationOf(eventOf({ ...facts, summary, reason: 'slow' }, same), place).text;
    expect(text('ann started incident i-1: slow').match(/slow/g)).toHaveLength(1);
    expect(text('a change').match(/slow/g)).toHaveLength(1);
  });

  test('has no tag longer than Grafana keeps', () => {
    const { tags } = annotationOf(eventOf(facts, same), { ...place, tags: ['x'.repeat(300)] });
    expect(tags[0]).toHaveLength(100);
  });
});

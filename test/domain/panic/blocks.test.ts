import { describe, expect, test } from 'vitest';
import { summarise } from '../../../src/domain/decisions/summarise.js';
import type { LabelledNumber } from '../../../src/domain/decisions/readings.js';
import { judgeBlocks, type TouchedBuckets } from '../../../src/domain/panic/blocks.js';
import { noReadings } from '../../support/fake-metrics-source.js';

type Counts = Readonly<Record<string, { allow?: number; block?: number; shadow?: number }>>;

const financial: TouchedBuckets = { names: ['financial'], areWhole: true };

function decisionsOf(counts: Counts, more: { workers?: number; newestMs?: number } = {}) {
  const decisions = Object.entries(counts).flatMap(([bucket, { allow, block, shadow }]): LabelledNumber[] => [
    ...(allow === undefined ? [] : [{ bucket, action: 'allow', shadow: 'False', value: allow }]),
    ...(block === undefined ? [] : [{ bucket, action: 'block', shadow: 'False', value: block }]),
    ...(shadow === undefined ? [] : [{ bucket, action: 'shadow_block', shadow: 'True', value: shadow }]),
  ]);
  const { workers = 1, newestMs = noReadings.endMs } = more;
  const expected = { buckets: [], windowMs: 30_000, workers, isScraped: workers > 1 };
  return summarise({ ...noReadings, decisions, newestMs }, expected);
}

describe('decisions after a panic', () => {
  test.each([
    ['shadow blocks alone prove it', { financial: { allow: 5, block: 0, shadow: 3 } }, financial, 'proven'],
    ['an action without a series never happened', { financial: { allow: 5, shadow: 3 } }, financial, 'proven'],
    ['a block contradicts it', { financial: { allow: 5, block: 2, shadow: 3 } }, financial, 'contradicted'],
    ['nothing over its limit shows nothing', { financial: { allow: 5, block: 0 } }, financial, 'inconclusive'],
    ['no decision at all is no data', { financial: { allow: 0, block: 0 } }, financial, 'noData'],
    ['no series is no data', {}, financial, 'noData'],
    ['another bucket says nothing of this one', { read: { allow: 5, block: 9 } }, financial, 'noData'],
    [
      'all buckets: a block of any contradicts',
      { read: { allow: 5, shadow: 9 }, video: { block: 1 } },
      { names: null, areWhole: true },
      'contradicted',
    ],
    [
      'of a route, blocks of its bucket may be those of others',
      { financial: { allow: 5, block: 2, shadow: 3 } },
      { names: ['financial'], areWhole: false },
      'inconclusive',
    ],
    ['a fraction that extrapolation left is no block', { financial: { block: 0.2, shadow: 3 } }, financial, 'proven'],
  ] as const)('%s', (_, counts, touched, verdict) => {
    expect(judgeBlocks(decisionsOf(counts), touched).verdict).toBe(verdict);
  });

  test('of several buckets it names those of which nothing was counted, and only those', () => {
    const all: TouchedBuckets = { names: null, areWhole: true };
    const shown = judgeBlocks(decisionsOf({ read: { allow: 5, shadow: 3 }, financial: { allow: 0, block: 0 } }), all);
    expect(shown.text).toMatch(/5 allowed; of "?financial"? no decision was counted, which is no proof of it/);
    expect(judgeBlocks(decisionsOf({ read: { allow: 5, shadow: 3 } }), all).text).not.toContain('no proof');
  });

  test('a proof by few requests says by how many; what proves nothing is not thin', () => {
    const judged = (shadow: number) => judgeBlocks(decisionsOf({ financial: { allow: 5, shadow } }), financial);
    expect(judged(1)).toMatchObject({ verdict: 'proven', isThin: true });
    expect(judged(1).text).toMatch(
      /^none blocked, 1 over .*; this rests on 1 request over the limit, which is little$/,
    );
    expect(judged(9.4).text).toContain('rests on 9 requests');
    expect([judged(10).isThin, judged(10).text.includes('rests on')]).toEqual([false, false]);
    expect(judged(0)).toMatchObject({ verdict: 'inconclusive', isThin: false });
  });

  test('a doubt about the figures keeps them from proving, and from nothing else', () => {
    const one = decisionsOf({ financial: { allow: 1, shadow: 3 } }, { workers: 4 });
    expect(judgeBlocks(one, financial)).toMatchObject({
      verdict: 'inconclusive',
      text: expect.stringContaining('one scrape sees one worker of 4') as string,
    });
    const stale = decisionsOf({ financial: { shadow: 3 } }, { newestMs: noReadings.endMs - 600_000 });
    expect(judgeBlocks(stale, financial).verdict).toBe('inconclusive');
    expect(judgeBlocks(decisionsOf({ financial: { block: 3 } }, { workers: 4 }), financial).verdict).toBe(
      'contradicted',
    );
  });

  test('figures without data are null, never 0', () => {
    const { buckets } = judgeBlocks(
      summarise(
        { ...noReadings, decisions: [{ bucket: 'financial', action: 'allow', shadow: 'False', value: null }] },
        { buckets: [], windowMs: 1000, workers: 1, isScraped: false },
      ),
      financial,
    );
    expect(buckets).toEqual([{ bucket: 'financial', allowed: null, blocked: null, shadowBlocked: null }]);
  });

  test('a hostile name of a bucket is quoted short', () => {
    const text = judgeBlocks(decisionsOf({ ['x'.repeat(400)]: { block: 1 } }), { names: null, areWhole: true }).text;
    expect(text.length).toBeLessThan(100);
  });
});

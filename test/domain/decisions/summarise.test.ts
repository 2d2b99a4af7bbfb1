import { describe, expect, it } from 'vitest';
import { bucketSpellings } from '../../../src/domain/config/bucket-names.js';
import { actionOf } from '../../../src/domain/decisions/labels.js';
import { metricNames } from '../../../src/domain/decisions/metric-names.js';
import { summarise } from '../../../src/domain/decisions/summarise.js';
import type { WindowReadings } from '../../../src/domain/decisions/readings.js';
import { noReadings } from '../../support/fake-metrics-source.js';

const expectation = { buckets: [], windowMs: 300_000, workers: null, isScraped: false };
const summary = (readings: Partial<WindowReadings>, more: Partial<typeof expectation> & object = {}) =>
  summarise({ ...noReadings, ...readings }, { ...expectation, ...more });

describe('actionOf', () => {
  it.each([
    ['allowed', 'false', 'allow'],
    ['allowed', 'true', 'allow'],
    ['allow', 'True', 'allow'],
    ['blocked', 'false', 'block'],
    ['blocked', 'true', 'shadowBlock'],
    ['block', 'False', 'block'],
    ['block', 'True', 'shadowBlock'],
    ['shadow_block', 'True', 'shadowBlock'],
    ['shadow_block', 'False', 'shadowBlock'],
    ['BLOCK', 'False', null],
    ['block', '', null],
    ['', 'true', null],
  ])('%s with shadow %s is %s', (action, shadow, expected) => {
    expect(actionOf(action, shadow)).toBe(expected);
  });
});

it.each([
  ['app', 'app_rl_decisions_total'],
  ['a-b.c', 'a_b_c_rl_decisions_total'],
  ['9', '_9_rl_decisions_total'],
  ['', '_rl_decisions_total'],
  ['é{"}', '_____rl_decisions_total'],
])('the namespace %j makes %s', (namespace, expected) => {
  expect(metricNames(namespace).decisions).toBe(expected);
});

it.each([
  ['read', [], ['read']],
  ['auth', [], ['auth', 'auth_bootstrap']],
  ['auth_bootstrap', [], ['auth_bootstrap', 'auth']],
  ['login', ['auth'], ['login', 'auth', 'auth_bootstrap']],
])('the bucket %s with %j may stand as %j', (name, aliases, expected) => {
  expect(bucketSpellings(name, aliases)).toEqual(expected);
});

describe('summarise', () => {
  it('a bucket that was expected and has no series is listed without data', () => {
    const { buckets, remarks } = summary(
      { decisions: [{ bucket: 'auth_bootstrap', action: 'allow', shadow: 'False', value: 3 }] },
      {
        buckets: [
          { name: 'auth', spellings: ['auth', 'auth_bootstrap'] },
          { name: 'pay', spellings: ['pay', 'financial'] },
        ] as never,
      },
    );
    expect(buckets.map(({ bucket, total }) => [bucket, total])).toEqual([
      ['auth_bootstrap', 3],
      ['pay', null],
    ]);
    expect(buckets[1]?.allowed).toEqual({ count: null, perSecond: null, share: null });
    expect(remarks).toEqual([
      {
        code: 'BUCKET_WITHOUT_DATA',
        isWarning: false,
        text: expect.stringContaining('pay (looked for pay, financial)'),
        hint: null,
      },
    ]);
  });

  it('0 decisions have no share', () => {
    const { buckets } = summary({ decisions: [{ bucket: 'read', action: 'allow', shadow: 'False', value: 0 }] });
    expect(buckets[0]?.allowed).toEqual({ count: 0, perSecond: 0, share: null });
  });

  it('a part that is no data makes no sum', () => {
    const one = { bucket: 'read', action: 'allow', shadow: 'False' };
    const { buckets } = summary({
      decisions: [
        { ...one, value: 4 },
        { ...one, shadow: 'True', value: null },
      ],
    });
    expect(buckets[0]).toMatchObject({ allowed: { count: null }, total: null });
  });

  it('of evaluation errors: such requests passed, and are in no other figure', () => {
    const evalErrors = [
      { bucket: 'read', value: 8 },
      { bucket: 'financial', value: 4 },
      { bucket: 'write', value: 0 },
    ];
    const { remarks } = summary({ evalErrors });
    expect(remarks.find(({ code }) => code === 'EVALUATION_ERRORS')).toMatchObject({
      isWarning: true,
      text: 'the limiter could not evaluate 12 requests, and such ones pass unlimited: financial 4, read 8',
    });
    const well = summary({ evalErrors: evalErrors.slice(2) }).remarks.map(({ code }) => code);
    expect(well).not.toContain('EVALUATION_ERRORS');
  });

  it('the cure of a remark stands apart from its text, so that its command can be completed', () => {
    const { remarks } = summary({ activeOverrides: [2, 0] });
    expect(remarks.find(({ code }) => code === 'OVERRIDES_DIFFER')).toMatchObject({
      text: 'processes differ in their active overrides (0, 2): some have not loaded them',
      hint: 'run: rlctl reload',
    });
  });

  it('outside text in a remark is cut and cleaned', () => {
    const { remarks } = summary({ warnings: [`a\u001b[31m${'x'.repeat(500)}`] });
    expect(remarks.find(({ code }) => code === 'SOURCE_WARNING')?.text).toMatch(/^the source warns: a \[31mx+…$/);
  });

  it('an old sample is said', () => {
    const read = { bucket: 'read', action: 'allow', shadow: 'False', value: 1 };
    const { remarks } = summary({ decisions: [read], newestMs: noReadings.endMs - 180_000 });
    expect(remarks[0]).toMatchObject({ code: 'STALE', text: 'the newest sample is 3m old' });
  });
});

import { describe, expect, test } from 'vitest';
import { decisionsPort } from '../../src/commands/decisions/traffic.js';
import { resolveEnvironment } from '../../src/domain/config/resolve.js';
import type { LabelledNumber } from '../../src/domain/decisions/readings.js';
import { RlctlError } from '../../src/domain/errors.js';
import { bareAddress } from '../../src/domain/printed-command.js';
import { lintStored, type LintReport } from '../../src/procedures/override/lint.js';
import { createFakeMetricsSource } from '../support/fake-metrics-source.js';
import { createFakeOverrides } from '../support/fake-override-store.js';
import { createFakeClock, createFakeDeadline } from '../support/fake-time.js';

const clock = createFakeClock();
const deadline = createFakeDeadline(clock);

interface Site {
  readonly document?: string;
  readonly type?: string;
  readonly fault?: Error;
  /** What the metrics say; absent: none are configured. */
  readonly metrics?: readonly LabelledNumber[] | Error;
  readonly isScraped?: boolean;
  readonly routes?: readonly string[];
}

async function lint(site: Site): Promise<LintReport> {
  const fake = createFakeOverrides(site.document === undefined ? {} : { document: site.document });
  if (site.type !== undefined) Object.assign(fake.state, { type: site.type, bytes: null });
  fake.faults.read = site.fault ?? null;
  const source = createFakeMetricsSource(site.isScraped);
  const { metrics } = site;
  if (metrics !== undefined) source.answer(metrics instanceof Error ? metrics : { decisions: metrics });
  const environment = resolveEnvironment({
    name: 'lab',
    file: {
      namespace: 'app',
      buckets: { read: { routes: [...(site.routes ?? ['/api'])], alias: ['lesen'] } },
      ...(metrics === undefined ? {} : { prometheus: 'http://127.0.0.1:9' }),
    },
    filePlace: 'rlctl.yaml',
    isTrusted: true,
    env: {},
    flags: {},
  });
  const context = { metricsSource: () => Promise.resolve(source) };
  const decisions = decisionsPort(context, environment, 3_600_000);
  const input = { buckets: environment.buckets, ignored: new Set<string>(), key: 'app:rl:overrides' };
  return lintStored({ store: fake.store(), clock, deadline, decisions }, { ...input, address: bareAddress });
}

const counts = (bucket: string, values: Readonly<Record<string, number>>): readonly LabelledNumber[] =>
  Object.entries(values).map(([action, value]) => ({ bucket, action, shadow: 'False', value }));

const busy = counts('read', { allow: 40_000, block: 14_000 });
const rules = ({ findings }: LintReport): readonly string[] => findings.map(({ rule }) => rule);
const unchecked = ({ notChecked }: LintReport, wanted: string): string | undefined =>
  notChecked.find(({ rule }) => rule === wanted)?.because;

describe('the traffic of a bucket', () => {
  test('over its limit, and over the rate of the one override that takes its routes: a finding', async () => {
    const report = await lint({ document: '{"/api":{"rate":60}}', metrics: busy });
    expect(rules(report)).toEqual(['rate-below-traffic']);
    expect(report.findings[0]).toMatchObject({ route: '/api', place: null });
    expect(report.findings[0]?.message).toContain('asked 900 times a minute, 26 % of that over their limit');
    expect(report.findings[0]?.hint).toContain('rlctl decisions show --bucket read --since 1h');
    expect(report.notChecked).toEqual([]);
  });

  test('is counted under any name of the bucket, and what only observes counts as over', async () => {
    const metrics = counts('lesen', { allow: 40_000, shadow_block: 14_000 });
    expect(rules(await lint({ document: '{"/api":{"rate":60}}', metrics }))).toEqual(['rate-below-traffic']);
  });

  test.each<[string, Site, RegExp]>([
    ['too few requests', { metrics: counts('read', { allow: 50, block: 49 }) }, /100 decisions/],
    ['another bucket’s', { metrics: counts('video', { allow: 4000, block: 4000 }) }, /100 decisions/],
    ['no series', { metrics: [] }, /100 decisions/],
    ['nothing configured', {}, /neither prometheus nor metrics/],
    [
      'a silent source',
      { metrics: new RlctlError('unreachable', 'Prometheus does not answer', { code: 'X' }) },
      /does not answer/,
    ],
  ])('%s: no finding, and it is said why', async (_, site, because) => {
    const report = await lint({ document: '{"/api":{"rate":60}}', ...site });
    expect(rules(report)).toEqual([]);
    expect(unchecked(report, 'rate-below-traffic')).toMatch(because);
  });

  test('allowed alone tells nothing of what is over', async () => {
    const report = await lint({ document: '{"/api":{"rate":60}}', metrics: counts('read', { allow: 9000 }) });
    expect(rules(report)).toEqual([]);
  });
});

describe('a document that cannot be read', () => {
  test.each<[string, Site, RegExp]>([
    ['broken', { document: '{"/api":' }, /cannot read the document: .*; a reload drops/],
    ['empty', { document: '' }, /empty string/],
    ['of another type', { type: 'list' }, /the key holds a list, not a string/],
  ])('%s: a finding and no error', async (_, site, message) => {
    const report = await lint(site);
    expect(rules(report)).toEqual(['unreadable']);
    expect(report.findings[0]?.message).toMatch(message);
    expect(report.findings[0]?.hint).toContain('rlctl override repair');
  });

  test.each([
    ['app:rl:overrides', ['too-large']],
    ['{app:rl:overrides}:meta', null],
  ])('too large to be fetched: a finding, where it is the document (%s)', async (key, found) => {
    const details = { key, bytes: 17_000_000, limit: 16_777_216 };
    const fault = new RlctlError('guard', 'too large', { code: 'DOCUMENT_TOO_LARGE', details });
    const read = lint({ fault });
    if (found === null) return expect(read).rejects.toBe(fault);
    expect(rules(await read)).toEqual(found);
    expect((await read).findings[0]?.message).toContain('more than 16777216 bytes');
  });

  test('no key at all is well', async () => {
    expect(await lint({})).toMatchObject({ findings: [], entryCount: 0, size: 0 });
  });

  test('a Redis that is away is an error, not a finding', async () => {
    const fault = new RlctlError('unreachable', 'away', { code: 'REDIS_UNREACHABLE' });
    await expect(lint({ fault })).rejects.toBe(fault);
  });
});

test('without routes of buckets it says what it could not look for', async () => {
  const report = await lint({ document: '{"/api":{"shadow":true}}', routes: [] });
  expect(unchecked(report, 'wide-shadow')).toBe('no routes of buckets are configured');
});

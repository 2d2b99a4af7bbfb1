import { describe, expect, test } from 'vitest';
import type { ReloadReport } from '../../../src/domain/control-plane.js';
import type { ExpectedFlag, FlagObservations } from '../../../src/domain/shadow/flag-observations.js';
import { judgeFlags } from '../../../src/domain/shadow/judge-flags.js';

const on: ExpectedFlag = { bucket: 'auth', names: ['auth', 'auth_bootstrap'], isShadow: true, before: null };
const absent: ExpectedFlag = { ...on, isShadow: null };

function report(bucketShadows: Readonly<Record<string, boolean>>, more: Partial<ReloadReport> = {}): ReloadReport {
  const shadows = new Map(Object.entries(bucketShadows));
  const base = { isOk: true, isEnabled: true, isShadow: false, overridesCount: 0, overridePrefixes: null };
  return { ...base, bucketShadows: shadows, ...more };
}

function seen(parts: Partial<FlagObservations> = {}): FlagObservations {
  return {
    flags: [on],
    reports: [report({ auth_bootstrap: true, read: false })],
    reads: [],
    readsWanted: 0,
    endpointCount: 1,
    workers: 1,
    failures: [],
    levelAsked: 'loaded',
    probes: [],
    ...parts,
  };
}

const reads = (count: number, isShadow = true) => Array.from({ length: count }, () => ({ bucket: 'auth', isShadow }));
const answer = { status: 200, bucket: 'auth_bootstrap', limit: 1, remaining: 0, retryAfterSeconds: null };
const probe = (isShadow: boolean | null, more: object = {}) => ({
  url: 'https://api.example.com/auth',
  expected: on,
  answer: { ...answer, isShadow, ...more },
  failure: null,
});

describe('judging flags', () => {
  test.each<[string, Partial<FlagObservations>, string, string | null]>([
    ['the report shows it under an alias', {}, 'proven', null],
    ['no report came', { reports: [] }, 'notProven', null],
    ['the report names no such bucket', { reports: [report({ read: true })] }, 'notProven', null],
    ['the report shows the old flag', { reports: [report({ auth: false })] }, 'contradicted', 'flagNeedsRestart'],
    [
      'some workers show it, some do not after reloads of their own',
      { workers: 2, reports: [report({ auth: true }), report({ auth: false })] },
      'contradicted',
      'staleWorkers',
    ],
    [
      'a worker shows the old flag',
      { workers: 2, readsWanted: 14, reads: reads(3, false) },
      'contradicted',
      'staleWorkers',
    ],
    ['too few reads', { workers: 2, readsWanted: 14, reads: reads(13), failures: ['the deadline'] }, 'notProven', null],
    ['enough reads', { workers: 2, readsWanted: 14, reads: reads(14) }, 'proven', null],
    [
      'a flag of its own no more, and it enforces',
      { flags: [absent], reports: [report({ auth: false })] },
      'proven',
      null,
    ],
    [
      'a flag of its own no more, and it follows global shadow',
      { flags: [absent], reports: [report({ auth: true }, { isShadow: true })] },
      'proven',
      null,
    ],
    [
      'a flag of its own no more, and it is in shadow for no reason',
      { flags: [absent], reports: [report({ auth: true })] },
      'contradicted',
      'flagNeedsRestart',
    ],
    ['a probe that met it', { levelAsked: 'enforced', probes: [probe(true)] }, 'proven', null],
    ['a probe that met the contrary', { levelAsked: 'enforced', probes: [probe(false)] }, 'contradicted', null],
    ['a probe that does not say', { levelAsked: 'enforced', probes: [probe(null)] }, 'notProven', null],
    [
      'a probe of another bucket',
      { levelAsked: 'enforced', probes: [probe(true, { bucket: 'read' })] },
      'notProven',
      null,
    ],
    ['enforcement asked, and no probe', { levelAsked: 'enforced' }, 'notProven', null],
  ])('%s', (_, parts, verdict, trap) => {
    expect(judgeFlags(seen(parts))).toMatchObject({ verdict, trap });
  });

  const read: ExpectedFlag = { bucket: 'read', names: ['read'], isShadow: true, before: false };
  const stuck = { ...on, before: false };
  const reports = [report({ auth: false, read: true })];

  test('where the same reload moved another flag, it is no trap of all flags, and what may be is named', () => {
    const flags = [{ ...stuck, doubt: 'a comment stands behind RATE_LIMIT_SHADOW_AUTH' }, read];
    const judged = judgeFlags(seen({ flags, reports }));
    expect(judged).toMatchObject({ verdict: 'contradicted', trap: null });
    expect(judged.diagnosis).toMatch(
      /^of auth the server .* moved read: .*a comment stands behind RATE_LIMIT_SHADOW_AUTH/,
    );
    expect(judgeFlags(seen({ flags: [stuck, read], reports })).diagnosis).toContain('compare how these values');
  });

  test('a comment behind the value is named before a restart is asked for', () => {
    const doubtful = { ...stuck, doubt: 'a comment stands behind RATE_LIMIT_SHADOW_AUTH' };
    const flags = [doubtful, { ...read, before: true }];
    const judged = judgeFlags(seen({ flags, reports }));
    expect(judged).toMatchObject({ verdict: 'contradicted', trap: null });
    expect(judged.diagnosis).toMatch(
      /^of auth .*: a comment stands behind RATE_LIMIT_SHADOW_AUTH, .* move it to a line/,
    );
    expect(judged.diagnosis).toMatch(/where it stays so, the flags need a restart/);
    const bare = { ...read, isShadow: false };
    expect(judgeFlags(seen({ flags: [doubtful, bare], reports })).trap).toBe('flagNeedsRestart');
  });

  test.each([true, null])('another flag of which the server said %s before shows nothing of that', (before) => {
    const judged = judgeFlags(seen({ flags: [stuck, { ...read, before }], reports }));
    expect(judged.trap).toBe('flagNeedsRestart');
  });

  test('says at which level, with which confidence, and how many different answers there were', () => {
    expect(judgeFlags(seen({ levelAsked: 'enforced', probes: [probe(true)] })).levelReached).toBe('enforced');
    expect(judgeFlags(seen({ levelAsked: 'enforced', probes: [probe(false)] })).levelReached).toBe('loaded');
    expect(judgeFlags(seen({ reports: [] })).levelReached).toBe('none');
    expect(judgeFlags(seen()).confidence).toBeNull();
    expect(judgeFlags(seen({ workers: 2, readsWanted: 1, reads: reads(1) })).confidence).toBe(0.5);
    const mixed = { workers: 2, reports: [report({ auth: true }), report({ auth: false })] };
    expect(judgeFlags(seen(mixed)).distinctAnswers).toBe(2);
  });

  test.each([
    [true, true],
    [false, false],
    [null, false],
  ])('where the server said %s before, a proof has the caveat: %s', (before, isCaveat) => {
    const { diagnosis, evidence } = judgeFlags(seen({ flags: [{ ...on, before }] }));
    const told = [diagnosis, evidence[0]?.text].map((text) => text?.includes('does not show that flags move'));
    expect(told).toEqual([isCaveat, isCaveat]);
  });

  test.each([
    [
      true,
      true,
      'still says that it is in shadow by global shadow; this does not show that flags move without a restart',
    ],
    [null, true, 'says that it is in shadow by global shadow'],
    [false, false, 'still says that it is enforcing; this does not show that flags move without a restart'],
    [true, false, 'says that it is enforcing'],
  ])('of a line that is gone, %s before and %s now, it says what holds the bucket', (before, auth, how) => {
    const gone = { flags: [{ ...absent, before }], reports: [report({ auth }, { isShadow: auth })] };
    expect(judgeFlags(seen(gone)).diagnosis).toBe(`auth has no flag of its own again, and the server ${how}`);
  });

  test('remarks what no flag can change', () => {
    const text = (parts: Partial<ReloadReport>): string =>
      judgeFlags(seen({ reports: [report({ auth: true }, parts)] }))
        .evidence.map((line) => line.text)
        .join('\n');
    expect(text({ isShadow: true })).toContain('does not reach buckets that have a flag of their own');
    expect(text({ isEnabled: false })).toContain('switched off');
    expect(text({})).not.toContain('global');
  });
});

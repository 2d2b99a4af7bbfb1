import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RlctlError } from '../../../src/domain/errors.js';
import { Secret } from '../../../src/domain/secret.js';
import { parseProfile, profilesFor } from '../../../src/domain/signing/profile.js';
import { revealHeaders } from '../../../src/domain/signing/sign.js';
import type { ReloadPorts } from '../../../src/procedures/reload/attempt.js';
import { inParallel } from '../../../src/procedures/reload/in-parallel.js';
import { reloadAgain, sendReload, type ReloadInput, type TargetReload } from '../../../src/procedures/reload/send.js';
import { accepted, createFakeControlPlane, refused, type FakeControlPlane } from '../../support/fake-control-plane.js';
import { createFakeClock, createFakeDeadline, createFakeRandomness, type FakeClock } from '../../support/fake-time.js';

const target = 'https://api.example.com';
const input: ReloadInput = {
  targets: [target],
  basePaths: ['/internal', '/api/v1/internal'],
  profiles: profilesFor('auto'),
  secret: new Secret('secret'),
  origin: null,
  siteMode: null,
};
const badSignature = refused(403, { detail: 'invalid signature' });
const notFound = refused(404, { detail: 'Not Found' });
const lost = (code: string): RlctlError =>
  new RlctlError('unreachable', `api.example.com:443: ${code}`, { code, hint: 'look' });

let plane: FakeControlPlane;
let clock: FakeClock;
let ports: ReloadPorts;

beforeEach(() => {
  plane = createFakeControlPlane();
  clock = createFakeClock();
  ports = { controlPlane: plane, clock, randomness: createFakeRandomness(), deadline: createFakeDeadline(clock) };
});

afterEach(() => plane.assertDone());

async function send(fields: Partial<ReloadInput> = {}): Promise<TargetReload> {
  const [result] = await sendReload(ports, { ...input, ...fields });
  if (result === undefined) throw new Error('no target was reported');
  return result;
}

describe('the walk', () => {
  it('takes the first form that is accepted and says which it was', async () => {
    plane.expectReload({ basePath: '/internal', profile: 'documented' }, accepted({}, 'preview'));
    expect(await send()).toMatchObject({
      target,
      outcome: 'accepted',
      endpoint: { origin: target, basePath: '/internal' },
      profile: 'documented',
      error: null,
      attempts: 1,
      siteMode: 'preview',
      isMaybeApplied: false,
    });
  });

  it('says when the first request was sent, whatever came after it', async () => {
    const sentMs = clock.nowMs();
    plane.expectReload({ basePath: '/internal' }, () => {
      clock.advance(400);
      return notFound;
    });
    plane.expectReload({ basePath: '/api/v1/internal' }, accepted());
    expect(await send()).toMatchObject({ outcome: 'accepted', sentMs });
    expect(await send({ basePaths: [] })).toMatchObject({ attempts: 0, sentMs: null });
  });

  it('tries the next base path on a 404, each from the first profile on', async () => {
    plane.expectReload({ basePath: '/internal', profile: 'documented' }, notFound);
    plane.expectReload({ basePath: '/api/v1/internal', profile: 'documented' }, badSignature);
    plane.expectReload({ basePath: '/api/v1/internal', profile: 'empty' }, accepted());
    expect(await send()).toMatchObject({
      outcome: 'accepted',
      profile: 'empty',
      endpoint: { basePath: '/api/v1/internal' },
      attempts: 3,
    });
  });

  it('tries every profile on a 403 for the signature, and then names them all', async () => {
    for (const { name } of input.profiles) plane.expectReload({ basePath: '/internal', profile: name }, badSignature);
    const result = await send();
    expect(result).toMatchObject({ outcome: 'refused', profile: null, report: null, attempts: 5 });
    expect(result.error).toMatchObject({
      code: 'SIGNATURE_REFUSED',
      exitCode: 4,
      message: expect.stringContaining('documented, empty, timestamped, standard-webhooks, body') as string,
    });
  });

  it('says that a wrong clock may be the cause where one of the profiles depends on it', async () => {
    const late = refused(
      403,
      { detail: 'invalid signature' },
      { headers: { date: 'Sat, 21 Nov 2026 09:50:00 GMT' }, isTimestamped: true },
    );
    for (const { name } of input.profiles)
      plane.expectReload({ profile: name }, name === 'timestamped' ? late : badSignature);
    expect((await send()).error).toMatchObject({
      code: 'CLOCK_SKEW',
      message: expect.stringContaining('600 s ahead') as string,
    });
  });

  it('names every base path where all answer 404', async () => {
    plane.expectReload({}, notFound, 2);
    expect((await send()).error).toMatchObject({
      code: 'API_WRONG_PATH',
      exitCode: 4,
      message: expect.stringContaining('/internal, /api/v1/internal') as string,
    });
  });

  it.each([
    ['reload disabled', refused(403, { detail: 'reload disabled' }), 'RELOAD_DISABLED', 4],
    ['the origin', refused(403, { detail: 'no', code: 'CSRF_ORIGIN_MISMATCH' }), 'ORIGIN_REFUSED', 4],
    ['another 403', refused(403, { detail: 'Forbidden' }), 'API_REFUSED', 4],
    ['401 for the signature', refused(401, { detail: 'invalid signature' }), 'SIGNATURE_REFUSED', 4],
    ['422', refused(422, { detail: 'signature header missing' }), 'SIGNATURE_REFUSED', 4],
    ['405', refused(405, {}), 'API_WRONG_METHOD', 4],
    ['a redirect', refused(301, {}, { headers: { location: 'https://x.example/' } }), 'REDIRECTED', 4],
    ['nothing listening', lost('API_UNREACHABLE'), 'API_UNREACHABLE', 7],
    ['TLS', lost('API_TLS'), 'API_TLS', 7],
    ['DNS', lost('API_DNS'), 'API_DNS', 7],
  ])('%s ends it at once', async (_, reply, code, exitCode) => {
    plane.expectReload({ profile: 'documented', basePath: '/internal' }, reply);
    const result = await send();
    expect(result).toMatchObject({ outcome: exitCode === 7 ? 'unreachable' : 'refused', attempts: 1 });
    expect(result.error).toMatchObject({ code, exitCode });
  });

  it('an answer that says ok: false is no success', async () => {
    plane.expectReload({}, accepted({ isOk: false }));
    expect(await send()).toMatchObject({
      outcome: 'refused',
      report: { isOk: false },
      error: { code: 'RELOAD_NOT_OK', exitCode: 4 },
    });
  });
});

describe('retries', () => {
  it.each(['API_TIMEOUT', 'API_RESET', 'API_TRUNCATED'])(
    '%s is tried again, with a new time and nonce, and at most twice',
    async (code) => {
      const profiles = profilesFor('standard-webhooks');
      plane.expectReload({}, lost(code), 3);
      const result = await send({ profiles });
      expect(result).toMatchObject({ outcome: 'unreachable', attempts: 3, isMaybeApplied: true, error: { code } });
      expect(clock.slept).toHaveLength(2);
      expect(clock.slept[1]).toBeGreaterThan(clock.slept[0] ?? Infinity);
      const sent = plane.reloads.map(({ request }) => revealHeaders(request));
      expect(new Set(sent.map((headers) => headers.get('webhook-id'))).size).toBe(3);
      expect(new Set(sent.map((headers) => headers.get('webhook-signature'))).size).toBe(3);
    },
  );

  it('5xx is tried again; a later success is a success, and nothing is in doubt then', async () => {
    plane.expectReload({}, refused(502, {}));
    plane.expectReload({}, lost('API_RESET'));
    plane.expectReload({}, accepted());
    expect(await send()).toMatchObject({ outcome: 'accepted', attempts: 3, isMaybeApplied: false });
  });

  it('the two retries are for the whole target, not for each profile', async () => {
    plane.expectReload({ profile: 'documented' }, refused(500, {}));
    plane.expectReload({ profile: 'documented' }, lost('API_RESET'));
    plane.expectReload({ profile: 'documented' }, badSignature);
    plane.expectReload({ profile: 'empty' }, refused(500, {}));
    expect(await send()).toMatchObject({
      attempts: 4,
      outcome: 'unreachable',
      isMaybeApplied: true,
      error: { code: 'API_SERVER_ERROR', exitCode: 7 },
    });
  });

  it('no retry past the deadline', async () => {
    ports = { ...ports, deadline: createFakeDeadline(clock, 600) };
    plane.expectReload({}, lost('API_RESET'));
    expect(await send()).toMatchObject({ attempts: 1, outcome: 'unreachable' });
    expect(clock.slept).toEqual([]);
  });

  it('no retry after an interrupt', async () => {
    const controller = new AbortController();
    ports = { ...ports, deadline: createFakeDeadline(clock, 10_000, controller.signal) };
    plane.expectReload({}, () => {
      controller.abort();
      return lost('API_RESET');
    });
    expect(await send()).toMatchObject({ attempts: 1, isMaybeApplied: true });
  });
});

describe('the general limiter', () => {
  const busy = (seconds: number) => refused(429, { code: 'RATE_LIMIT_EXCEEDED', retry_after: seconds });

  it('is waited for where the deadline allows', async () => {
    plane.expectReload({}, busy(3));
    plane.expectReload({}, accepted());
    expect(await send()).toMatchObject({ outcome: 'accepted', attempts: 2 });
    expect(clock.slept).toEqual([3000]);
  });

  it('is 7 with its wait where the deadline does not allow it', async () => {
    plane.expectReload({}, busy(59));
    expect((await send()).error).toMatchObject({
      code: 'API_RATE_LIMITED',
      exitCode: 7,
      details: { retryAfterSeconds: 59 },
    });
    expect(clock.slept).toEqual([]);
  });

  it('that never yields is left after three waits', async () => {
    plane.expectReload({}, busy(0), 4);
    expect(await send()).toMatchObject({ outcome: 'unreachable', attempts: 4 });
    expect(clock.slept).toEqual([250, 250, 250]);
  });
});

describe('site mode', () => {
  it('a reload that another site accepted is a guard, and its report is kept', async () => {
    plane.expectReload({}, accepted({}, 'preview'));
    expect(await send({ siteMode: 'prod' })).toMatchObject({
      outcome: 'refused',
      siteMode: 'preview',
      report: { isOk: true },
      error: { code: 'WRONG_SITE_MODE', exitCode: 6 },
    });
  });

  it('a refusal from another site stops the walk: no further signature goes there', async () => {
    plane.expectReload({}, refused(403, { detail: 'invalid signature' }, { siteMode: 'preview' }));
    expect(await send({ siteMode: 'prod' })).toMatchObject({
      attempts: 1,
      error: { code: 'WRONG_SITE_MODE', exitCode: 6 },
    });
  });

  it.each([
    ['prod', 'prod'],
    ['prod', ' PROD '],
    ['prod', null],
    [null, 'preview'],
  ])('configured %s, said %s: fits', async (siteMode, said) => {
    plane.expectReload({}, accepted({}, said));
    expect(await send({ siteMode })).toMatchObject({ outcome: 'accepted' });
  });
});

describe('several targets', () => {
  const targets = Array.from({ length: 20 }, (_, index) => `https://api-${index}.example.com`);

  it('are all tried and reported in order; one that fails stops no other', async () => {
    for (const [index, origin] of targets.entries())
      plane.expectReload({ origin }, index % 2 === 0 ? accepted() : lost('API_DNS'));
    const steps: string[] = [];
    const results = await sendReload(ports, { ...input, targets }, ({ target, outcome }) =>
      steps.push(`${target} ${outcome}`),
    );
    expect(results.map((each) => each.target)).toEqual(targets);
    expect(results.map(({ outcome }) => outcome)).toEqual(
      targets.map((_, index) => (index % 2 === 0 ? 'accepted' : 'unreachable')),
    );
    expect(steps).toHaveLength(20);
  });

  it('a target that is no address is reported without being asked', async () => {
    plane.expectReload({ origin: target }, accepted());
    const results = await sendReload(ports, {
      ...input,
      targets: ['ftp://x', 'https://user:hunter2@api.example.com', target],
    });
    expect(results.map(({ outcome, error }) => [outcome, error?.exitCode])).toEqual([
      ['refused', 2],
      ['refused', 2],
      ['accepted', undefined],
    ]);
    expect(results[1]?.error?.message).not.toContain('hunter2');
  });

  it('at most eight at a time', async () => {
    const running = { now: 0, most: 0 };
    await inParallel(targets, 8, async () => {
      running.now += 1;
      running.most = Math.max(running.most, running.now);
      await Promise.resolve();
      running.now -= 1;
    });
    expect(running).toEqual({ now: 0, most: 8 });
  });
});

describe('once more', () => {
  it('goes the way that was accepted, on a connection of its own, and gives the reports that came', async () => {
    plane.expectReload({ basePath: '/internal' }, notFound);
    plane.expectReload({ basePath: '/api/v1/internal', profile: 'documented' }, accepted({ overridesCount: 3 }), 2);
    const first = await sendReload(ports, input);
    expect(plane.reloads.every(({ options }) => !options.isFresh)).toBe(true);
    expect(await reloadAgain(ports, input, first)()).toMatchObject([{ overridesCount: 3 }]);
    expect(plane.reloads.at(-1)?.options.isFresh).toBe(true);
    plane.expectReload({ basePath: '/api/v1/internal' }, badSignature);
    expect(await reloadAgain(ports, input, first)()).toEqual([]);
  });
});

it('a profile written as data signs like any other, and the origin is sent', async () => {
  plane.expectReload({ profile: 'custom' }, accepted());
  await send({ profiles: [parseProfile({ header: 'X-S', payload: 'x' })], origin: 'https://app.example.com' });
  expect(revealHeaders(plane.reloads[0]?.request as never).get('Origin')).toBe('https://app.example.com');
});

it('a defect of our own is thrown and not reported as the network', async () => {
  plane.expectReload({}, new TypeError('defect'));
  await expect(send()).rejects.toThrow('defect');
});

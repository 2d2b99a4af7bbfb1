import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RlctlError } from '../../src/domain/errors.js';
import { Secret } from '../../src/domain/secret.js';
import { profilesFor, type SigningProfile } from '../../src/domain/signing/profile.js';
import { signReload } from '../../src/domain/signing/sign.js';
import type { ApiEndpoint, ControlPlane } from '../../src/ports/control-plane.js';

/** What the other side does for one test; the secret is `secret`, the policy 60/10, the site mode `preview`. */
export type Situation =
  'good' | 'wrongPath' | 'serverError' | 'proxyHtml' | 'redirect' | 'limited' | 'reset' | 'unhealthy';

export interface ControlPlaneSubject {
  readonly plane: ControlPlane;
  readonly endpoint: ApiEndpoint;
  readonly probeUrl: string;
  arrange(situation: Situation): void;
  stop(): Promise<void>;
}

/** The port's promises, which hold for the fake and for the real adapter alike. */
export function describeControlPlane(name: string, start: () => Promise<ControlPlaneSubject>): void {
  describe(`a control plane (${name})`, () => {
    let subject: ControlPlaneSubject;

    beforeEach(async () => {
      subject = await start();
    });

    afterEach(async () => subject.stop());

    const signal = (): AbortSignal => new AbortController().signal;
    const reload = (secret = 'secret', aborts = signal()) => {
      const profile = profilesFor('documented')[0] as SigningProfile;
      const request = signReload(profile, new Secret(secret), {
        endpoint: subject.endpoint,
        origin: null,
        nowSeconds: 1,
        nonce: 'n',
      });
      return subject.plane.reload(request, { signal: aborts, isFresh: false });
    };
    const policy = (aborts = signal(), isFresh = false) =>
      subject.plane.policy(
        subject.endpoint,
        { route: '/api/search', method: 'GET', bucket: 'read' },
        { signal: aborts, isFresh },
      );

    it('accepts a reload that is signed rightly, and tells what it said beside', async () => {
      subject.arrange('good');
      subject.plane.open(subject.endpoint.origin);
      const answer = await reload();
      expect(answer).toMatchObject({
        kind: 'accepted',
        siteMode: 'preview',
        report: { isOk: true, overridesCount: 1, overridePrefixes: null },
      });
      expect(answer.serverTimeMs === null || answer.serverTimeMs > 0).toBe(true);
    });

    it('refuses one that is signed with another secret, with the cause', async () => {
      subject.arrange('good');
      expect(await reload('other')).toMatchObject({
        kind: 'refused',
        refusal: { cause: 'signature', kind: 'refused', status: 403, retryAfterSeconds: null },
      });
    });

    it.each([false, true])('answers a policy, on a fresh connection or a kept one (%s)', async (isFresh) => {
      subject.arrange('good');
      expect(await policy(signal(), isFresh)).toMatchObject({
        kind: 'policy',
        policy: {
          bucket: 'read',
          ratePerMin: 60,
          burst: 10,
          windowSeconds: 60,
          isShadow: false,
          matchedOverride: undefined,
        },
      });
    });

    it.each<[Situation, string, string]>([
      ['wrongPath', 'wrongPath', 'refused'],
      ['proxyHtml', 'proxyHtml', 'refused'],
      ['redirect', 'redirect', 'refused'],
      ['serverError', 'serverError', 'unreachable'],
      ['limited', 'generalLimiter', 'unreachable'],
    ])('%s comes back as a refusal, with code, sentence and cure', async (situation, cause, kind) => {
      subject.arrange(situation);
      for (const answer of [await reload(), await policy()]) {
        expect(answer).toMatchObject({
          kind: 'refused',
          refusal: {
            cause,
            kind,
            code: expect.stringMatching(/^[A-Z_]+$/) as string,
            message: expect.stringMatching(/./) as string,
            hint: expect.stringMatching(/./) as string,
          },
        });
        expect(answer.kind === 'refused' && answer.refusal.retryAfterSeconds).toBe(situation === 'limited' ? 7 : null);
      }
    });

    it('throws where no answer came', async () => {
      subject.arrange('reset');
      for (const start of [
        () => reload(),
        () => policy(),
        () => subject.plane.probe(subject.probeUrl, { signal: signal(), isFresh: true }),
        () => health(),
      ]) {
        const call = start();
        await expect(call).rejects.toThrow(RlctlError);
        await expect(call).rejects.toMatchObject({ kind: 'unreachable', code: 'API_RESET' });
      }
    });

    it('throws where the signal is over, by its reason', async () => {
      subject.arrange('good');
      const reason = new RlctlError('interrupted', 'stop', { code: 'INTERRUPTED' });
      await expect(reload('secret', AbortSignal.abort(reason))).rejects.toBe(reason);
      const timeout = AbortSignal.abort(new DOMException('late', 'TimeoutError'));
      await expect(policy(timeout)).rejects.toMatchObject({ kind: 'unreachable', code: 'API_TIMEOUT' });
    });

    const health = (check: 'live' | 'ready' = 'ready') =>
      subject.plane.health(subject.endpoint.origin, check, { signal: signal(), isFresh: false });

    it('tells how the server is, with its site mode', async () => {
      subject.arrange('good');
      expect(await health('live')).toMatchObject({
        kind: 'health',
        siteMode: 'preview',
        health: { status: 'healthy', said: 'healthy', httpStatus: 200, components: [{ name: 'redis' }] },
      });
    });

    it('takes the body of a health answer and not its status', async () => {
      subject.arrange('unhealthy');
      expect(await health()).toMatchObject({
        kind: 'health',
        health: {
          status: 'unhealthy',
          httpStatus: 200,
          components: [{ name: 'redis', status: 'unhealthy', message: 'does not answer' }],
        },
      });
    });

    it('a server without health checks has none, which is no refusal', async () => {
      subject.arrange('wrongPath');
      expect(await health()).toMatchObject({ kind: 'absent' });
    });

    it.each<[Situation, string]>([
      ['serverError', 'serverError'],
      ['proxyHtml', 'proxyHtml'],
      ['limited', 'generalLimiter'],
    ])('%s in front of a health check is a refusal', async (situation, cause) => {
      subject.arrange(situation);
      expect(await health()).toMatchObject({ kind: 'refused', refusal: { cause } });
    });

    it('a probe takes any status for an answer', async () => {
      subject.arrange('limited');
      const call = { signal: signal(), isFresh: true };
      expect(await subject.plane.probe(subject.probeUrl, call)).toEqual({
        status: 429,
        bucket: null,
        isShadow: null,
        limit: null,
        remaining: null,
        retryAfterSeconds: 7,
      });
      subject.arrange('good');
      expect(await subject.plane.probe(subject.probeUrl, call)).toMatchObject({
        status: 200,
        bucket: 'read',
        isShadow: false,
        limit: 11,
        remaining: 10,
      });
    });
  });
}

import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RlctlError } from '../../../src/domain/errors.js';
import { Secret } from '../../../src/domain/secret.js';
import {
  builtInProfiles,
  parseProfile,
  profilesFor,
  type SigningProfile,
} from '../../../src/domain/signing/profile.js';
import { maskedRequest, revealHeaders, signReload } from '../../../src/domain/signing/sign.js';
import { opensslHmac } from './openssl.js';

const endpoint = { origin: 'https://api.example.com', basePath: '/internal' };
const input = { endpoint, origin: null, nowSeconds: 1_763_700_000.9, nonce: 'msg_0123' };
const text = 'correct horse battery staple';
const secret = new Secret(text);

function named(name: string): SigningProfile {
  return profilesFor(name)[0] as SigningProfile;
}

function headersOf(profile: SigningProfile, given = secret): Record<string, string> {
  return Object.fromEntries(revealHeaders(signReload(profile, given, input)));
}

describe('the built-in profiles, against openssl', () => {
  const body = '{"action": "reload"}';

  it('documented signs the literal word reload and sends the documented body', () => {
    expect(headersOf(named('documented'))).toEqual({
      'Content-Type': 'application/json',
      'X-Config-Signature': opensslHmac(text, 'reload').toString('hex'),
    });
    expect(signReload(named('documented'), secret, input).body).toBe(body);
  });

  it('empty signs zero bytes and sends no body at all', () => {
    expect(headersOf(named('empty'))).toEqual({ 'X-Config-Reload-Signature': opensslHmac(text, '').toString('hex') });
    expect(signReload(named('empty'), secret, input).body).toBeNull();
  });

  it('body signs the bytes that are sent', () => {
    expect(headersOf(named('body'))['X-Config-Signature']).toBe(opensslHmac(text, body).toString('hex'));
    expect(signReload(named('body'), secret, input).body).toBe(body);
  });

  it('timestamped signs unix seconds, a line feed and the body', () => {
    expect(headersOf(named('timestamped'))).toEqual({
      'Content-Type': 'application/json',
      'X-Config-Timestamp': '1763700000',
      'X-Config-Signature': opensslHmac(text, `1763700000\n${body}`).toString('hex'),
    });
  });

  it('standard-webhooks signs id, timestamp and body with the base64 key behind whsec_', () => {
    const key = Buffer.from('0102030405060708090a0b0c0d0e0f101112131415161718', 'hex');
    const headers = headersOf(named('standard-webhooks'), new Secret(`whsec_${key.toString('base64')}`));
    expect(headers).toEqual({
      'Content-Type': 'application/json',
      'webhook-id': 'msg_0123',
      'webhook-timestamp': '1763700000',
      'webhook-signature': `v1,${opensslHmac(key, `msg_0123.1763700000.${body}`).toString('base64')}`,
    });
  });

  it('standard-webhooks takes a secret without whsec_ as the key itself', () => {
    const signature = opensslHmac(text, `msg_0123.1763700000.${body}`).toString('base64');
    expect(headersOf(named('standard-webhooks'))['webhook-signature']).toBe(`v1,${signature}`);
  });

  it('a profile written as data may sign what no built-in one does', () => {
    const profile = parseProfile({
      header: 'Stripe-Signature',
      payload: '{timestamp}.{body}',
      body: '{}',
      prefix: 't={timestamp},v1=',
    });
    const signature = opensslHmac(text, '1763700000.{}').toString('hex');
    expect(headersOf(profile)).toEqual({ 'Stripe-Signature': `t=1763700000,v1=${signature}` });
  });

  it('a placeholder inside the body stays text', () => {
    const profile = parseProfile({ header: 'X-S', payload: '{body}', body: '{"at":"{timestamp}"}' });
    expect(headersOf(profile)['X-S']).toBe(opensslHmac(text, '{"at":"{timestamp}"}').toString('hex'));
  });

  it('agrees with openssl for any body and secret', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), fc.string({ unit: 'binary' }), (key, sent) => {
        const profile = parseProfile({ header: 'X-S', payload: '{body}', body: sent, encoding: 'base64' });
        expect(headersOf(profile, new Secret(key))['X-S']).toBe(opensslHmac(key, sent).toString('base64'));
      }),
      { seed: 7, numRuns: 40 },
    );
  });
});

describe('a signed request', () => {
  const profile = parseProfile({
    header: 'X-S',
    payload: 'reload',
    headers: { Authorization: 'Bearer canary-token', Accept: 'text/plain' },
  });
  const request = signReload(profile, secret, { ...input, origin: 'https://app.example.com' });
  const signature = opensslHmac(text, 'reload').toString('hex');

  it('shows neither signature nor secret, however it is printed', () => {
    const prints = [
      String(request),
      JSON.stringify({ request }),
      inspect(request, { showHidden: true, depth: 9 }),
      JSON.stringify(maskedRequest(request)),
      inspect(Object.entries(request)),
    ];
    for (const print of prints) {
      expect(print).not.toContain(signature);
      expect(print).not.toContain(signature.slice(0, 16));
      expect(print).not.toContain('canary-token');
      expect(print).not.toContain(text);
    }
  });

  it('shows everything else', () => {
    expect(maskedRequest(request)).toEqual({
      method: 'POST',
      url: 'https://api.example.com/internal/config/reload',
      headers: {
        Origin: 'https://app.example.com',
        Accept: 'text/plain',
        Authorization: '[redacted]',
        'X-S': '[redacted]',
      },
      body: null,
      profile: 'custom',
    });
  });

  it('opens for the one who sends it', () => {
    expect(revealHeaders(request).get('X-S')).toBe(signature);
    expect(revealHeaders(request).get('Authorization')).toBe('Bearer canary-token');
  });

  it.each([
    [{ origin: 'https://api.example.com@evil.example', basePath: '/internal' }],
    [{ origin: 'https://api.example.com', basePath: '@evil.example' }],
    [{ origin: 'https://api.example.com', basePath: '.evil.example/internal' }],
    [{ origin: 'https://api.example.com', basePath: '/internal?x=' }],
    [{ origin: 'https://api.example.com', basePath: '/a/../internal' }],
    [{ origin: 'https://api.example.com/', basePath: '//evil.example' }],
    [{ origin: 'not a url', basePath: '/internal' }],
  ])('refuses an endpoint that leads elsewhere: %j', (bad) => {
    expect(() => signReload(profile, secret, { ...input, endpoint: bad })).toThrow(
      expect.objectContaining({ code: 'API_ADDRESS', exitCode: 2 }) as Error,
    );
  });

  it('refuses an origin that would break the header, and a whsec_ secret that is no base64, without repeating it', () => {
    expect(() => signReload(profile, secret, { ...input, origin: 'https://a\r\nX-Evil: 1' })).toThrow(RlctlError);
    const bad = (): unknown => signReload(named('standard-webhooks'), new Secret('whsec_not base64!'), input);
    expect(bad).toThrow(expect.objectContaining({ code: 'SECRET_FORMAT' }) as Error);
    expect(bad).not.toThrow(/not base64!/);
  });
});

describe('profiles', () => {
  it('auto tries the documented one first, then the deployed ones, and what worked before all', () => {
    const order = ['documented', 'empty', 'timestamped', 'standard-webhooks', 'body'];
    expect(profilesFor('auto').map(({ name }) => name)).toEqual(order);
    expect(builtInProfiles.map(({ name }) => name)).toEqual(order);
    const remembered = profilesFor('auto', 'timestamped').map(({ name }) => name);
    expect(remembered).toEqual(['timestamped', 'documented', 'empty', 'standard-webhooks', 'body']);
    expect(profilesFor('auto', 'gone').map(({ name }) => name)).toEqual(order);
  });

  it('an unknown name lists the known ones', () => {
    expect(() => profilesFor('github')).toThrow(
      expect.objectContaining({ exitCode: 2, hint: expect.stringContaining('standard-webhooks') as string }) as Error,
    );
  });

  it.each<[unknown, RegExp]>([
    [null, /is an object/],
    [[], /is an object/],
    [{ payload: '' }, /lacks "header"/],
    [{ header: 'X-S' }, /lacks "payload"/],
    [{ header: 'X-S', payload: '', algorithm: 'sha1' }, /no field "algorithm"/],
    [{ header: 'X-S', payload: '{nonce}' }, /"payload".*\{nonce\}/],
    [{ header: 'X-S', payload: '', prefix: '{body}' }, /"prefix".*\{body\}/],
    [{ header: 'X S', payload: '' }, /"header".*not a header's name/],
    [{ header: 'X-S\r\nX-T', payload: '' }, /not a header's name/],
    [{ header: 'Host', payload: '' }, /may not be Host/],
    [{ header: 'X-S', payload: '', timestampHeader: 'Content-Length' }, /may not be Content-Length/],
    [{ header: 'X-S', payload: '', idHeader: 'x-s' }, /x-s twice/],
    [{ header: 'X-S', payload: '', headers: { 'x-s': '1' } }, /x-s twice/],
    [{ header: 'X-S', payload: '', headers: { 'X-T': 'a\nb' } }, /"headers.X-T" of/],
    [{ header: 'X-S', payload: '', headers: { 'X-T': 7 } }, /"X-T" of the signing profile is not text/],
    [{ header: 'X-S', payload: '', headers: [] }, /"headers".*not an object/],
    [{ header: 'X-S', payload: '', encoding: 'HEX' }, /"encoding"/],
    [{ header: 'X-S', payload: '', prefix: 'é' }, /"prefix".*does not fit/],
    [{ header: 'X-S', payload: 5 }, /"payload" of the signing profile is not text/],
    [{ header: 'X-S', payload: '', body: {} }, /"body" of the signing profile is not text/],
  ])('%j is refused, naming the fault', (value, message) => {
    expect(() => parseProfile(value)).toThrow(message);
    expect(() => parseProfile(value)).toThrow(
      expect.objectContaining({ exitCode: 2, hint: expect.any(String) as string }) as Error,
    );
  });

  it('keeps a header called __proto__ as a header', () => {
    const profile = parseProfile(JSON.parse('{"header":"X-S","payload":"","headers":{"__proto__":"v"}}'));
    expect([...profile.headers]).toEqual([['__proto__', 'v']]);
  });
});

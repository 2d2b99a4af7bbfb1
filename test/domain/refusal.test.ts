import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quoteOutside } from '../../src/domain/outside-text.js';
import { classifyAnswer, refusalError, type Refusal } from '../../src/domain/refusal.js';
import type { SeenAnswer } from '../../src/domain/refusal-cause.js';

const nowMs = Date.parse('2026-11-21T10:00:00Z');
const json = 'application/json';

interface Given {
  readonly status: number;
  readonly body?: unknown;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly fault?: SeenAnswer['fault'];
  readonly url?: string;
  readonly isTimestamped?: boolean;
  readonly purpose?: SeenAnswer['purpose'];
}

function classify(given: Given): Refusal {
  const body = typeof given.body === 'string' ? given.body : JSON.stringify(given.body ?? {});
  return classifyAnswer({
    purpose: given.purpose ?? 'reload',
    url: new URL(given.url ?? 'https://api.example.com/internal/config/reload'),
    status: given.status,
    headers: new Map(Object.entries({ 'content-type': given.type ?? json, ...given.headers })),
    body,
    fault: given.fault ?? null,
    nowMs,
    isTimestamped: given.isTimestamped ?? false,
  });
}

const html = '<!doctype html><html><body>nginx</body></html>';
const problem = 'application/problem+json';
const late = { date: 'Sat, 21 Nov 2026 09:50:00 GMT' };

describe('every refusal has its cause', () => {
  it.each<[string, Given, Refusal['cause'], string, Refusal['kind'], RegExp, RegExp]>([
    [
      'no secret on the server',
      { status: 403, body: { detail: 'reload disabled' } },
      'reloadDisabled',
      'RELOAD_DISABLED',
      'refused',
      /no reload secret/,
      /CONFIG_RELOAD_SECRET on the server/,
    ],
    [
      'the same as problem+json',
      { status: 403, type: problem, body: { type: 'about:blank', title: 'Forbidden', detail: 'reload disabled' } },
      'reloadDisabled',
      'RELOAD_DISABLED',
      'refused',
      /disabled/,
      /restart/,
    ],
    [
      'wrong secret or profile',
      { status: 403, body: { detail: 'invalid signature' } },
      'signature',
      'SIGNATURE_REFUSED',
      'refused',
      /wrong secret, or/,
      /"signing"/,
    ],
    [
      'the same one level down',
      { status: 403, body: { detail: { message: 'Invalid signature', code: 'BAD_SIG' } } },
      'signature',
      'SIGNATURE_REFUSED',
      'refused',
      /Invalid signature/,
      /secret/,
    ],
    [
      'a validation error about it',
      { status: 422, body: { detail: [{ loc: ['header'], msg: 'signature header missing' }] } },
      'signature',
      'SIGNATURE_REFUSED',
      'refused',
      /422/,
      /profile/,
    ],
    [
      'CSRF origin by code',
      { status: 403, body: { detail: 'Forbidden', code: 'CSRF_ORIGIN_MISMATCH' } },
      'origin',
      'ORIGIN_REFUSED',
      'refused',
      /Origin header/,
      /origin:/,
    ],
    [
      'CSRF origin by text',
      { status: 403, body: { detail: 'Origin not allowed' } },
      'origin',
      'ORIGIN_REFUSED',
      'refused',
      /Origin/,
      /front end/,
    ],
    [
      'a type that only sounds like it',
      { status: 403, type: problem, body: { type: 'https://original.example/x', detail: 'invalid signature' } },
      'signature',
      'SIGNATURE_REFUSED',
      'refused',
      /./,
      /./,
    ],
    [
      'another 403',
      { status: 403, body: { detail: 'Forbidden' } },
      'unknown',
      'API_REFUSED',
      'refused',
      /it says "Forbidden"/,
      /rlctl env show/,
    ],
    [
      'general limiter',
      { status: 429, body: { code: 'RATE_LIMIT_EXCEEDED', retry_after: 59 } },
      'generalLimiter',
      'API_RATE_LIMITED',
      'unreachable',
      /429/,
      /--timeout/,
    ],
    [
      'wrong path',
      { status: 404, body: { detail: 'Not Found' } },
      'wrongPath',
      'API_WRONG_PATH',
      'refused',
      /404 for \/internal\/config\/reload/,
      /basePath/,
    ],
    [
      'wrong path, HTML',
      { status: 404, type: 'text/html', body: html },
      'wrongPath',
      'API_WRONG_PATH',
      'refused',
      /404/,
      /\/config\/reload/,
    ],
    [
      'wrong path of the policy',
      { status: 404, purpose: 'policy' },
      'wrongPath',
      'API_WRONG_PATH',
      'refused',
      /404/,
      /\/rate-limit\/policy/,
    ],
    [
      '405 after a redirect',
      { status: 405, body: { detail: 'Method Not Allowed' } },
      'wrongMethod',
      'API_WRONG_METHOD',
      'refused',
      /followed a redirect/,
      /https/,
    ],
    [
      'http to https',
      {
        status: 301,
        url: 'http://api.example.com/internal/config/reload',
        headers: { location: 'https://api.example.com/internal/config/reload' },
      },
      'redirect',
      'REDIRECTED',
      'refused',
      /redirect to api\.example\.com/,
      /api: https:\/\/api\.example\.com,/,
    ],
    [
      'trailing slash',
      { status: 307, headers: { location: '/internal/config/reload/' } },
      'redirect',
      'REDIRECTED',
      'refused',
      /trailing slash/,
      /basePath/,
    ],
    [
      'to another host',
      { status: 302, headers: { location: 'https://user:pw@login.example.org/sso?token=abc' } },
      'redirect',
      'REDIRECTED',
      'refused',
      /redirect to login\.example\.org;/,
      /login page/,
    ],
    ['to nowhere', { status: 302 }, 'redirect', 'REDIRECTED', 'refused', /does not say/, /api:/],
    [
      'to nonsense',
      { status: 302, headers: { location: 'http://[' } },
      'redirect',
      'REDIRECTED',
      'refused',
      /does not say/,
      /api:/,
    ],
    [
      "a proxy's HTML with 403",
      { status: 403, type: 'text/html', body: html },
      'proxyHtml',
      'API_PROXY_HTML',
      'refused',
      /HTML/,
      /network/,
    ],
    [
      "a proxy's HTML with 200",
      { status: 200, type: 'text/html; charset=utf-8', body: html, fault: 'notJson' },
      'proxyHtml',
      'API_PROXY_HTML',
      'refused',
      /200 with a page of HTML/,
      /api:/,
    ],
    [
      'HTML that claims to be JSON',
      { status: 200, body: html, fault: 'notJson' },
      'proxyHtml',
      'API_PROXY_HTML',
      'refused',
      /HTML/,
      /./,
    ],
    [
      '200 and text',
      { status: 200, type: 'text/plain', body: 'ok', fault: 'notJson' },
      'notItsOwn',
      'API_NOT_JSON',
      'refused',
      /text\/plain.*proves nothing/,
      /control plane/,
    ],
    [
      '200 and no type',
      { status: 200, headers: { 'content-type': '' }, body: '{}', fault: 'notJson' },
      'notItsOwn',
      'API_NOT_JSON',
      'refused',
      /no content type/,
      /./,
    ],
    [
      '200 of another shape',
      { status: 200, body: { status: 'ok' }, fault: 'wrongShape' },
      'notItsOwn',
      'API_WRONG_SHAPE',
      'refused',
      /no reload answer/,
      /./,
    ],
    ['over 1 MiB', { status: 200, fault: 'tooLarge' }, 'notItsOwn', 'API_ANSWER_TOO_LARGE', 'refused', /1 MiB/, /./],
    [
      '204',
      { status: 204, headers: { 'content-type': '' }, body: '', fault: 'notJson' },
      'notItsOwn',
      'API_NOT_JSON',
      'refused',
      /204/,
      /./,
    ],
    [
      '401',
      { status: 401, body: { detail: 'Not authenticated' } },
      'authentication',
      'API_UNAUTHENTICATED',
      'refused',
      /login/,
      /"headers"/,
    ],
    [
      '401 for the signature',
      { status: 401, body: { error: 'invalid signature' } },
      'signature',
      'SIGNATURE_REFUSED',
      'refused',
      /401/,
      /./,
    ],
    [
      '500',
      { status: 500, body: { detail: 'Internal Server Error' } },
      'serverError',
      'API_SERVER_ERROR',
      'unreachable',
      /the server itself failed/,
      /health/,
    ],
    [
      '502 of a proxy',
      { status: 502, type: 'text/html', body: html },
      'serverError',
      'API_SERVER_ERROR',
      'unreachable',
      /a proxy/,
      /health/,
    ],
    [
      'the clock, by the text',
      { status: 403, body: { detail: 'timestamp outside the tolerated 300 seconds' }, headers: late },
      'clockSkew',
      'CLOCK_SKEW',
      'refused',
      /600 s ahead of/,
      /clock/,
    ],
    [
      'the clock, by Date and profile',
      { status: 403, body: { detail: 'invalid signature' }, headers: late, isTimestamped: true },
      'clockSkew',
      'CLOCK_SKEW',
      'refused',
      /600 s ahead/,
      /clock/,
    ],
    [
      'the clock, behind',
      { status: 403, body: { detail: 'timestamp too old' }, headers: { date: 'Sat, 21 Nov 2026 10:07:00 GMT' } },
      'clockSkew',
      'CLOCK_SKEW',
      'refused',
      /420 s behind/,
      /./,
    ],
    [
      'a wrong clock matters to no other profile',
      { status: 403, body: { detail: 'invalid signature' }, headers: late },
      'signature',
      'SIGNATURE_REFUSED',
      'refused',
      /./,
      /./,
    ],
    [
      'a minute is no skew',
      {
        status: 403,
        body: { detail: 'invalid signature' },
        headers: { date: 'Sat, 21 Nov 2026 09:59:01 GMT' },
        isTimestamped: true,
      },
      'signature',
      'SIGNATURE_REFUSED',
      'refused',
      /./,
      /./,
    ],
  ])('%s', (_, given, cause, code, kind, message, hint) => {
    const refusal = classify(given);
    expect(refusal).toMatchObject({ cause, code, kind, status: given.status });
    expect(refusal.message).toMatch(message);
    expect(refusal.hint).toMatch(hint);
    expect(refusal.hint).not.toMatch(/:$/);
  });

  it("quotes of a redirect only the host: neither path, query nor the user's name", () => {
    const { message, hint } = classify({
      status: 302,
      headers: { location: 'https://user:pw@login.example.org/sso?token=abc' },
    });
    expect(message + hint).not.toMatch(/user|pw|sso|token|abc/);
  });
});

describe('Retry-After', () => {
  it.each<[string, Given, number | null]>([
    ['seconds', { status: 429, headers: { 'retry-after': '7' } }, 7],
    ['zero', { status: 429, headers: { 'retry-after': '0' }, body: { retry_after: 9 } }, 0],
    ['a date', { status: 429, headers: { 'retry-after': 'Sat, 21 Nov 2026 10:00:30 GMT' } }, 30],
    ['a date gone by', { status: 429, headers: { 'retry-after': 'Sat, 21 Nov 2026 09:00:30 GMT' } }, 0],
    ['only in the body', { status: 429, body: { retry_after: 59 } }, 59],
    ['one level down', { status: 429, body: { error: { retry_after: 4.2 } } }, 5],
    ['nonsense', { status: 429, headers: { 'retry-after': '-5' } }, null],
    ['absent', { status: 429, body: { retry_after: 'soon' } }, null],
    ['with a 503', { status: 503, headers: { 'retry-after': '3' } }, 3],
  ])('%s', (_, given, seconds) => {
    expect(classify(given).retryAfterSeconds).toBe(seconds);
  });
});

describe('text from outside', () => {
  it('is quoted short and without control characters, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 400 }),
        fc.integer({ min: 200, max: 599 }),
        (detail, status) => {
          const { message } = classify({ status, body: { detail }, fault: status < 300 ? 'wrongShape' : null });
          expect(message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/);
          expect(message.length).toBeLessThan(260);
        },
      ),
      { seed: 11, numRuns: 300 },
    );
  });

  it('loses escapes and bidirectional marks, and is cut with an ellipsis', () => {
    expect(quoteOutside('a\u001b[31mred\u001b[0m\r\nb\u202ec')).toBe('a [31mred [0m b c');
    expect(quoteOutside('x'.repeat(200))).toBe(`${'x'.repeat(79)}…`);
    expect(quoteOutside(`${'x'.repeat(78)}😀${'y'.repeat(9)}`)).toBe(`${'x'.repeat(78)}…`);
  });
});

describe('a refusal as an error', () => {
  it('keeps kind, code and hint, names what was asked, and carries the facts', () => {
    const error = refusalError(classify({ status: 429, body: { retry_after: 59 } }), 'https://api.example.com');
    expect(error).toMatchObject({ kind: 'unreachable', exitCode: 7, code: 'API_RATE_LIMITED' });
    expect(error.message).toMatch(/^https:\/\/api\.example\.com: answered 429/);
    expect(error.details).toEqual({ cause: 'generalLimiter', status: 429, retryAfterSeconds: 59 });
    expect(error.hint).not.toBe('');
  });
});

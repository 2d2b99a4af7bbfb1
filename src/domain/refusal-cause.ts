import type { ErrorKind } from './errors.js';
import { quoteOutside } from './outside-text.js';
import type { ErrorBody } from './refusal-body.js';

/** Why an answer is not the one that was asked for. */
export type RefusalCause =
  | 'reloadDisabled'
  | 'signature'
  | 'clockSkew'
  | 'origin'
  | 'authentication'
  | 'generalLimiter'
  | 'wrongPath'
  | 'wrongMethod'
  | 'redirect'
  | 'proxyHtml'
  | 'notItsOwn'
  | 'serverError'
  | 'unknown';

/** An answer as the classification sees it. */
export interface SeenAnswer {
  /** What was asked for. */
  readonly purpose: 'reload' | 'policy' | 'health';
  /** The URL that was asked. */
  readonly url: URL;
  readonly status: number;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  /** The body as text; cut off where it was over the limit. */
  readonly body: string;
  /** For an answer of the right status: what is wrong with its body. `null`: the status itself is the refusal. */
  readonly fault: 'tooLarge' | 'notJson' | 'wrongShape' | null;
  /** Our own clock when the answer came, epoch milliseconds. */
  readonly nowMs: number;
  /** True where the request's signature is bound to the clock. */
  readonly isTimestamped: boolean;
}

/** A cause in words; `kind` is `refused` where it is absent. */
export interface CauseFound {
  readonly cause: RefusalCause;
  readonly kind?: ErrorKind;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/**
 * How far our clock is ahead of the server's, milliseconds, by its Date header; negative: behind; `null`: no such
 * header. The header counts whole seconds, and the answer has travelled: only a minute and more means anything.
 */
function clockSkewMs(headers: ReadonlyMap<string, string>, nowMs: number): number | null {
  const serverMs = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(serverMs) ? null : nowMs - serverMs;
}

/** Names the cause of an answer that is not the one that was asked for, from status, headers and body. */
export function findCause(answer: SeenAnswer, body: ErrorBody): CauseFound {
  const { status } = answer;
  if (status >= 300 && status < 400) return redirect(answer);
  if (status >= 500) return serverError(status, body);
  if (status === 429) return generalLimiter(body);
  if (status === 404) return wrongPath(answer, body);
  if (status === 405) return wrongMethod();
  if (answer.fault === 'tooLarge') return tooLarge(status);
  if (body.isHtml) return proxyHtml(status);
  if (status < 300) return notItsOwn(answer);
  if (/\borigin\b|csrf/i.test(`${body.code} ${body.text}`)) return origin(status, body);
  if (status === 403 && /disabled/i.test(body.text)) return reloadDisabled(status, body);
  if (isAboutClock(answer, body)) return clockSkew(answer, body);
  if (/signature|hmac|digest mismatch/i.test(body.text)) return signature(answer, body);
  return status === 401 ? authentication(body) : unknown(status, body);
}

function redirect({ url, headers, status }: SeenAnswer): CauseFound {
  const location = headers.get('location') ?? '';
  const target = location !== '' && URL.canParse(location, url.href) ? new URL(location, url.href) : null;
  const to = target === null ? 'somewhere it does not say' : quoteOutside(target.host);
  const base = { cause: 'redirect', code: 'REDIRECTED' } as const;
  const message = `answered ${status}, a redirect to ${to}; a signed request never follows one`;
  if (target === null) return { ...base, message, hint: 'set api: to the address that answers by itself' };
  if (target.host === url.host && target.pathname === `${url.pathname}/`) {
    return {
      ...base,
      message: `answered ${status}: it wants a trailing slash that this API's own servers do not`,
      hint: 'check basePath: without a slash at its end it is right for every known server',
    };
  }
  if (target.hostname === url.hostname && url.protocol === 'http:' && target.protocol === 'https:') {
    return { ...base, message, hint: `set api: https://${to}, because this server answers on https only` };
  }
  return {
    ...base,
    message,
    hint: `if ${to} is the API, set api: to its address; if it is a login page, the API stands behind one`,
  };
}

function serverError(status: number, body: ErrorBody): CauseFound {
  const who = body.isHtml
    ? 'a proxy, with a page of HTML: the server behind it did not answer'
    : 'the server itself failed';
  return {
    cause: 'serverError',
    kind: 'unreachable',
    code: 'API_SERVER_ERROR',
    message: `answered ${status}: ${who}${said(body)}`,
    hint: 'look at the health of the server (/health/ready) and at its log, then repeat the command',
  };
}

function generalLimiter(body: ErrorBody): CauseFound {
  return {
    cause: 'generalLimiter',
    kind: 'unreachable',
    code: 'API_RATE_LIMITED',
    message: `answered 429: the general limiter in front of it counts requests per address${said(body)}`,
    hint: 'wait as long as it says, or give --timeout more time so that rlctl can wait',
  };
}

function wrongPath({ url, purpose }: SeenAnswer, body: ErrorBody): CauseFound {
  const suffix = purpose === 'reload' ? '/config/reload' : '/rate-limit/policy';
  return {
    cause: 'wrongPath',
    code: 'API_WRONG_PATH',
    message: `answered 404 for ${url.pathname}${said(body)}`,
    hint: `set basePath: to the path before ${suffix}, such as /internal or /api/v1/internal`,
  };
}

function wrongMethod(): CauseFound {
  return {
    cause: 'wrongMethod',
    code: 'API_WRONG_METHOD',
    message: 'answered 405, as a server does where something in between followed a redirect and made a GET of the POST',
    hint: 'set api: to the https address that answers by itself, without a proxy that redirects',
  };
}

function tooLarge(status: number): CauseFound {
  return {
    cause: 'notItsOwn',
    code: 'API_ANSWER_TOO_LARGE',
    message: `answered ${status} with more than 1 MiB, which is not the API's own answer`,
    hint: 'check that api: and basePath: name the control plane',
  };
}

function proxyHtml(status: number): CauseFound {
  return {
    cause: 'proxyHtml',
    code: 'API_PROXY_HTML',
    message: `answered ${status} with a page of HTML: a proxy, a firewall or a login page stands in front of the API`,
    hint: 'call the API from a network it is open to, or set api: to its own address',
  };
}

function notItsOwn({ status, headers, fault, purpose }: SeenAnswer): CauseFound {
  const isShape = fault === 'wrongShape';
  const type = quoteOutside(headers.get('content-type') ?? '', 40);
  const what = isShape
    ? `JSON that is no ${purpose} answer of this API`
    : `a body that is not JSON (${type === '' ? 'no content type' : type})`;
  return {
    cause: 'notItsOwn',
    code: isShape ? 'API_WRONG_SHAPE' : 'API_NOT_JSON',
    message: `answered ${status} with ${what}, which proves nothing`,
    hint: 'check that api: and basePath: name the control plane and not something in front of it',
  };
}

function origin(status: number, body: ErrorBody): CauseFound {
  return {
    cause: 'origin',
    code: 'ORIGIN_REFUSED',
    message: `answered ${status}: it wants the Origin header of its own front end${said(body)}`,
    hint: 'set origin: of this environment to the URL of the front end, such as https://app.example.com',
  };
}

function reloadDisabled(status: number, body: ErrorBody): CauseFound {
  return {
    cause: 'reloadDisabled',
    code: 'RELOAD_DISABLED',
    message: `answered ${status}: the server has no reload secret, so it refuses every reload${said(body)}`,
    hint: 'set CONFIG_RELOAD_SECRET on the server and restart it; no signature can open it before',
  };
}

function signature(answer: SeenAnswer, body: ErrorBody): CauseFound {
  return {
    cause: 'signature',
    code: 'SIGNATURE_REFUSED',
    message: `answered ${answer.status}: wrong secret, or the server signs otherwise${said(body)}`,
    hint: 'compare the secret with the CONFIG_RELOAD_SECRET of this environment; if it is right, choose another profile with the setting "signing" (rlctl help signing)',
  };
}

const toleratedSkewMs = 60_000;

function isAboutClock(answer: SeenAnswer, body: ErrorBody): boolean {
  if (/timestamp|clock|expired|too old|stale/i.test(body.text)) return true;
  const skew = Math.abs(clockSkewMs(answer.headers, answer.nowMs) ?? 0);
  return answer.isTimestamped && skew > toleratedSkewMs && /signature|hmac/i.test(body.text);
}

function clockSkew(answer: SeenAnswer, body: ErrorBody): CauseFound {
  return {
    cause: 'clockSkew',
    code: 'CLOCK_SKEW',
    message: `answered ${answer.status}: the signature's time is not the server's; ${skewInWords(answer)}${said(body)}`,
    hint: "set this machine's clock (timedatectl set-ntp true), or that of the server, whichever is wrong",
  };
}

function skewInWords({ headers, nowMs }: SeenAnswer): string {
  const skew = clockSkewMs(headers, nowMs);
  if (skew === null) return 'it does not say what time it has';
  const seconds = Math.round(Math.abs(skew) / 1000);
  return `this clock is ${seconds} s ${skew < 0 ? 'behind' : 'ahead of'} the server's`;
}

function authentication(body: ErrorBody): CauseFound {
  return {
    cause: 'authentication',
    code: 'API_UNAUTHENTICATED',
    message: `answered 401: something in front wants a login that is not the reload's signature${said(body)}`,
    hint: 'call the API from inside, or add the header it wants to the "headers" of a signing profile (rlctl help signing)',
  };
}

function unknown(status: number, body: ErrorBody): CauseFound {
  return {
    cause: 'unknown',
    code: 'API_REFUSED',
    message: `answered ${status}${said(body)}`,
    hint: 'compare api, basePath and origin with the server, see: rlctl env show',
  };
}

function said(body: ErrorBody): string {
  const quote = quoteOutside(body.text);
  return quote === '' ? '' : ` (it says "${quote}")`;
}

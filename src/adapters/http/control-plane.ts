import { assertSecure, endpointUrl, parseHttpUrl } from '../../domain/api-endpoint.js';
import type { ProbeMethod } from '../../domain/control-plane.js';
import { RlctlError } from '../../domain/errors.js';
import { classifyAnswer, type Refusal } from '../../domain/refusal.js';
import type { SeenAnswer } from '../../domain/refusal-cause.js';
import { revealHeaders } from '../../domain/signing/sign.js';
import type { AnswerFacts, CallOptions, ControlPlane, ProbeAnswer } from '../../ports/control-plane.js';
import { Connections } from './connections.js';
import type { RawAnswer } from './exchange.js';
import { redisFailure } from './network-failure.js';
import type { Read, RepeatedList } from './wire.js';

export interface ControlPlaneOptions {
  /** The longest one call may take whatever its signal says, milliseconds; 30,000 where absent. */
  readonly timeoutMs?: number;
  /** Permits plain http to another machine. */
  readonly allowInsecure?: boolean;
  /** A certificate authority in PEM, instead of those that Node trusts. */
  readonly ca?: string;
  /** The connections to use, closed with it; absent: its own. */
  readonly connections?: Connections;
  /** Loads how answers are read, for many clients of one kind; absent: at the first answer of each. */
  readonly wire?: LoadWire;
  /** Gets one line per answer: method, URL without its query, status, duration. Never a header. */
  readonly debug?: (line: string) => void;
  /** Epoch milliseconds; the system's where absent. */
  readonly nowMs?: () => number;
}

type LoadWire = () => Promise<typeof import('./wire.js')>;

/** Loads once what answers are read with: asking for a module each time costs as much as a request. */
export function loadWire(): LoadWire {
  const once: { wire?: ReturnType<LoadWire> } = {};
  return () => (once.wire ??= import('./wire.js'));
}

const common: readonly (readonly [string, string])[] = [
  ['Accept', 'application/json'],
  ['Accept-Encoding', 'identity'],
  ['User-Agent', 'rlctl'],
];

/** The control plane over HTTP. Every URL is built from an asserted origin; no redirect is followed. */
export function createControlPlane(options: ControlPlaneOptions): ControlPlane {
  const connections =
    options.connections ??
    new Connections({
      timeoutMs: options.timeoutMs ?? 30_000,
      ...(options.ca === undefined ? {} : { ca: options.ca }),
    });
  const nowMs = options.nowMs ?? Date.now;
  const isInsecureAllowed = options.allowInsecure ?? false;
  const wire = options.wire ?? loadWire();
  const lastList: RepeatedList = { tail: '', prefixes: undefined };

  const exchange = async (
    url: URL,
    request: { body?: string | null; headers?: Iterable<readonly [string, string]>; method?: ProbeMethod },
    call: CallOptions,
  ) => {
    const method = request.method ?? (request.body === undefined ? 'GET' : 'POST');
    const startMs = nowMs();
    const log = (outcome: string): void =>
      options.debug?.(`${method} ${url.origin}${url.pathname} ${outcome} in ${nowMs() - startMs} ms`);
    const headers = new Map([...common, ...(request.headers ?? [])]);
    try {
      const { signal, isFresh } = call;
      const answer = await connections.send({ url, method, headers, body: request.body ?? null, signal, isFresh });
      log(String(answer.status));
      return answer;
    } catch (error) {
      log(error instanceof RlctlError ? error.code : 'failed');
      throw error;
    }
  };

  return {
    reload: async (request, call) => {
      const url = parseHttpUrl(request.url, 'the reload address');
      if (url.href !== endpointUrl(request.endpoint, '/config/reload').href)
        throw new Error('a signed request left its endpoint');
      assertSecure(url, isInsecureAllowed);
      const asked = { body: request.body, headers: revealHeaders(request) };
      const [answer, { readReload }] = await Promise.all([exchange(url, asked, call), wire()]);
      const result = readAnswer(answer, readReload, {
        purpose: 'reload',
        url,
        nowMs: nowMs(),
        isTimestamped: request.isTimestamped,
      });
      if ('refusal' in result) return { ...factsOf(answer), kind: 'refused', refusal: result.refusal };
      return { ...factsOf(answer), kind: 'accepted', report: result.value };
    },
    policy: async (endpoint, query, call) => {
      const url = endpointUrl(endpoint, '/rate-limit/policy');
      assertSecure(url, isInsecureAllowed);
      // A space as %20: not every server reads a plus as one.
      url.search = new URLSearchParams({ ...query }).toString().replaceAll('+', '%20');
      const asking = exchange(url, {}, call).catch(async (error: unknown) => {
        throw await withCause(error, url, call.signal);
      });
      const [answer, { readPolicy }] = await Promise.all([asking, wire()]);
      const result = readAnswer(answer, (body) => readPolicy(body, lastList), {
        purpose: 'policy',
        url,
        nowMs: nowMs(),
        isTimestamped: false,
      });
      if ('refusal' in result) return { ...factsOf(answer), kind: 'refused', refusal: result.refusal };
      return { ...factsOf(answer), kind: 'policy', policy: result.value };
    },
    probe: async (url, { method = 'GET', ...call }) =>
      probeOf(await exchange(parseHttpUrl(url, 'the probe'), { method, headers: [['Accept', '*/*']] }, call)),
    health: async (origin, check, call) => {
      const url = endpointUrl(
        { origin: parseHttpUrl(origin, 'the API address').origin, basePath: '/health' },
        `/${check}`,
      );
      const [answer, { readHealth }] = await Promise.all([exchange(url, {}, call), wire()]);
      const facts = factsOf(answer);
      const read = faultOf(answer) ?? readHealth(answer.body, answer.status);
      if ('value' in read && (answer.status === 200 || answer.status === 503)) {
        return { ...facts, kind: 'health', health: read.value };
      }
      if (answer.status === 404) return { ...facts, kind: 'absent' };
      const fault = 'fault' in read ? read.fault : null;
      const { status, headers, body } = answer;
      const asked = { purpose: 'health', url, nowMs: nowMs(), isTimestamped: false } as const;
      return { ...facts, kind: 'refused', refusal: classifyAnswer({ ...asked, status, headers, body, fault }) };
    },
    open: (origin) => {
      // Only a head start: whatever goes wrong shows at the first call, with its cause.
      connections.open(parseHttpUrl(origin, 'the API address')).catch(() => undefined);
    },
    close: () => connections.close(),
  };
}

/** A port that hangs up on the first and harmless request is worth a second look: is it that of Redis? */
async function withCause(error: unknown, url: URL, signal: AbortSignal): Promise<unknown> {
  if (!(error instanceof RlctlError) || error.code !== 'API_RESET' || url.protocol !== 'http:') return error;
  const { isRedisPort } = await import('./redis-port.js');
  return (await isRedisPort(url, signal)) ? redisFailure(url) : error;
}

type Asked = Pick<SeenAnswer, 'purpose' | 'url' | 'nowMs' | 'isTimestamped'>;

/** An answer counts only with status 200, the right content type, a size within bounds and the right shape. */
function readAnswer<T>(
  answer: RawAnswer,
  read: (body: string) => Read<T>,
  asked: Asked,
): { value: T } | { refusal: Refusal } {
  const { status, headers, body } = answer;
  const result = faultOf(answer) ?? read(body);
  if (status === 200 && 'value' in result) return result;
  const fault = answer.isTooLarge ? 'tooLarge' : 'fault' in result ? result.fault : null;
  return { refusal: classifyAnswer({ ...asked, status, headers, body, fault }) };
}

function faultOf({ isTooLarge, headers }: RawAnswer): { fault: 'tooLarge' | 'notJson' } | null {
  if (isTooLarge) return { fault: 'tooLarge' };
  return /^application\/([\w.-]+\+)?json\b/i.test(headers.get('content-type') ?? '') ? null : { fault: 'notJson' };
}

function factsOf({ headers }: RawAnswer): AnswerFacts {
  const serverTimeMs = Date.parse(headers.get('date') ?? '');
  return {
    siteMode: headers.get('x-site-mode') ?? null,
    serverTimeMs: Number.isNaN(serverTimeMs) ? null : serverTimeMs,
  };
}

function probeOf({ status, headers }: RawAnswer): ProbeAnswer {
  return {
    status,
    bucket: headers.get('x-ratelimit-policy') ?? null,
    isShadow: flagOf(headers.get('x-ratelimit-shadow')),
    limit: numberOf(headers.get('x-ratelimit-limit')),
    remaining: numberOf(headers.get('x-ratelimit-remaining')),
    retryAfterSeconds: numberOf(headers.get('retry-after')),
  };
}

/** Servers write `true` and `True`; two limiters behind each other write two values, which say nothing for sure. */
function flagOf(text: string | undefined): boolean | null {
  const value = text?.trim().toLowerCase();
  return value === 'true' ? true : value === 'false' ? false : null;
}

function numberOf(text: string | undefined): number | null {
  return text !== undefined && /^\s*\d{1,15}\s*$/.test(text) ? Number(text) : null;
}

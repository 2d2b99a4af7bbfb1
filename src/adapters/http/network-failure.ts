import { RlctlError } from '../../domain/errors.js';

/** How far an exchange had come when it failed. */
export interface ExchangeState {
  readonly url: URL;
  readonly isConnected: boolean;
  /** The head of an answer has come. */
  readonly isAnswered: boolean;
  /** True for a request that may have taken effect although no answer came. */
  readonly mayHaveEffect: boolean;
}

interface Failure {
  readonly code: string;
  readonly why: string;
  readonly hint: string;
}

const checkAddress =
  'check the address ("api" in rlctl.yaml, or RLCTL_API), the network (VPN, firewall) and that the server runs';

const reset: Failure = {
  code: 'API_RESET',
  why: 'the connection was reset before the answer',
  hint: 'repeat the command; if it stays so, look at the load balancer and at the server',
};

const notHttp: Failure = {
  code: 'API_NOT_HTTP',
  why: 'what answered does not speak HTTP',
  hint: 'check the scheme (https?) and the port of "api"',
};

const isRedis: Failure = {
  code: 'API_IS_REDIS',
  why: 'what answered there is a Redis server, not an API',
  hint: 'that is the port of Redis: give the address of the HTTP server as "api" (or RLCTL_API), and this one as "redis" (or RLCTL_REDIS_URL)',
};

const noTls: Failure = {
  code: 'API_TLS',
  why: 'the other side does not speak TLS',
  hint: 'check the scheme and the port: where plain http is spoken there, write the address as http://HOST:PORT (on this machine only)',
};

const truncated: Failure = {
  code: 'API_TRUNCATED',
  why: 'the answer broke off before its end',
  hint: 'repeat the command; if it stays so, look at the proxy in front of the server',
};

/** By the code of the system, of TLS or of undici. */
const failures: Readonly<Record<string, Failure>> = {
  ECONNREFUSED: { code: 'API_UNREACHABLE', why: 'nothing listens there', hint: checkAddress },
  ENOTFOUND: {
    code: 'API_DNS',
    why: 'the name does not resolve',
    hint: 'check the spelling of "api" and the name server',
  },
  EAI_AGAIN: { code: 'API_DNS', why: 'the name server did not answer', hint: 'check the network and the name server' },
  ECONNRESET: reset,
  ECONNABORTED: reset,
  EPIPE: reset,
  UND_ERR_SOCKET: reset,
  UND_ERR_DESTROYED: reset,
  UND_ERR_HEADERS_OVERFLOW: notHttp,
  HTTPParserError: notHttp,
  // Before the body: the head contradicts itself.
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: { ...notHttp },
  ETIMEDOUT: { code: 'API_TIMEOUT', why: 'the connection timed out', hint: checkAddress },
  EPROTO: noTls,
  ERR_SSL_WRONG_VERSION_NUMBER: noTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: noTls,
};

const certificate = /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_|HOSTNAME_MISMATCH|ERR_SSL_)/;

/** A failed exchange as an error of kind `unreachable`: it names host and port, never a header or a path. */
export function networkFailure(error: unknown, state: ExchangeState): RlctlError {
  const failure = speaksRedis(error) ? isRedis : explain(codeOf(error));
  const { code, why, hint } = state.isAnswered && failure !== notHttp && failure !== isRedis ? truncated : failure;
  return unreachable(state, code, why, hint);
}

/** No answer within the time given. */
export function timeoutFailure(state: ExchangeState): RlctlError {
  const why = state.isConnected ? 'connected, but no answer came in time' : 'no connection in time';
  return unreachable(state, 'API_TIMEOUT', why, 'look at the health of the server, or give --timeout more time');
}

/** The answer went beyond the client's limit, which has dropped the connection. */
export function isTooLarge(error: unknown): boolean {
  return codeOf(error) === 'UND_ERR_RES_EXCEEDED_MAX_SIZE';
}

/** What an aborted signal means: the deadline, or the operator's interrupt, whose own error it then carries. */
export function abortFailure(reason: unknown, state: ExchangeState): RlctlError {
  if (reason instanceof RlctlError) return reason;
  if (reason instanceof Error && reason.name === 'TimeoutError') return timeoutFailure(state);
  return new RlctlError('interrupted', `interrupted while waiting for ${hostPort(state.url)}`, {
    code: 'INTERRUPTED',
    hint: 'run: rlctl reload, which may be repeated',
  });
}

/** The port turned out to be that of a Redis server. */
export function redisFailure(url: URL): RlctlError {
  const state = { url, isConnected: true, isAnswered: false, mayHaveEffect: false };
  return unreachable(state, isRedis.code, isRedis.why, isRedis.hint);
}

function unreachable(state: ExchangeState, code: string, why: string, hint: string): RlctlError {
  const effect = state.mayHaveEffect && state.isConnected ? '; it may have taken effect all the same' : '';
  return new RlctlError('unreachable', `${hostPort(state.url)}: ${why}${effect}`, { code, hint });
}

function explain(code: string): Failure {
  const known = failures[code];
  if (known !== undefined) return known;
  if (certificate.test(code)) {
    const hint = 'check the certificate and its names; a private CA is given with NODE_EXTRA_CA_CERTS';
    return { code: 'API_TLS', why: `its certificate was not accepted (${code})`, hint };
  }
  return { code: 'API_UNREACHABLE', why: `the connection failed (${code})`, hint: checkAddress };
}

/** Redis takes a GET for its own command and answers it with an error of its protocol. */
function speaksRedis(error: unknown): boolean {
  const { name, data } = Object(error) as { readonly [key: string]: unknown };
  return name === 'HTTPParserError' && typeof data === 'string' && /^-[A-Z]+ /.test(data);
}

function codeOf(error: unknown): string {
  // Several addresses were tried (IPv6, then IPv4): the last one's cause speaks for all.
  const cause: unknown = error instanceof AggregateError ? error.errors.at(-1) : error;
  const { name, message, code } = Object(cause) as { readonly [key: string]: unknown };
  // These carry no code. That of an end in the wrong place is not about the format.
  if (name === 'HTTPParserError') return /\bEOF\b/.test(String(message)) ? 'UND_ERR_SOCKET' : name;
  return typeof code === 'string' && /^[A-Z0-9_]+$/.test(code) ? code : 'unknown cause';
}

function hostPort(url: URL): string {
  return `${url.hostname}:${url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port}`;
}

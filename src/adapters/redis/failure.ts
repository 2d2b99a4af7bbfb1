/** Why a connection could not be made or was lost. */
export type NetworkCause =
  | 'refused'
  | 'hostUnknown'
  | 'noRoute'
  | 'socketFile'
  | 'reset'
  | 'closed'
  | 'silent'
  | 'tls'
  | 'handshake'
  | 'protocol'
  | 'maxClients'
  | 'protectedMode'
  | 'noMaster'
  | 'aborted';

/**
 * A connection that failed, rebuilt from the library's error: that one carries the commands, and with them the password,
 * so nothing of it is kept but a code.
 */
export class LinkFailure extends Error {
  constructor(
    readonly reason: NetworkCause,
    /** The system's or TLS library's own code, or the first byte of what was no Redis reply; empty where there is none. */
    readonly detail: string,
    /** `host:port` or the socket's path. */
    readonly server: string,
    /** True where a command that changes data had been handed to the network: it may have happened, or still may. */
    readonly mayHaveChanged = false,
  ) {
    super(`${reason} ${detail}`.trim());
  }

  /** True where it ended for want of time, and not by something that happened. */
  get wasCut(): boolean {
    return this.reason === 'aborted' || this.reason === 'silent' || this.reason === 'handshake';
  }
}

/** An error that Redis itself answered. */
export class ReplyFailure extends Error {
  constructor(
    /** The server's text. Outside text: only `redis-failure` reads it. */
    readonly reply: string,
    readonly command: string,
    readonly key: string | null,
    readonly server: string,
  ) {
    super(reply.split(' ', 1)[0] ?? '');
  }

  /** The first word: `NOPERM`, `LOADING`, `ERR`. */
  get word(): string {
    return this.message;
  }
}

const causes: readonly (readonly [RegExp, NetworkCause])[] = [
  [/^ECONNREFUSED$/, 'refused'],
  [/^(ENOTFOUND|EAI_AGAIN|EAI_FAIL|EAI_NODATA)$/, 'hostUnknown'],
  [/^(EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EADDRNOTAVAIL)$/, 'noRoute'],
  [/^(ENOENT|EACCES|ENOTSOCK|EPERM)$/, 'socketFile'],
  [/^(ECONNRESET|EPIPE|ECONNABORTED)$/, 'reset'],
  [/^(ETIMEDOUT|ESOCKETTIMEDOUT)$/, 'silent'],
  [
    /^(EPROTO|ERR_SSL_.*|ERR_TLS_.*|CERT_.*|DEPTH_ZERO_.*|SELF_SIGNED_.*|UNABLE_TO_.*|HOSTNAME_MISMATCH|INVALID_CA)$/,
    'tls',
  ],
];

/** The failure behind an error of the library or of a socket. */
export function failureOf(error: unknown, server: string, mayHaveChanged = false): LinkFailure {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  const known = causes.find(([pattern]) => pattern.test(code));
  if (known) return new LinkFailure(known[1], code, server, mayHaveChanged);
  if (message.includes('max number of clients')) return new LinkFailure('maxClients', '', server, mayHaveChanged);
  if (message.includes('DENIED')) return new LinkFailure('protectedMode', '', server, mayHaveChanged);
  const foreign = /Unknown RESP type (\d+)/.exec(message);
  if (foreign)
    return new LinkFailure('protocol', `0x${Number(foreign[1]).toString(16).padStart(2, '0')}`, server, mayHaveChanged);
  if (message.startsWith('Command timed out')) return new LinkFailure('silent', '', server, mayHaveChanged);
  return new LinkFailure('closed', '', server, mayHaveChanged);
}

import type { RedisTls } from '../domain/config/redis-tls.js';

/** The certificate that a server showed, and what this machine thinks of it. */
export interface CertificateFacts {
  /** `null`: it is accepted; else the code of TLS: `CERT_HAS_EXPIRED`. */
  readonly fault: string | null;
  /** Whether one of its names is the host that was asked for. */
  readonly isForHost: boolean;
  /** Whom it is for: its common name, else its first name. */
  readonly subject: string;
  readonly issuer: string;
  /** The names it is for: DNS names and addresses. */
  readonly names: readonly string[];
  /** Epoch milliseconds. */
  readonly validFromMs: number;
  readonly validToMs: number;
}

/** Looks at certificates. Nothing is sent once the handshake is over. */
export interface TlsProber {
  /**
   * `tls`: how that server is judged; absent: as the system does it. Throws an RlctlError of kind `unreachable` where no
   * handshake came about.
   */
  probe(host: string, port: number, signal: AbortSignal, tls?: RedisTls): Promise<CertificateFacts>;
}

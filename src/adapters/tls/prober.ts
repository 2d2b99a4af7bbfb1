import { isIP } from 'node:net';
import { checkServerIdentity, connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { RlctlError } from '../../domain/errors.js';
import { loadTlsFiles } from './tls-files.js';
import type { CertificateFacts, TlsProber } from '../../ports/tls-prober.js';

/** Shows certificates as this process would judge them: with the authorities that Node.js trusts. */
export const systemTlsProber: TlsProber = {
  probe: (host, port, signal, tls = {}) =>
    new Promise((resolve, reject) => {
      const name = host.replace(/^\[|\]$/g, '');
      // The certificate is to be seen even where it is not accepted; nothing is ever sent over this connection.
      const socket = connect({
        host: name,
        port,
        rejectUnauthorized: false,
        ...(isIP(name) === 0 ? { servername: name } : {}),
        ...loadTlsFiles(tls),
      });
      const end = (finish: () => void): void => {
        signal.removeEventListener('abort', onAbort);
        socket.destroy();
        finish();
      };
      const fail = (why: string): void => end(() => reject(noHandshake(host, port, why)));
      const onAbort = (): void => fail('the handshake did not end in time');
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      socket.once('error', (error: NodeJS.ErrnoException) => fail(error.code ?? 'the handshake failed'));
      socket.once('secureConnect', () => {
        // A socket that is destroyed shows no certificate any more.
        const facts = factsOf(socket, tls.serverName ?? name);
        end(() => resolve(facts));
      });
      return undefined;
    }),
};

function factsOf(socket: TLSSocket, host: string): CertificateFacts {
  const certificate = socket.getPeerCertificate();
  // Its type says an error, and it is the code of one.
  const fault = socket.authorizationError as unknown;
  const names = namesOf(certificate);
  return {
    fault: socket.authorized ? null : codeOf(fault),
    isForHost: checkServerIdentity(host, certificate) === undefined,
    subject: textOf(certificate.subject?.CN) || (names[0] ?? 'nobody'),
    issuer: textOf(certificate.issuer?.O) || textOf(certificate.issuer?.CN) || 'nobody',
    names,
    validFromMs: Date.parse(certificate.valid_from),
    validToMs: Date.parse(certificate.valid_to),
  };
}

function codeOf(fault: unknown): string {
  if (typeof fault === 'string') return fault;
  const { code } = Object(fault) as { readonly code?: unknown };
  return typeof code === 'string' ? code : 'not accepted';
}

function namesOf({ subjectaltname }: PeerCertificate): readonly string[] {
  return (subjectaltname ?? '')
    .split(', ')
    .map((name) => name.replace(/^(DNS|IP Address):/, ''))
    .filter((name) => name !== '');
}

/** A certificate may hold a name several times. */
function textOf(value: unknown): string {
  return Array.isArray(value) ? String(value[0] ?? '') : typeof value === 'string' ? value : '';
}

function noHandshake(host: string, port: number, why: string): RlctlError {
  return new RlctlError('unreachable', `${host}:${port}: no TLS connection came about (${why})`, {
    code: 'TLS_NO_HANDSHAKE',
    hint: 'Check the scheme (https, rediss) and the port, and that the server runs.',
  });
}

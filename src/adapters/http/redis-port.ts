import { connect } from 'node:net';

/** Long enough for a machine that answered a moment ago. */
const patienceMs = 500;

/**
 * Whether a port that closed on an HTTP request without a word is that of a Redis server: Redis takes a "Host:" header for
 * an attack and hangs up. It is greeted in its own protocol with the one command that does nothing. Never throws.
 */
export function isRedisPort({ hostname, port }: URL, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) });
    const end = (isRedis: boolean): void => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(isRedis);
    };
    const onAbort = (): void => end(false);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.setTimeout(patienceMs, () => end(false));
    socket.on('connect', () => socket.write('PING\r\n'));
    socket.once('data', (bytes) => end(/^(?:\+PONG|-[A-Z]+ )/.test(bytes.toString('latin1'))));
    socket.on('error', () => end(false));
    socket.on('close', () => end(false));
  });
}

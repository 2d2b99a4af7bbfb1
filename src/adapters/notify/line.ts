import { RlctlError } from '../../domain/errors.js';
import type { NotifyTarget } from '../../domain/notify/target.js';
import { revealSecret } from '../../domain/secret.js';
import { Connections } from '../http/connections.js';
import type { RawAnswer } from '../http/exchange.js';
import { systemClock } from '../system/clock.js';

/** The way to one receiver. */
export interface ReceiverLine {
  /** The configured address. Throws a usage error where it is faulty. */
  readonly url: () => URL;
  /** Connects ahead. */
  readonly open: () => void;
  readonly send: (request: ReceiverRequest) => Promise<RawAnswer>;
  readonly close: () => void;
}

export interface ReceiverRequest {
  readonly url: URL;
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string | null;
  readonly signal: AbortSignal;
}

/** The longest that any one request may take, milliseconds; who sends one gives it less. */
const timeoutMs = 30_000;
/** An answer is a few words; more of it is not read. */
const maxBytes = 64 * 1024;

const common: readonly (readonly [string, string])[] = [
  ['Accept-Encoding', 'identity'],
  ['User-Agent', 'rlctl'],
];

/** Opens nothing yet. `debug` gets one line per answer: method, origin, status, duration. Never a path or a header. */
export function createLine({ address, place }: NotifyTarget, debug: (line: string) => void): ReceiverLine {
  const connections = new Connections({ timeoutMs, maxBytes });
  const url = (): URL => {
    if (address.kind === 'known') return new URL(revealSecret(address.url));
    throw new RlctlError('usage', address.why, { code: 'NOTIFY_ADDRESS', hint: `Mend ${place}.` });
  };
  return {
    url,
    open: () => {
      // Only a head start: whatever goes wrong shows at the first request, with its cause.
      if (address.kind === 'known') connections.open(url()).catch(() => undefined);
    },
    send: async ({ url: asked, method, headers, body, signal }) => {
      if (asked.origin !== url().origin) throw new Error('a request left its receiver');
      const startMs = systemClock.monotonicMs();
      const log = (outcome: string): void =>
        debug(`${method} ${asked.origin} ${outcome} in ${Math.round(systemClock.monotonicMs() - startMs)} ms`);
      try {
        const all = new Map([...common, ...headers]);
        const answer = await connections.send({ url: asked, method, headers: all, body, isFresh: false, signal });
        log(String(answer.status));
        return answer;
      } catch (error) {
        log(error instanceof RlctlError ? error.code : 'failed');
        throw error;
      }
    },
    close: () => connections.close(),
  };
}

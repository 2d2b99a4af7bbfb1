import type { Pages } from '../../ports/pages.js';
import { Connections } from './connections.js';

const timeoutMs = 30_000;
const headers: ReadonlyMap<string, string> = new Map([
  ['Accept', '*/*'],
  ['Accept-Encoding', 'identity'],
  ['User-Agent', 'rlctl'],
]);

/** Looks at addresses; `debug` gets one line per answer, without the query. */
export function createPages(debug: (line: string) => void): Pages {
  const connections = new Connections({ timeoutMs });
  return {
    look: async (url, method, signal) => {
      const answer = await connections.send({ url, method, headers, body: null, isFresh: true, signal });
      debug(`${method} ${url.origin}${url.pathname} ${answer.status}`);
      return { status: answer.status, body: answer.body };
    },
    close: () => connections.close(),
  };
}

// undici by file: its index would load fetch, WebSocket and a cache beside the one client that is needed.
// Static imports in a file of its own: a bundler that splits sees the names of a CommonJS package only so.
import type { Client } from 'undici';
import symbols from 'undici/lib/core/symbols.js';

export { default as buildConnector } from 'undici/lib/core/connect.js';
export { default as Client } from 'undici/lib/dispatcher/client.js';

/** Connects before there is a request, for which undici has no public call. A failure shows at the first request. */
export function connectAhead(client: Client): void {
  const connect = (client as unknown as Record<symbol, unknown>)[symbols.kConnect] as (done: () => void) => void;
  connect.call(client, () => undefined);
}

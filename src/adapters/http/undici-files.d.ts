// undici declares the types of its index only. These files are no promise of its makers: the pinned version is what counts.
declare module 'undici/lib/dispatcher/client.js' {
  import { Client } from 'undici';

  export = Client;
}

declare module 'undici/lib/core/connect.js' {
  import type { Socket } from 'node:net';
  import { buildConnector } from 'undici';

  type Parameters = buildConnector.Options;
  /** Also returns the socket at once, before it is connected. */
  function build(options: buildConnector.BuildOptions): (to: Parameters, done: buildConnector.Callback) => Socket;
  export = build;
}

declare module 'undici/lib/core/symbols.js' {
  const symbols: { readonly kConnect: symbol };
  export = symbols;
}

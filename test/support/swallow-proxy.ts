import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A TCP proxy on loopback that can make one request, or the answer to it, vanish; and says when it has happened. */
export interface SwallowProxy {
  readonly port: number;
  /** The next request that contains the text, or its answer, never arrives, and that connection stays silent. Resolves then. */
  swallow(what: 'request' | 'answer', containing: string): Promise<void>;
  stop(): Promise<void>;
}

interface Trap {
  readonly what: 'request' | 'answer';
  readonly containing: string;
  readonly onSwallowed: () => void;
}

export async function startSwallowProxy(targetPort: number): Promise<SwallowProxy> {
  const traps = new Set<Trap>();
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect({ host: '127.0.0.1', port: targetPort });
    const state = { caught: null as Trap | null, isSilent: false };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
    const silence = (trap: Trap): void => {
      state.isSilent = true;
      trap.onSwallowed();
    };
    client.on('data', (bytes: Buffer) => {
      if (state.isSilent) return;
      const trap = [...traps].find(({ containing }) => bytes.includes(containing));
      if (trap !== undefined) traps.delete(trap);
      if (trap?.what === 'request') return silence(trap);
      state.caught ??= trap ?? null;
      upstream.write(bytes);
      return undefined;
    });
    upstream.on('data', (bytes) => {
      if (state.isSilent) return;
      if (state.caught !== null) silence(state.caught);
      else client.write(bytes);
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => {
      if (!state.isSilent) client.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    swallow: (what, containing) => new Promise((resolve) => void traps.add({ what, containing, onSwallowed: resolve })),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

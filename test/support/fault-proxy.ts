import { connect, createServer, type Socket } from 'node:net';

/**
 * What goes wrong, and where. `connect`: when a client arrives; `request`: before a request that contains the text is
 * passed on; `reply`: after such a request was passed on, when its answer comes.
 */
export interface FaultRule {
  readonly at: 'connect' | 'request' | 'reply';
  /** Bytes that the request contains; absent: any. */
  readonly containing?: string;
  readonly action: FaultAction;
  /** How often; absent: once. */
  readonly times?: number;
  /** For `delay` only. */
  readonly delayMs?: number;
}

/**
 * reset: RST both ways · close: FIN · silence: nothing passes any more, sockets stay open · half: half of the bytes, then
 * silence · halfReset: half of them, then RST · delay: later, even if the client has gone meanwhile.
 */
export type FaultAction = 'reset' | 'close' | 'silence' | 'half' | 'halfReset' | 'delay';

export interface FaultProxy {
  readonly port: number;
  /** Connections accepted so far. */
  readonly accepted: number;
  /** Rules that have met their request or reply so far. */
  readonly struck: number;
  inject(rule: FaultRule): void;
  clear(): void;
  stop(): Promise<void>;
}

/** A TCP proxy on loopback that passes bytes on until a rule says otherwise. */
export async function startFaultProxy(targetPort: number): Promise<FaultProxy> {
  const rules: { rule: FaultRule; left: number }[] = [];
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  const count = { accepted: 0, struck: 0 };

  const take = (at: FaultRule['at'], request: string): FaultRule | null => {
    const found = rules.find(({ rule, left }) => left > 0 && rule.at === at && request.includes(rule.containing ?? ''));
    if (!found) return null;
    found.left -= 1;
    count.struck += 1;
    return found.rule;
  };

  const server = createServer((client) => {
    count.accepted += 1;
    const upstream = connect({ host: '127.0.0.1', port: targetPort });
    const state = { request: '', isSilent: false, clientLeft: false };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    const apply = (rule: FaultRule, bytes: Buffer, to: Socket): void => {
      const half = (): boolean => to.write(bytes.subarray(0, Math.ceil(bytes.length / 2)));
      if (rule.action === 'half' || rule.action === 'halfReset') half();
      if (rule.action === 'close') [client, upstream].forEach((socket) => socket.end());
      if (rule.action === 'reset' || rule.action === 'halfReset')
        [client, upstream].forEach((socket) => socket.resetAndDestroy());
      if (rule.action === 'silence' || rule.action === 'half') state.isSilent = true;
      if (rule.action === 'delay') later(rule.delayMs ?? 0, () => to.write(bytes));
    };
    const later = (ms: number, act: () => void): void => {
      const timer = setTimeout(() => {
        timers.delete(timer);
        act();
      }, ms);
      timers.add(timer);
    };
    const arrival = take('connect', '');
    if (arrival) apply(arrival, Buffer.alloc(0), client);
    client.on('data', (bytes) => {
      if (state.isSilent) return;
      const request = bytes.toString('latin1');
      const rule = take('request', request);
      state.request = request;
      if (rule) apply(rule, bytes, upstream);
      else upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (state.isSilent || state.clientLeft) return;
      const rule = take('reply', state.request);
      if (rule) apply(rule, bytes, client);
      else client.write(bytes);
    });
    client.on('close', () => {
      state.clientLeft = true;
      // What is delayed is still delivered: that is the point of it.
      if (timers.size === 0) upstream.destroy();
    });
    upstream.on('close', () => {
      if (!state.isSilent) client.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    get accepted() {
      return count.accepted;
    },
    get struck() {
      return count.struck;
    },
    inject: (rule) => {
      rules.push({ rule, left: rule.times ?? 1 });
    },
    clear: () => {
      rules.length = 0;
    },
    stop: async () => {
      for (const timer of timers) clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { FaultLane } from './fault-lane.js';

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
  /** delay, latency, slowClose: how much later. slicer: between two pieces. refuse: for how long; absent: for ever. */
  readonly delayMs?: number;
  /** cut, cutClose, limit: how many pass yet. slicer: in one piece. */
  readonly bytes?: number;
  /** bandwidth: how many pass in a second. */
  readonly bytesPerSecond?: number;
  /** garbage: what comes instead of an answer. */
  readonly text?: string;
}

/**
 * Of this one connection, from this message on —
 * ending it: reset: RST both ways · close: FIN both ways · halfClose: FIN in the direction of the message, which is lost; the
 * other direction goes on · cut, cutClose: so many bytes of the message, then RST or FIN · halfReset: half of them, then
 * RST · limit: so many bytes of either direction, then FIN · refuse: RST, and nobody listens any more;
 * keeping it: silence: a black hole, nothing passes, sockets stay open · half: half of the bytes, then silence · delay: this
 * message later, even if the client has gone meanwhile · latency: everything later · bandwidth: so much a second · slicer:
 * everything in small pieces · slowClose: an end is passed on later;
 * lying: garbage: other bytes instead of an answer.
 */
export type FaultAction =
  | 'reset'
  | 'close'
  | 'halfClose'
  | 'cut'
  | 'cutClose'
  | 'halfReset'
  | 'limit'
  | 'refuse'
  | 'silence'
  | 'half'
  | 'delay'
  | 'latency'
  | 'bandwidth'
  | 'slicer'
  | 'slowClose'
  | 'garbage';

export interface FaultProxy {
  readonly port: number;
  /** Connections accepted so far. */
  readonly accepted: number;
  /** Rules that have met their request or reply so far. */
  readonly struck: number;
  /** True while something that was held back has still to be delivered. */
  readonly isBusy: boolean;
  inject(rule: FaultRule): void;
  /** The same; resolves when it has struck. */
  strike(rule: FaultRule): Promise<void>;
  clear(): void;
  stop(): Promise<void>;
}

/** A rule that waits for its moment. */
interface Trap {
  readonly rule: FaultRule;
  readonly onStruck: () => void;
  left: number;
}

/** A connection through the proxy. */
interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
  /** What goes to each of the two. */
  readonly lanes: { readonly client: FaultLane; readonly upstream: FaultLane };
  isSilent: boolean;
  /** Bytes that may still pass; `null`: any number. */
  left: number | null;
}

/** A TCP proxy on loopback that passes bytes on until a rule says otherwise. */
export async function startFaultProxy(targetPort: number): Promise<FaultProxy> {
  const traps: Trap[] = [];
  const pairs = new Set<Pair>();
  const timers = new Set<NodeJS.Timeout>();
  const count = { accepted: 0, struck: 0 };

  const take = (at: FaultRule['at'], request: string): FaultRule | null => {
    const found = traps.find(({ rule, left }) => left > 0 && rule.at === at && request.includes(rule.containing ?? ''));
    if (!found) return null;
    found.left -= 1;
    count.struck += 1;
    found.onStruck();
    return found.rule;
  };

  const refuse = (delayMs: number | undefined): void => {
    server.close();
    if (delayMs === undefined) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      server.listen(port, '127.0.0.1');
    }, delayMs);
    timers.add(timer);
  };

  const server = createServer((client) => {
    count.accepted += 1;
    const pair = openPair(client, targetPort);
    pairs.add(pair);
    const state = { request: '' };
    const meet = (at: FaultRule['at'], bytes: Buffer, to: 'client' | 'upstream'): void => {
      const rule = take(at, state.request);
      if (rule === null) return pass(pair, bytes, to);
      if (rule.action === 'refuse') refuse(rule.delayMs);
      return suffer(pair, rule, bytes, to);
    };
    meet('connect', Buffer.alloc(0), 'client');
    client.on('data', (bytes) => {
      if (pair.isSilent) return;
      state.request = bytes.toString('latin1');
      meet('request', bytes, 'upstream');
    });
    pair.upstream.on('data', (bytes) => {
      if (!pair.isSilent) meet('reply', bytes, 'client');
    });
    client.on('close', () => {
      pair.lanes.client.stop();
      // What is delayed is still delivered: that is the point of it.
      pair.lanes.upstream.afterwards(() => pair.upstream.destroy());
    });
    pair.upstream.on('close', () => {
      if (client.destroyed) pairs.delete(pair);
      if (!pair.isSilent) pair.lanes.client.afterwards(() => client.end());
    });
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    get accepted() {
      return count.accepted;
    },
    get struck() {
      return count.struck;
    },
    get isBusy() {
      return [...pairs].some(({ lanes }) => lanes.client.isBusy || lanes.upstream.isBusy);
    },
    inject: (rule) => void traps.push({ rule, left: rule.times ?? 1, onStruck: () => undefined }),
    strike: (rule) =>
      new Promise((resolve) => void traps.push({ rule, left: rule.times ?? 1, onStruck: () => resolve() })),
    clear: () => {
      traps.length = 0;
    },
    stop: async () => {
      for (const timer of timers) clearTimeout(timer);
      for (const { client, upstream, lanes } of pairs) {
        lanes.client.stop();
        lanes.upstream.stop();
        client.destroy();
        upstream.destroy();
      }
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** So that what a cut let pass is read before the reset, which would take it back. */
const readingMs = 5;

function openPair(client: Socket, targetPort: number): Pair {
  const upstream = connect({ host: '127.0.0.1', port: targetPort });
  for (const socket of [client, upstream]) socket.on('error', () => undefined);
  const lanes = { client: new FaultLane(client), upstream: new FaultLane(upstream) };
  return { client, upstream, lanes, isSilent: false, left: null };
}

function pass(pair: Pair, bytes: Buffer, to: 'client' | 'upstream'): void {
  const allowed = bytes.subarray(0, pair.left ?? bytes.length);
  pair.lanes[to].pass(allowed);
  if (pair.left === null) return;
  pair.left -= allowed.length;
  if (pair.left === 0) pair.lanes[to].afterwards(() => end(pair));
}

function end({ client, upstream }: Pair): void {
  client.end();
  upstream.end();
}

function reset({ client, upstream }: Pair): void {
  client.resetAndDestroy();
  upstream.resetAndDestroy();
}

/** What a rule does to a connection with a message that was to go to one of the two. */
function suffer(pair: Pair, rule: FaultRule, bytes: Buffer, to: 'client' | 'upstream'): void {
  const { delayMs = 0, bytes: some = 0, bytesPerSecond = 1, text = '' } = rule;
  const lane = pair.lanes[to];
  const half = bytes.subarray(0, Math.ceil(bytes.length / 2));
  const shaped = (shape: Parameters<FaultLane['become']>[0]): void => {
    for (const each of [pair.lanes.client, pair.lanes.upstream]) each.become(shape);
    pass(pair, bytes, to);
  };
  const cut = (piece: Buffer, then: (pair: Pair) => void): void => {
    pair.isSilent = true;
    lane.pass(piece);
    lane.afterwards(() => then(pair), piece.length > 0 ? readingMs : 0);
  };
  const actions: Readonly<Record<FaultAction, () => void>> = {
    reset: () => reset(pair),
    refuse: () => reset(pair),
    close: () => end(pair),
    halfClose: () => pair[to].end(),
    cut: () => cut(bytes.subarray(0, some), reset),
    cutClose: () => cut(bytes.subarray(0, some), end),
    halfReset: () => cut(half, reset),
    half: () => cut(half, () => undefined),
    silence: () => cut(Buffer.alloc(0), () => undefined),
    limit: () => {
      pair.left = some;
      pass(pair, bytes, to);
    },
    delay: () => lane.pass(bytes, delayMs),
    latency: () => shaped({ latencyMs: delayMs }),
    bandwidth: () => shaped({ bytesPerSecond }),
    slicer: () => shaped({ pieces: { bytes: some, gapMs: delayMs } }),
    slowClose: () => shaped({ closeMs: delayMs }),
    garbage: () => {
      pair.isSilent = true;
      pair.lanes.client.pass(Buffer.from(text, 'latin1'));
      pair.lanes.client.afterwards(() => end(pair));
    },
  };
  actions[rule.action]();
}

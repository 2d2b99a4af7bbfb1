import { Agent, request } from 'node:http';
import { trafficMix, type TrafficRequest } from './traffic-mix.js';

export interface Traffic {
  /** Requests sent so far. */
  readonly sent: number;
  /** Ends it: no request is under way afterwards. */
  stop(): Promise<void>;
}

export interface TrafficSetup {
  readonly origin: string;
  readonly perSecond: number;
  readonly seed: number;
  /** Keep-alive connections to spread it over; each is pinned to one worker. */
  readonly connections: number;
}

const tickMs = 20;
const mostUnderWay = 64;

/** Sends the mix over loopback HTTP at an even pace. What a slow server cannot take is left out, never piled up. */
export function startTraffic(setup: TrafficSetup): Traffic {
  const mix = trafficMix(setup.seed, setup.perSecond);
  const agents = Array.from({ length: setup.connections }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  const underWay = new Set<Promise<void>>();
  const pace = { sent: 0, owed: 0, lastMs: performance.now() };
  const tick = (): void => {
    const nowMs = performance.now();
    pace.owed = Math.min(pace.owed + ((nowMs - pace.lastMs) * setup.perSecond) / 1000, mostUnderWay);
    pace.lastMs = nowMs;
    for (; pace.owed >= 1 && underWay.size < mostUnderWay; pace.owed -= 1) {
      const one = send(setup.origin, agents[pace.sent % agents.length], mix.next().value);
      pace.sent += 1;
      underWay.add(one);
      void one.finally(() => underWay.delete(one));
    }
  };
  const timer = setInterval(tick, tickMs);
  return {
    get sent() {
      return pace.sent;
    },
    stop: async () => {
      clearInterval(timer);
      for (const agent of agents) agent.destroy();
      await Promise.all(underWay);
    },
  };
}

/** Sends one request and drops its answer. Never rejects: whatever fails is the server's business. */
async function send(origin: string, agent: Agent | undefined, one: TrafficRequest): Promise<void> {
  const user = one.user === null ? {} : { 'X-User-Id': one.user };
  const body = one.method === 'GET' ? '' : '{}';
  // With its length said, a DELETE keeps the connection as well.
  const content = { 'Content-Type': 'application/json', 'Content-Length': String(body.length) };
  const headers = { 'X-Forwarded-For': one.address, ...content, ...user };
  await new Promise<void>((resolve) => {
    const call = request(`${origin}${one.path}`, { method: one.method, headers, ...(agent ? { agent } : {}) });
    call.once('response', (response) => response.resume());
    call.once('error', () => resolve());
    call.once('close', () => resolve());
    call.end(body);
  });
}

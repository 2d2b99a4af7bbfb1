import { Agent, request } from 'node:http';

/** Traffic of many callers, none of whom passes a limit by itself. */
export interface SteadyTraffic {
  /** From now on one caller repeats its payments without end. */
  spike(): void;
  /** When the first payment was refused since the spike began, epoch milliseconds; `null`: none was. */
  firstRefusalMs(): number | null;
  stop(): Promise<void>;
}

const tickMs = 40;

/** Sends a search, a booking, a log-in and a payment each tick, each by a caller of its own. */
export function startSteadyTraffic(origin: string): SteadyTraffic {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const state = { count: 0, isSpiking: false, refusedMs: null as number | null };
  const underWay = new Set<Promise<void>>();
  const send = (method: string, path: string, user: string): void => {
    const note = async (): Promise<void> => {
      const status = await answered(agent, `${origin}${path}`, method, user);
      if (status === 429 && state.isSpiking) state.refusedMs ??= Date.now();
    };
    const one = note();
    underWay.add(one);
    void one.finally(() => underWay.delete(one));
  };
  const tick = (): void => {
    if (underWay.size > 40) return;
    const user = `u${(state.count += 1)}`;
    send('GET', '/api/search', user);
    send('POST', '/api/bookings', user);
    send('POST', '/auth/login', user);
    send('POST', '/api/payments', user);
    if (state.isSpiking) for (let more = 0; more < 3; more += 1) send('POST', '/api/payments', 'repeater');
  };
  const timer = setInterval(tick, tickMs);
  return {
    spike: () => void (state.isSpiking = true),
    firstRefusalMs: () => state.refusedMs,
    stop: async () => {
      clearInterval(timer);
      await Promise.all(underWay);
      agent.destroy();
    },
  };
}

/** The status of the answer; 0: there was none. */
function answered(agent: Agent, url: string, method: string, user: string): Promise<number> {
  const headers = { 'X-User-Id': user, 'X-Forwarded-For': '198.51.100.7', 'Content-Length': '0' };
  return new Promise((resolve) => {
    const call = request(url, { method, agent, headers }, (response) => {
      response.resume();
      response.once('close', () => resolve(response.statusCode ?? 0));
    });
    call.once('error', () => resolve(0));
    call.end();
  });
}

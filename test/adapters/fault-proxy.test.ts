import { connect, createServer, Socket, type AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { FaultLane } from '../support/fault-lane.js';
import { startFaultProxy, type FaultProxy, type FaultRule } from '../support/fault-proxy.js';
import { until } from '../support/until.js';

// A fault that is not what its name says would make every trial that uses it worthless.

const whole = 'a'.repeat(100);

interface Ended {
  /** What the client got before its end. */
  readonly text: string;
  readonly how: 'end' | 'reset' | 'refused' | 'still open';
  readonly tookMs: number;
}

interface Through extends FaultProxy {
  /** What reached the server, and how its connections ended. */
  readonly arrived: readonly string[];
  readonly ends: readonly ('end' | 'reset')[];
}

/** A proxy before a server that answers every line with 100 bytes, and tells what reached it. */
async function open(...rules: FaultRule[]): Promise<Through> {
  const arrived: string[] = [];
  const ends: ('end' | 'reset')[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.setEncoding('utf8').on('data', (text: string) => {
      arrived.push(text);
      if (text.includes('\n')) socket.write(whole);
    });
    socket.on('end', () => void ends.push('end'));
    socket.on('error', () => void ends.push('reset'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy = await startFaultProxy((server.address() as AddressInfo).port);
  onTestFinished(async () => {
    await proxy.stop();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  for (const rule of rules) proxy.inject(rule);
  return Object.assign(proxy, { arrived, ends });
}

/** A question and its answer on a line of their own: what was sent before it has arrived by then. */
async function roundTrip(): Promise<void> {
  const server = createServer((socket) => socket.pipe(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await new Promise((resolve) => socket.once('data', resolve).write('?'));
  socket.destroy();
  await new Promise((resolve) => server.close(resolve));
}

interface Asked {
  readonly line?: string;
  /** It goes by itself once a rule has struck; `settled`: and everything that the rule lets pass has passed. Absent: it stays. */
  readonly leaves?: 'struck' | 'settled';
}

/** Sends a line and waits for an end, or for 100 bytes, or until it leaves. */
async function ask(proxy: FaultProxy, { line = 'hello\n', leaves }: Asked = {}): Promise<Ended> {
  const startMs = performance.now();
  const struckBefore = proxy.struck;
  const socket = connect(proxy.port, '127.0.0.1');
  const seen = { text: '' };
  const ended = new Promise<Ended['how']>((resolve) => {
    socket.setEncoding('utf8').on('data', (text: string) => {
      seen.text += text;
      if (seen.text.length >= whole.length) resolve('still open');
    });
    socket.on('end', () => resolve('end'));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED' ? 'refused' : 'reset'));
  });
  const left = async (): Promise<Ended['how']> => {
    await until(() => proxy.struck > struckBefore && (leaves === 'struck' || !proxy.isBusy), 'the rule to strike');
    await roundTrip();
    return 'still open';
  };
  socket.write(line);
  const how = await (leaves === undefined ? ended : Promise.race([ended, left()]));
  socket.destroy();
  return { text: seen.text, how, tookMs: performance.now() - startMs };
}

test('without a rule everything passes', async () => {
  const proxy = await open();
  expect(await ask(proxy)).toMatchObject({ text: whole });
  expect(proxy.arrived).toEqual(['hello\n']);
  expect([proxy.accepted, proxy.struck]).toEqual([1, 0]);
});

test.each([
  ['reset', {}, '', 'reset'],
  ['close', {}, '', 'end'],
  ['halfClose', {}, '', 'end'],
  ['cut', { bytes: 37 }, 'a'.repeat(37), 'reset'],
  ['halfReset', {}, 'a'.repeat(50), 'reset'],
  ['cutClose', { bytes: 37 }, 'a'.repeat(37), 'end'],
  ['silence', {}, '', 'still open'],
  ['half', {}, 'a'.repeat(50), 'still open'],
  ['limit', { bytes: 60 }, 'a'.repeat(60), 'end'],
  ['garbage', { text: 'HTTP/1.1 400' }, 'HTTP/1.1 400', 'end'],
  ['refuse', {}, '', 'reset'],
] as const)('an answer that meets %s', async (action, more, text, how) => {
  const proxy = await open({ at: 'reply', action, ...more });
  expect(await ask(proxy, how === 'still open' ? { leaves: 'settled' } : {})).toMatchObject({ text, how });
  expect(proxy.arrived).toEqual(['hello\n']);
  expect(proxy.struck).toBe(1);
});

test('a request that is cut arrives in part, and one that meets a black hole not at all', async () => {
  const proxy = await open({ at: 'request', action: 'cutClose', bytes: 3 }, { at: 'request', action: 'silence' });
  expect(await ask(proxy)).toMatchObject({ text: '', how: 'end' });
  await expect.poll(() => proxy.arrived).toEqual(['hel']);
  expect(await ask(proxy, { leaves: 'settled' })).toMatchObject({ text: '', how: 'still open' });
  expect(proxy.arrived).toEqual(['hel']);
});

test('a half-closed request ends what the server reads, and nothing else', async () => {
  const proxy = await open({ at: 'request', action: 'halfClose' });
  expect(await ask(proxy, { leaves: 'settled' })).toMatchObject({ text: '', how: 'still open' });
  await expect.poll(() => proxy.ends).toEqual(['end']);
  expect(proxy.arrived).toEqual([]);
});

test('who is refused finds nobody, until the time is over', async () => {
  const proxy = await open({ at: 'connect', action: 'refuse', delayMs: 60 });
  expect((await ask(proxy)).how).toBe('reset');
  expect((await ask(proxy)).how).toBe('refused');
  await expect.poll(async () => (await ask(proxy)).text, { interval: 20 }).toBe(whole);
});

test('latency: later in both directions, and whole', async () => {
  const proxy = await open({ at: 'connect', action: 'latency', delayMs: 60 });
  const { text, tookMs } = await ask(proxy);
  expect(text).toBe(whole);
  expect(tookMs).toBeGreaterThan(115);
});

test('bandwidth: so much a second, and whole', async () => {
  const proxy = await open({ at: 'reply', action: 'bandwidth', bytesPerSecond: 1000 });
  const { text, tookMs } = await ask(proxy);
  expect(text).toBe(whole);
  expect(tookMs).toBeGreaterThan(70);
});

test('slicer: in pieces, and whole', async () => {
  const proxy = await open({ at: 'request', action: 'slicer', bytes: 2, delayMs: 100 });
  expect((await ask(proxy)).text).toBe(whole);
  // A busy machine may read two pieces at once, and not all of them.
  expect(proxy.arrived[0]).toBe('he');
  expect(proxy.arrived.join('')).toBe('hello\n');
});

test('slow close: the server learns later that the client has gone', async () => {
  const proxy = await open({ at: 'connect', action: 'slowClose', delayMs: 150 });
  await ask(proxy);
  const leftMs = performance.now();
  await expect.poll(() => proxy.ends.length, { interval: 5 }).toBe(1);
  expect(performance.now() - leftMs).toBeGreaterThan(100);
});

test('delay: delivered although the client has gone, and the moment is told', async () => {
  const proxy = await open();
  const struck = proxy.strike({ at: 'request', containing: 'late', action: 'delay', delayMs: 600 });
  const [asked] = await Promise.all([ask(proxy, { line: 'late\n', leaves: 'struck' }), struck]);
  expect([asked, proxy.arrived]).toMatchObject([{ text: '', how: 'still open' }, []]);
  await expect.poll(() => proxy.arrived, { interval: 10 }).toEqual(['late\n']);
});

test('a line that was stopped holds nothing back any more, however slow it was', () => {
  const lane = new FaultLane(new Socket().on('error', () => undefined));
  lane.become({ bytesPerSecond: 1 });
  lane.pass(Buffer.from(whole));
  expect(lane.isBusy).toBe(true);
  lane.stop();
  lane.afterwards(() => expect.unreachable());
  expect(lane.isBusy).toBe(false);
});

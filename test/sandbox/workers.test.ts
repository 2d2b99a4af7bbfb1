import { Agent } from 'node:http';
import { expect, test } from 'vitest';
import { seededNumbers } from '../../src/sandbox/random.js';
import { ask, cli, openSandbox, overridesKey, type TestSandbox } from './support.js';

async function rates(sandbox: TestSandbox, reads: number): Promise<readonly unknown[]> {
  const seen: unknown[] = [];
  for (let n = 0; n < reads; n += 1) seen.push((await sandbox.policy('/api/x')).json['rate_per_min']);
  return seen;
}

test('one reload reaches one of two workers, and answers are mixed', async () => {
  const sandbox = await openSandbox({ workers: 2 });
  await cli(sandbox, 'SET', overridesKey, '{"/api":{"rate":33}}');
  await sandbox.reload();
  expect(await rates(sandbox, 4)).toEqual([60, 33, 60, 33]);
  expect(sandbox.workers().map(({ reloads }) => reloads)).toEqual([1, 0]);
  await sandbox.policy('/x');
  await sandbox.reload();
  await sandbox.reload();
  expect(new Set(await rates(sandbox, 4))).toEqual(new Set([33]));
});

test('a keep-alive connection stays with its worker', async () => {
  const sandbox = await openSandbox({ workers: 3 });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let n = 0; n < 5; n += 1) await ask(`${sandbox.origin}/api/search`, { agent });
  agent.destroy();
  expect(sandbox.workers().map(({ connections, requests }) => [connections, requests])).toEqual([
    [1, 5],
    [0, 0],
    [0, 0],
  ]);
});

test('the choice of the worker can be injected', async () => {
  const draw = seededNumbers(7);
  const expected = seededNumbers(7);
  const sandbox = await openSandbox({
    workers: 4,
    behaviour: { pickWorker: (_connection, workers) => Math.floor(draw() * workers) },
  });
  const tally = [0, 0, 0, 0];
  for (let n = 0; n < 12; n += 1) {
    await ask(`${sandbox.origin}/health/live`);
    const index = Math.floor(expected() * 4);
    tally[index] = (tally[index] ?? 0) + 1;
  }
  expect(sandbox.workers().map(({ requests }) => requests)).toEqual(tally);
});

test('a stale worker says ok and keeps what it had', async () => {
  const sandbox = await openSandbox({ workers: 2, behaviour: { staleWorkers: [1] } });
  await cli(sandbox, 'SET', overridesKey, '{"/api":{"rate":33}}');
  const answers = [await sandbox.reload(), await sandbox.reload(), await sandbox.reload(), await sandbox.reload()];
  expect(answers.map(({ json }) => [json['ok'], json['policy_overrides_count']])).toEqual([
    [true, 1],
    [true, 0],
    [true, 1],
    [true, 0],
  ]);
  expect(await rates(sandbox, 2)).toEqual([33, 60]);
});

test('workers share the cells, since those live in Redis', async () => {
  const sandbox = await openSandbox({ workers: 2 });
  const pay = { method: 'POST', headers: { 'X-User-Id': 'u' } };
  expect((await ask(`${sandbox.origin}/api/payments`, pay)).status).toBe(200);
  expect((await ask(`${sandbox.origin}/api/payments`, pay)).status).toBe(429);
});

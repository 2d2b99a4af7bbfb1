import { expect, test } from 'vitest';
import { guardOf } from '../../src/sandbox/routing.js';
import { trafficMix, type TrafficRequest } from '../../src/sandbox/traffic-mix.js';
import { openSandbox } from './support.js';
import { until } from '../support/until.js';

function take(seed: number, count: number, perSecond = 50): readonly TrafficRequest[] {
  const mix = trafficMix(seed, perSecond);
  return Array.from({ length: count }, () => mix.next().value);
}

test('a seed fixes the traffic', () => {
  expect(take(3, 500)).toEqual(take(3, 500));
  expect(take(3, 500)).not.toEqual(take(4, 500));
});

test('the mix is believable: mostly reads, every bucket, known routes, abusers far above anyone else', () => {
  const mix = take(1, 6000);
  const guards = mix.map(({ method, path }) => guardOf(method, path));
  const share = (guard: string): number => guards.filter((one) => one === guard).length / mix.length;
  expect(share('read')).toBeGreaterThan(0.5);
  const others = ['write', 'auth', 'financial', 'exempt'];
  expect(others.filter((guard) => share(guard) < 0.005)).toEqual([]);
  expect(guards).not.toContain(null);
  // 6000 requests at 50 a second are two minutes.
  const perUser = (user: string): number => mix.filter((one) => one.user === user).length / 2;
  expect(perUser('scraper')).toBeGreaterThan(90);
  expect(perUser('repeater')).toBeGreaterThan(30);
  const users = new Set(mix.map(({ user }) => user).filter((user) => /^u\d/.test(user ?? '')));
  expect(users.size).toBeGreaterThan(100);
  expect(Math.max(...[...users].map((user) => perUser(user ?? '')))).toBeLessThan(60);
});

test('it reaches every worker, is limited, and ends', async () => {
  const sandbox = await openSandbox({ workers: 2, trafficPerSecond: 200 });
  const total = (action: string): number =>
    sandbox
      .workers()
      .flatMap(({ decisions }) => decisions)
      .filter(({ labels }) => labels['action'] === action)
      .reduce((sum, { value }) => sum + value, 0);
  await until(() => total('blocked') > 0 && total('allowed') > 100);
  // Eight keep-alive connections, none of them ever replaced: each worker serves its share.
  expect(sandbox.workers().map(({ connections }) => connections)).toEqual([4, 4]);
  await sandbox.stop();
  const served = sandbox.workers().reduce((sum, { requests }) => sum + requests, 0);
  expect(served).toBeLessThanOrEqual(sandbox.trafficSent());
});

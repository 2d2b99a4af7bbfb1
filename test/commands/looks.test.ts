import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { labKey, openLab, type Lab } from '../support/lab.js';
import { jsonOf, type JsonObject, type Ran } from '../support/world.js';

const state = {} as { lab: Lab };
const operationsKey = `{${labKey}}:operations`;

beforeAll(async () => {
  state.lab = await openLab();
});
afterAll(() => state.lab.stop());
beforeEach(async () => {
  await rm(join(state.lab.world.stateHome, 'rlctl'), { recursive: true, force: true });
  await state.lab.reset();
});

const run = (...args: readonly string[]): Promise<Ran> =>
  state.lab.world.main(args, { columns: 400, env: { NO_COLOR: '1' } });

interface Shown {
  readonly findings: readonly JsonObject[];
  readonly operations: {
    readonly open: readonly {
      readonly kind: string;
      readonly id: string;
      readonly what: string;
      readonly state: string;
      readonly since: string;
      readonly by: string;
      readonly commands: readonly string[];
    }[];
    readonly failures: readonly { readonly kind: string; readonly code: string; readonly hint: string }[];
  };
}

const shown = async (): Promise<Shown> => jsonOf<Shown>((await run('status', '--json')).out);

describe('what is open on an environment', () => {
  test('nothing: that is said', async () => {
    expect((await shown()).operations).toEqual({ open: [], failures: [] });
    expect((await run('status')).out).toMatch(/^operations +none open$/m);
  });

  test('a panic, an incident and a run that waits: what, since when, by whom, and the command that goes on', async () => {
    const { world } = state.lab;
    const steps = [{ id: 'hand', title: '1', manual: 'Call.', undo: { manual: 'Call.' } }];
    await world.write('runbooks/by-hand.yaml', JSON.stringify({ title: 'T', summary: 'S', steps }));
    await run('incident', 'start', 'Search is slow');
    const panic = await world.main(['panic', 'bucket', 'financial', '--reason', 'x'], {
      env: { RLCTL_ACTOR: 'alice' },
    });
    expect(panic.code, panic.err).toBe(0);
    expect((await run('runbook', 'run', 'by-hand')).code).toBe(6);
    const { operations, findings } = await shown();
    expect(findings).toEqual([]);
    expect(operations.failures).toEqual([]);
    const [first, second, third] = operations.open;
    expect(first).toMatchObject({ kind: 'panic', what: 'bucket financial', state: 'open', by: 'alice' });
    expect(second).toMatchObject({ kind: 'incident', what: 'Search is slow', state: 'open', by: 'tester@test' });
    expect(third).toMatchObject({ kind: 'runbook', what: 'by-hand', state: 'waiting at hand' });
    for (const { since } of operations.open) expect(Math.abs(Date.now() - Date.parse(since))).toBeLessThan(60_000);
    const { out } = await run('status');
    expect(out).toMatch(/^operations +panic p-\w+: bucket financial$/m);
    expect(out).toMatch(new RegExp(`rlctl .*panic restore ${first?.id}$`, 'm'));
    expect(out).toMatch(/rlctl .*incident status; or: rlctl .*incident end$/m);
    expect(out).toMatch(
      new RegExp(`rlctl .*runbook resume ${third?.id}; or: rlctl .*resume ${third?.id} --undo$`, 'm'),
    );
    // Every command that is printed leads on: what is taken back is not open any more.
    expect((await run('panic', 'restore', first?.id ?? '')).code).toBe(0);
    expect((await run('incident', 'end', '--keep', '--yes')).code).toBe(0);
    expect((await run('runbook', 'resume', third?.id ?? '', '--done', 'hand')).code).toBe(0);
    expect((await shown()).operations.open).toEqual([]);
  });

  test('a run whose steps came to their end, or that another environment began, is none', async () => {
    await run('runbook', 'run', 'raise-limit', '--input', 'route=/api/search', '--input', 'burst=50');
    expect((await shown()).operations.open).toEqual([]);
  });

  test('what cannot be read is said, and hides nothing else', async () => {
    await run('incident', 'start', 'Search is slow');
    await state.lab.redis.cli('HSET', operationsKey, 'rollout', '{"v":9}');
    const { operations } = await shown();
    expect(operations.open).toMatchObject([{ kind: 'incident' }]);
    expect(operations.failures).toMatchObject([{ kind: 'rollout', code: 'ROLLOUT_UNREADABLE' }]);
    expect((await run('status')).out).toContain('? a rollout not known: what is kept of the rollout cannot be read');
  });

  test('where Redis does not answer nothing of it is known, and Redis is the one finding', async () => {
    const path = await state.lab.world.config('silent.yaml', {
      environments: { lab: { ...state.lab.environment, redis: 'redis://127.0.0.1:1' } },
    });
    const ran = await run('--config', path, 'status');
    expect(ran.out).toMatch(/^operations +not known$/m);
    expect(ran.out.match(/✗ .*127\.0\.0\.1:1/g)).toHaveLength(1);
  });
});

test('a site mode that no server tells is not taken for checked, in status and in fleet status', async () => {
  const path = await state.lab.world.config('site.yaml', {
    environments: { lab: { ...state.lab.environment, siteMode: 'prod' } },
  });
  expect((await run('--config', path, 'status')).out).toContain('no site mode told, so prod is not checked');
  expect((await run('--config', path, 'fleet', 'status')).out).toContain('that they are "prod" is not checked');
  expect((await run('status')).out).not.toContain('site mode');
});

test('of a server that has started since, what the last reload told of the switch is not told as its state', async () => {
  const { world } = state.lab;
  await run('reload');
  expect((await run('status')).out).toMatch(/^enabled +yes/m);
  for (const [path, text] of await world.files()) {
    if (!path.includes('/reloads/')) continue;
    await world.write(path, JSON.stringify({ ...jsonOf(text), at: '2026-01-01T00:00:00.000Z' }));
  }
  const { out } = await run('status');
  expect(out).toMatch(/^enabled +not known: it has started again since, up \w+/m);
  expect(out).toContain('before: yes');
});

describe('verify', () => {
  test('says of a temporary override that is overdue that it still stands', async () => {
    expect((await run('override', 'set', '/api/a', '--rate', '7', '--for', '1s')).code).toBe(0);
    await expect
      .poll(async () => (await run('verify')).out, { timeout: 15_000 })
      .toMatch(/^"\/api\/a" was to end .* and still stands\. Take it back with: rlctl .*override expire$/m);
    const { remarks } = jsonOf<{ remarks: readonly string[] }>((await run('verify', '--json')).out);
    expect(remarks).toHaveLength(1);
  });

  test('prints each command of a reload that it holds back with its environment', async () => {
    await run('override', 'set', '/api/a', '--rate', '7');
    await state.lab.redis.cli('DEL', labKey);
    const { out } = await run('verify', '--reload', '--yes');
    expect(out).toMatch(
      /not sent: .*run: rlctl --config \S+ override repair; .*run: rlctl --config \S+ reload --force/,
    );
  });

  test('no reload is advised for a rate that no header can show: it would not prove the change', async () => {
    const probe = ['--probe', `${state.lab.sandbox.origin}/api/search`, '--require', 'enforced'];
    await run('override', 'set', '/api/search', '--rate', '200', '--burst', '20');
    const ran = await run('override', 'set', '/api/search', '--rate', '240', ...probe);
    expect(ran.code).toBe(8);
    expect(ran.out).toContain('no look can show more: take loaded for enough');
    expect(ran.out).not.toContain('to look again');
  });
});

import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { json, startHttpControlPlane } from '../support/http-control-plane.js';
import { openLab, type Lab } from '../support/lab.js';
import { freePort } from '../support/redis-server.js';
import { errorOf, jsonOf, type JsonObject, type MainOptions, type Ran } from '../support/world.js';

const state = {} as { lab: Lab; second: Lab };
beforeAll(async () => {
  state.lab = await openLab({ behaviour: { siteMode: 'preview' } });
});
afterAll(() => state.lab.stop());
beforeEach(() => state.lab.reset());
const run = (args: readonly string[], options?: MainOptions): Promise<Ran> => state.lab.world.main(args, options);
const reloads = (): number => state.lab.sandbox.workers()[0]?.reloads ?? 0;

async function as(environment: JsonObject): Promise<string> {
  return state.lab.world.config('other.yaml', { environments: { lab: { ...state.lab.environment, ...environment } } });
}

async function secret(): Promise<string> {
  return readFile(state.lab.sandbox.secretFile, 'utf8');
}

test('sends once, and remembers what was accepted for the next time', async () => {
  const before = reloads();
  const ran = await run(['reload', '--json']);
  expect(ran).toMatchObject({ code: 0, err: '' });
  expect(jsonOf(ran.out)).toMatchObject({
    reloads: [
      {
        outcome: 'accepted',
        basePath: '/internal',
        profile: 'documented',
        attempts: 1,
        siteMode: 'preview',
        error: null,
      },
    ],
    proof: { verdict: 'proven' },
  });
  expect(reloads()).toBe(before + 1);
  expect((await run(['env', 'show'])).out).toContain('accepts the documented signature');
});

test('--expect: the right number is proven, another one contradicts', async () => {
  await state.lab.store('{"/a":{"rate":1},"/b":{"rate":1}}');
  expect(await run(['reload', '--expect', '2'])).toMatchObject({ code: 0 });
  const ran = await run(['reload', '--expect', '3', '--json']);
  expect(ran).toMatchObject({ code: 8, err: '' });
  expect(jsonOf(ran.out)).toMatchObject({ proof: { verdict: 'contradicted' } });
  expect(await run(['reload', '--expect', 'many'])).toMatchObject({ code: 2, out: '' });
});

test('no overrides and count 0 is proven, with the remark that it does not show that Redis is read', async () => {
  expect((await run(['reload'])).out).toContain('whether it reads Redis at all');
});

describe('--print-request and --dry-run', () => {
  test.each(['--print-request', '--dry-run'])('%s sends nothing and shows no signature', async (flag) => {
    const before = reloads();
    for (const profile of ['documented', 'empty', 'body', 'timestamped', 'standard-webhooks']) {
      const ran = await run(['reload', flag, '--signing', profile]);
      expect(ran).toMatchObject({ code: 0, err: '' });
      const key = await secret();
      for (const payload of ['', 'reload', '{"action": "reload"}']) {
        for (const encoding of ['hex', 'base64'] as const) {
          expect(ran.out).not.toContain(createHmac('sha256', key).update(payload).digest(encoding));
        }
      }
      expect(ran.out).toMatch(/masked|redacted|…|\*\*\*/i);
    }
    expect(reloads()).toBe(before);
  });
});

describe('X-Site-Mode', () => {
  test('another site than the configured one is refused before any write and any reload', async () => {
    const config = await as({ siteMode: 'prod' });
    const before = reloads();
    const set = await run(['--config', config, 'override', 'set', '/a', '--rate', '1', '--json']);
    expect(errorOf(set)).toMatchObject({ code: 'WRONG_SITE_MODE', exitCode: 6 });
    expect(errorOf(set).message).toContain('"preview", not "prod"');
    expect(await state.lab.document()).toBeNull();
    const dry = await run(['--config', config, 'override', 'set', '/a', '--rate', '1', '--dry-run']);
    expect(dry.code).toBe(6);
    expect(reloads()).toBe(before);
  });

  test('a reload to another site is refused before it is sent', async () => {
    const config = await as({ siteMode: 'prod' });
    const before = reloads();
    const ran = await run(['--config', config, 'reload', '--json']);
    expect(errorOf(ran)).toMatchObject({ code: 'WRONG_SITE_MODE', exitCode: 6 });
    expect(reloads()).toBe(before);
  });

  test('the right site, in any case, passes', async () => {
    const config = await as({ siteMode: 'Preview' });
    expect(await run(['--config', config, 'reload'])).toMatchObject({ code: 0 });
    expect(await run(['--config', config, 'override', 'set', '/a', '--rate', '1'])).toMatchObject({ code: 0 });
  });
});

describe('several targets', () => {
  const down = async (): Promise<string> => `http://127.0.0.1:${await freePort()}`;

  test('every one is tried and reported; one that is down after a write is exit 8', async () => {
    const dead = await down();
    const targets = ['--target', dead, '--target', state.lab.sandbox.origin];
    const ran = await run(['override', 'set', '/a', '--rate', '1', '--json', '--timeout', '5s', ...targets]);
    expect(ran).toMatchObject({ code: 8, err: '' });
    expect(await state.lab.document()).toBe('{"/a":{"rate":1}}');
    expect(jsonOf(ran.out)).toMatchObject({
      changeId: expect.any(String) as string,
      reloads: [
        {
          target: dead,
          outcome: 'unreachable',
          error: { code: 'API_UNREACHABLE', hint: expect.any(String) as string },
        },
        { target: state.lab.sandbox.origin, outcome: 'accepted', error: null },
      ],
    });
    const table = await run(['reload', '--timeout', '5s', ...targets]);
    expect(table.code).toBe(8);
    expect(table.out).toMatch(/✗ reload .*\n +hint:/);
    expect(table.out).toMatch(/✓ reload .*accepted/);
  });

  test('all of them down: nothing is written', async () => {
    const targets = ['--target', await down(), '--target', await down()];
    const ran = await run(['override', 'set', '/a', '--rate', '1', '--json', '--timeout', '5s', ...targets]);
    expect(errorOf(ran)).toMatchObject({ exitCode: 7 });
    expect(ran.out).toBe('');
    expect(await state.lab.document()).toBeNull();
  });

  test('all refused: one error object that names every target, exit 4', async () => {
    const wrong = await state.lab.world.write('wrong-secret', 'wrong');
    const other = await startHttpControlPlane({ secret: 'another' });
    try {
      const targets = ['--target', state.lab.sandbox.origin, '--target', other.origin];
      const ran = await run(['reload', '--json', '--secret-file', wrong, ...targets]);
      expect(ran).toMatchObject({ code: 4, out: '' });
      expect(errorOf(ran)).toMatchObject({
        code: 'SIGNATURE_REFUSED',
        exitCode: 4,
        hint: expect.any(String) as string,
        details: { targets: [{ target: state.lab.sandbox.origin }, { target: other.origin }] },
      });
    } finally {
      await other.stop();
    }
  });

  test('targets that disagree about the count are not called proven', async () => {
    await state.lab.store('{"/a":{"rate":1}}');
    const liar = await startHttpControlPlane();
    liar.behave((request, response, socket) =>
      request.method === 'POST'
        ? json(200, { ok: true, enabled: true, shadow: false, bucket_shadows: {}, policy_overrides_count: 0 })(
            request,
            response,
            socket,
          )
        : json(200, { bucket: 'read', rate_per_min: 60, burst: 10, window_s: 60, shadow: false })(
            request,
            response,
            socket,
          ),
    );
    try {
      const ran = await run([
        'reload',
        '--json',
        '--timeout',
        '5s',
        '--target',
        state.lab.sandbox.origin,
        '--target',
        liar.origin,
      ]);
      expect(ran).toMatchObject({ code: 8, err: '' });
      expect(jsonOf<{ proof: { verdict: string } }>(ran.out).proof.verdict).not.toBe('proven');
    } finally {
      await liar.stop();
    }
  });
});

test('--no-verify asks Redis nothing and proves nothing', async () => {
  const config = await as({ redis: 'redis://127.0.0.1:1/0' });
  const ran = await run(['--config', config, 'reload', '--no-verify', '--json']);
  expect(ran).toMatchObject({ code: 0, err: '' });
  expect(jsonOf(ran.out)).toMatchObject({ revision: null, proof: { verdict: 'notAttempted' } });
});

test('a reload that would make the server drop every override is refused; --force sends it and the drop is contradicted', async () => {
  await state.lab.store('{"broken');
  const before = reloads();
  expect(errorOf(await run(['reload', '--json']))).toMatchObject({ code: 'DOCUMENT_CORRUPT', exitCode: 6 });
  expect(reloads()).toBe(before);
  const forced = await run(['reload', '--force', '--json']);
  expect(reloads()).toBeGreaterThan(before);
  expect(forced.code).toBe(8);
  expect(jsonOf(forced.out)).toMatchObject({ proof: { trap: 'documentDropped' } });
});

test('a deployed server is found by itself, and tried first the next time', async () => {
  const deployed = await openLab({ dialect: 'deployed' });
  try {
    const first = await deployed.world.main(['reload', '--json']);
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(first.out)).toMatchObject({ reloads: [{ basePath: '/api/v1/internal', profile: 'empty' }] });
    const again = await deployed.world.main(['reload', '--json']);
    expect(jsonOf(again.out)).toMatchObject({
      reloads: [{ basePath: '/api/v1/internal', profile: 'empty', attempts: 1 }],
    });
  } finally {
    await deployed.stop();
  }
});

import { chmod, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openLab, type Lab } from '../support/lab.js';
import { errorOf, jsonOf, type JsonObject, type MainOptions } from '../support/world.js';

// One cause is said once, by the check that knows its cure; and what is not in force is not called well.

interface Doctor extends JsonObject {
  readonly findings: readonly { check: string; code: string; message: string; evidence: string; cure: string }[];
  readonly checks: readonly { id: string; state: string; because: string | null; evidence: string | null }[];
}

const state = {} as { documented: Lab; deployed: Lab };
beforeAll(async () => {
  [state.documented, state.deployed] = await Promise.all([openLab(), openLab({ dialect: 'deployed' })]);
});
afterAll(() => Promise.all([state.documented.stop(), state.deployed.stop()]));
beforeEach(() => Promise.all([state.documented.reset(), state.deployed.reset()]));

async function doctor(lab: Lab, options: MainOptions = {}, ...flags: string[]): Promise<Doctor> {
  const report = jsonOf<Doctor>((await lab.world.main(['doctor', ...flags, '--json'], options)).out);
  // The lab's Redis keeps nothing on disk.
  return { ...report, findings: report.findings.filter(({ code }) => code !== 'REDIS_NOT_PERSISTENT') };
}

const told = ({ findings }: Doctor): string =>
  findings.map(({ check, code, message }) => `${check} ${code} ${message}`).join('\n');

const codes = ({ findings }: Doctor): readonly string[] => findings.map(({ code }) => code);

describe('what is not in force', () => {
  test('a route removed without a reload, at a server that lists none', async () => {
    const lab = state.deployed;
    for (const route of ['/api/foo', '/api/kept'])
      expect(await lab.world.main(['override', 'set', route, '--rate', '7'])).toMatchObject({ code: 0 });
    expect(codes(await doctor(lab))).toEqual([]);
    expect(await lab.world.main(['override', 'unset', '/api/foo', '--no-reload'])).toMatchObject({ code: 0 });
    const { findings } = await doctor(lab);
    expect(findings.map(({ code }) => code)).toEqual(['OVERRIDES_DIFFER']);
    expect(findings[0]?.message).toContain('"/api/foo" is there, and not stored');
  });

  test('a number of active overrides that is not the stored one', async () => {
    const lab = state.deployed;
    await lab.store('{"/v1/a":{"rate":60},"/v1/b":{"rate":60}}');
    expect(await lab.world.main(['reload', '--no-verify'])).toMatchObject({ code: 0 });
    await lab.store('{"/v1/a":{"rate":60}}');
    const options = { env: { RLCTL_METRICS: `${lab.sandbox.origin}/metrics` } };
    const { findings } = await doctor(lab, options, '--only', 'document');
    expect(findings.map(({ code }) => code)).toEqual(['OVERRIDES_DIFFER']);
    expect(findings[0]?.message).toContain('2 active overrides, where Redis explains 1');
  });

  test('a reload that was not proven is a reload all the same', async () => {
    const lab = state.documented;
    await lab.world.main(['reload', '--no-verify']);
    const inForce = (report: Doctor) => report.checks.find(({ id }) => id === 'document.in-force');
    expect(inForce(await doctor(lab))?.evidence).toContain('of a revision that is not known');
    await lab.world.main(['verify', '--reload']);
    expect(inForce(await doctor(lab))?.evidence).toContain('last reload: revision none');
    expect(await lab.world.main(['override', 'set', '/v1/a', '--rate', '7', '--no-reload'])).toMatchObject({ code: 0 });
    expect(codes(await doctor(lab))).toEqual(['OVERRIDES_DIFFER']);
  });
});

describe('one cause', () => {
  test('another database: named with its variable, and nothing beside it', async () => {
    const lab = state.documented;
    await lab.store('{"/v1/a":{"rate":7}}');
    await lab.world.main(['reload']);
    const env = {
      RLCTL_REDIS_URL: lab.redis.url.replace(/\/?\d?$/, '').replace(/(:\d+).*$/, '$1/3'),
      RLCTL_METRICS: `${lab.sandbox.origin}/metrics`,
    };
    const report = await doctor(lab, { env });
    expect(codes(report)).toEqual(['OTHER_DATABASE']);
    expect(report.findings[0]?.cure).toContain('End RLCTL_REDIS_URL with');
  });

  test('a Prometheus whose name nobody knows', async () => {
    const report = await doctor(state.documented, { env: { RLCTL_PROMETHEUS: 'http://prometheus.invalid:9090' } });
    expect(report.findings.map(({ check }) => check)).toEqual(['network.dns']);
  });

  test('an open secret inside the state folder', async () => {
    const lab = state.documented;
    await lab.world.main(['reload']);
    const path = [...(await lab.world.files()).keys()].find((each) => each.endsWith('state.json')) ?? '';
    const secret = join(dirname(path), 'secret');
    await lab.world.write(secret, 'a secret of this test');
    await chmod(secret, 0o644);
    const report = await doctor(lab, { env: { RLCTL_SECRET_FILE: secret } });
    await rm(secret);
    expect(report.findings.map(({ check }) => check)).toEqual(['configuration.secret']);
  });

  test('an address without its scheme', async () => {
    const report = await doctor(state.documented, { env: { RLCTL_CONFIG: '', RLCTL_API: 'localhost:18080' } });
    expect(told(report)).toMatch(/^configuration\.valid API_ADDRESS .*$/);
    expect(report.findings[0]?.message).toContain('"localhost:18080" has no http:// or https:// in front');
    expect(report.findings[0]?.cure).toContain('http://localhost:18080');
  });
});

describe('the other keys of the limiter', () => {
  const other = async (lab: Lab) => (await doctor(lab)).checks.find(({ id }) => id === 'redis.types')?.evidence;

  test('are told by their spelling, and remembered', async () => {
    const lab = state.documented;
    expect(await other(lab)).toContain('no cell, lock or idempotency key seen');
    await lab.redis.cli('SET', 'lab:read:user:7', '1');
    await lab.redis.cli('SET', 'lab:lock:7:checkout', '1');
    expect(await other(lab)).toContain('other keys: BUCKET:user:ID, lock:USER:checkout');
    const { out } = await lab.world.main(['env', 'show']);
    expect(out).toMatch(/other keys\s+keeps BUCKET:user:ID, lock:USER:checkout/);
  });

  test('are left alone where the user may not look', async () => {
    const lab = state.documented;
    await lab.redis.cli('ACL', 'SETUSER', 'looker', 'on', '>pw', '~*', '+@all', '-scan');
    const env = { RLCTL_REDIS_URL: lab.redis.url.replace('redis://', 'redis://looker:pw@') };
    const { checks } = await doctor(lab, { env });
    expect(checks.find(({ id }) => id === 'redis.types')?.evidence).toContain('not permitted to look for other keys');
  });
});

describe('--bundle', () => {
  test('makes no folders of a slip', async () => {
    const ran = await state.documented.world.main(['doctor', '--bundle', 'not-there/b.json', '--json']);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(errorOf(ran)).toMatchObject({ code: 'FOLDER_MISSING' });
    expect([...(await state.documented.world.files()).keys()].join()).not.toContain('not-there');
  });
});

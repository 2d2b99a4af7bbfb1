import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { labHistoryKey, labKey, openLab, type Lab } from '../support/lab.js';
import { reloadRaw } from '../support/raw-reload.js';
import { errorOf, jsonOf, type JsonObject, type MainOptions } from '../support/world.js';

// What verify, doctor, reload and repair say of a document that is broken, gone, or readable for the server alone: the
// same, and a cure that works as it is printed.

interface Doctor extends JsonObject {
  readonly findings: readonly { check: string; code: string; message: string; cure: string }[];
}

const state = {} as { documented: Lab; deployed: Lab };
beforeAll(async () => {
  [state.documented, state.deployed] = await Promise.all([openLab(), openLab({ dialect: 'deployed' })]);
});
afterAll(() => Promise.all([state.documented.stop(), state.deployed.stop()]));
beforeEach(() => Promise.all([state.documented.reset(), state.deployed.reset()]));

const run = (lab: Lab, args: readonly string[], options: MainOptions = {}) => lab.world.main(args, options);

async function set(lab: Lab, route: string, rate: number): Promise<void> {
  expect(await run(lab, ['override', 'set', route, '--rate', String(rate)])).toMatchObject({ code: 0 });
}

async function diagnosis(lab: Lab, ...flags: string[]): Promise<string> {
  return jsonOf<{ proof: { diagnosis: string } }>((await run(lab, ['verify', ...flags, '--json'])).out).proof.diagnosis;
}

async function findings(lab: Lab, options: MainOptions = {}): Promise<Doctor['findings']> {
  const all = jsonOf<Doctor>((await run(lab, ['doctor', '--json'], options)).out).findings;
  // The lab's Redis keeps nothing on disk.
  return all.filter(({ code }) => code !== 'REDIS_NOT_PERSISTENT');
}

const held = (lab: Lab): number => lab.sandbox.workers()[0]?.overrides.length ?? 0;

describe('a key of the wrong type', () => {
  test('doctor and verify name the same cure, and it restores the overrides', async () => {
    const lab = state.documented;
    await set(lab, '/api/search', 7);
    await lab.redis.cli('DEL', labKey);
    await lab.redis.cli('LPUSH', labKey, 'x');
    const found = await findings(lab);
    expect(found.map(({ code }) => code)).toEqual(['REDIS_WRONG_TYPE']);
    expect(found[0]?.cure).toContain('override repair');
    expect(await diagnosis(lab)).toContain('override repair');
    expect(await run(lab, ['override', 'repair', '--yes'])).toMatchObject({ code: 0 });
    expect(await lab.document()).toBe('{"/api/search":{"rate":7}}');
  });

  test('what stood there can be had back: the history says how, and the steps work as they are printed', async () => {
    const lab = state.documented;
    await set(lab, '/api/search', 7);
    await lab.redis.cli('DEL', labKey);
    await lab.redis.cli('RPUSH', labKey, 'one', 'two');
    const repaired = await run(lab, ['override', 'repair', '--yes']);
    expect(repaired.out).toContain('the list that stands there is kept; how to get it back says:');
    const told = await run(lab, ['override', 'history']);
    const id = /history --dump (\w+)/.exec(told.out)?.[1] ?? 'none';
    const dump = ['override', 'history', '--dump', id];
    const { steps, base64 } = jsonOf<{ steps: Record<string, string>; base64: string }>(
      (await run(lab, [...dump, '--json'])).out,
    );
    const [, restore = ''] = steps['look']?.split(' | ') ?? [];
    const input = Buffer.from(base64, 'base64');
    expect(execFileSync('sh', ['-c', restore], { input, encoding: 'utf8' })).toBe('OK\n');
    expect(execFileSync('sh', ['-c', steps['type'] ?? ''], { encoding: 'utf8' })).toBe('list\n');
    expect(await lab.redis.cli('LRANGE', `${labKey}:replaced`, '0', '-1')).toBe('one\ntwo');
    execFileSync('sh', ['-c', steps['remove'] ?? '']);
    expect(await lab.redis.cli('EXISTS', `${labKey}:replaced`)).toBe('0');
    expect((await run(lab, dump, { columns: 80 })).out).toContain('-x RESTORE');
    const piped = await run(lab, dump);
    expect(Buffer.from(piped.out).length).toBeGreaterThan(10);
    expect(errorOf(await run(lab, ['override', 'history', '--dump', 'none', '--json']))).toMatchObject({
      code: 'DUMP_MISSING',
    });
  });

  test('without a history there is nothing to restore, and doctor says so', async () => {
    const lab = state.documented;
    await lab.redis.cli('LPUSH', labKey, 'x');
    expect((await findings(lab))[0]?.cure).toMatch(/RENAME.+ before any reload: rlctl .*override set/);
  });
});

describe('a document that is gone', () => {
  test('is restored from the history, and nothing is reloaded before', async () => {
    const lab = state.documented;
    await set(lab, '/api/search', 7);
    await lab.redis.cli('RENAME', labKey, `${labKey}:old`);
    expect(await diagnosis(lab)).toContain('override repair');
    expect(await diagnosis(lab, '--reload')).toContain('override repair');
    const found = await findings(lab);
    expect(found).toContainEqual(expect.objectContaining({ check: 'document.readable', code: 'DOCUMENT_GONE' }));
    expect(found.map(({ cure }) => cure).join()).not.toContain('rlctl reload');
    expect(held(lab)).toBe(1);
    expect(await run(lab, ['override', 'repair', '--yes'])).toMatchObject({ code: 0 });
    expect(await lab.document()).toBe('{"/api/search":{"rate":7}}');
    expect(held(lab)).toBe(1);
  });

  test('without a history: refused, and the server keeps what it holds', async () => {
    const lab = state.documented;
    await lab.store('{"/api/search":{"rate":7}}');
    await reloadRaw(lab.sandbox);
    await lab.redis.cli('DEL', labKey, labHistoryKey);
    const ran = await run(lab, ['override', 'repair', '--yes', '--json']);
    expect(ran).toMatchObject({ code: 6, out: '' });
    expect(errorOf(ran)).toMatchObject({ code: 'NOTHING_TO_REPAIR_FROM' });
    expect(held(lab)).toBe(1);
  });

  test('one that was emptied through rlctl is missed by nobody', async () => {
    const lab = state.documented;
    await set(lab, '/api/search', 7);
    expect(await run(lab, ['override', 'unset', '/api/search'])).toMatchObject({ code: 0 });
    await lab.redis.cli('DEL', labKey);
    expect((await findings(lab)).map(({ code }) => code)).not.toContain('DOCUMENT_GONE');
  });
});

describe('a document that the server reads and rlctl does not', () => {
  test.each([
    ['a repeated key', '{"/a":{"rate":7},"/b":{"rate":8},"/a":{"rate":9}}', 2],
    ['NaN', '{"/a":{"rate":NaN},"/b":{"rate":8}}', 2],
  ])('%s: a reload is sent and counts it, and every cure works', async (_, text, count) => {
    const lab = state.documented;
    await set(lab, '/b', 8);
    await lab.store(text);
    const ran = await run(lab, ['reload', '--json']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(ran.out)).toMatchObject({ reloads: [{ overridesCount: count }] });
    const said = await diagnosis(lab);
    expect(said).not.toContain('override list');
    const found = await findings(lab);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ check: 'document.readable' });
    expect(found[0]?.message).toContain('the server reads it all the same');
    expect(found[0]?.cure).toContain('override repair');
    expect(await run(lab, ['override', 'repair', '--yes'])).toMatchObject({ code: 0 });
    expect(await lab.document()).toBe('{"/b":{"rate":8}}');
  });

  test('what is replaced is kept to the byte, and repair says how to print it', async () => {
    const lab = state.documented;
    await set(lab, '/b', 8);
    const broken = '{"/a":{"rate":7},\n  "/b" {}';
    await lab.store(broken);
    const { out } = await run(lab, ['override', 'repair', '--yes']);
    const revision = /print them with: .*history --document ([0-9a-f]{12})/.exec(out)?.[1] ?? 'none';
    expect((await run(lab, ['override', 'history', '--document', revision])).out).toBe(broken);
  });

  test('what the server would drop is still not reloaded', async () => {
    const lab = state.documented;
    await lab.store('{"/a":');
    expect(await run(lab, ['reload', '--json'])).toMatchObject({ code: 6, out: '' });
  });
});

describe('what a repair costs', () => {
  const plan = (lab: Lab) => run(lab, ['override', 'repair', '--dry-run', '--json']);

  async function broken(lab: Lab): Promise<void> {
    await set(lab, '/kept', 7);
    await lab.store('{"/kept":{"rate":7},"/by-hand":{"rate":8}}');
    await reloadRaw(lab.sandbox);
    await lab.store('{"/kept":{"rate":7},');
  }

  test('is named where the server lists what it holds', async () => {
    const lab = state.documented;
    await broken(lab);
    const { remarks } = jsonOf<{ remarks: string[] }>((await plan(lab)).out);
    expect(remarks.join()).toContain(
      'now holds 2 overrides, and this restores 1 override: gone with the reload are "/by-hand"',
    );
    const { out } = await run(lab, ['override', 'repair', '--yes']);
    expect(out).toContain('"/by-hand"');
  });

  test.each(['documented', 'deployed'] as const)(
    'with other numbers than are restored is named: %s',
    async (dialect) => {
      const lab = state[dialect];
      await set(lab, '/api/search', 120);
      await set(lab, '/api/same', 7);
      const byHand = '{"/api/search":{"rate":500},"/api/same":{"rate":7}}';
      await lab.store(byHand);
      await reloadRaw(lab.sandbox);
      await lab.store(byHand.slice(0, -1));
      const { remarks } = jsonOf<{ remarks: string[] }>((await plan(lab)).out);
      expect(remarks.join('\n')).toContain('"/api/search" is in force with rate 500, this restores rate 120');
      expect(remarks.join('\n')).not.toContain('/api/same');
      // What a server has dropped is not in force with its bucket's own numbers.
      await reloadRaw(lab.sandbox);
      expect(jsonOf<{ remarks: string[] }>((await plan(lab)).out).remarks.join()).not.toContain('is in force');
    },
  );

  test('is counted by the metrics where it does not', async () => {
    const lab = state.deployed;
    await broken(lab);
    const told = await run(lab, ['override', 'repair', '--dry-run', '--json'], {
      env: { RLCTL_METRICS: `${lab.sandbox.origin}/metrics` },
    });
    expect(jsonOf<{ remarks: string[] }>(told.out).remarks.join()).toContain('the others are gone with the reload');
  });

  test('is said to be unknown where nothing tells', async () => {
    const lab = state.deployed;
    await broken(lab);
    expect(jsonOf<{ remarks: string[] }>((await plan(lab)).out).remarks.join()).toContain(
      'nothing tells what the server',
    );
  });

  test('is not spoken of where nothing is lost', async () => {
    const lab = state.documented;
    await set(lab, '/kept', 7);
    await lab.store('{"/kept":');
    const { remarks } = jsonOf<{ remarks: string[] }>((await plan(lab)).out);
    expect(remarks.filter((remark) => !remark.includes('that stand there are kept'))).toEqual([]);
  });
});

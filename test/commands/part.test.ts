import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isPartOf, type OperationRef } from '../../src/domain/operation/reference.js';
import { invoke } from '../../src/invoke.js';
import { main } from '../../src/main.js';
import { createMemoryHost } from '../support/memory-host.js';
import { openLab, type Lab } from '../support/lab.js';
import { jsonOf, testVersion, type JsonObject } from '../support/world.js';

const rollout: OperationRef = { kind: 'rollout', id: 'r-1', step: 'financial' };
const run: OperationRef = { kind: 'runbook', id: 'b-1', step: '2' };

describe('a command that is a part of something longer', () => {
  const held: { lab: Lab | null } = { lab: null };
  const lab = (): Lab => {
    if (held.lab === null) throw new Error('not started');
    return held.lab;
  };

  beforeAll(async () => {
    held.lab = await openLab();
  });
  beforeEach(async () => lab().reset());
  afterAll(async () => held.lab?.stop());

  const changes = async (): Promise<readonly JsonObject[]> => {
    const { out } = await lab().world.main(['override', 'history', '--json']);
    const { entries } = jsonOf<{ entries: readonly JsonObject[] }>(out);
    return entries.filter(({ kind }) => kind === 'change');
  };

  it('is recorded as such, and people see it', async () => {
    const part = { partOf: [run, rollout], changeId: 'c-fixed-1' };
    const ran = await lab().world.main(['override', 'set', '/api/a', '--rate', '7'], { part });
    expect(ran.code).toBe(0);
    expect(await changes()).toMatchObject([{ changeId: 'c-fixed-1', partOf: [run, rollout] }]);
    const { out } = await lab().world.main(['override', 'history']);
    expect(out).toContain('part of runbook b-1, 2');
    expect(out).toContain('part of rollout r-1, financial');
    const log = await lab().world.main(['audit', 'log', '--json']);
    expect(jsonOf<{ entries: readonly JsonObject[] }>(log.out).entries).toMatchObject([{ partOf: [run, rollout] }]);
  });

  it('makes a change whose id was fixed before only once, also where somebody changed the route since', async () => {
    const part = { partOf: [run], changeId: 'c-fixed-2' };
    await lab().world.main(['override', 'set', '/api/a', '--rate', '7'], { part });
    await lab().world.main(['override', 'set', '/api/a', '--rate', '9']);
    const again = await lab().world.main(['override', 'set', '/api/a', '--rate', '7', '--json'], { part });
    expect(again.code).toBe(0);
    expect(again.out).toContain('change c-fixed-2 was made before; it is not made again');
    expect(await lab().document()).toBe('{"/api/a":{"rate":9}}');
    expect(await changes()).toHaveLength(2);
  });

  it('judges a change that was made before by what stands against it still', async () => {
    const part = { partOf: [run], changeId: 'c-fixed-3' };
    await lab().store('{"/api/payments":{"shadow":false},"/api/search":{"shadow":false}}');
    const on = ['shadow', 'on', 'read', '--json'];
    const first = await lab().world.main(on, { part });
    const again = await lab().world.main(on, { part });
    expect([first.code, again.code]).toEqual([8, 8]);
    expect(again.out).toContain('change c-fixed-3 was made before; it is not made again');
    expect(again.out).toContain('so what it catches goes on being blocked');
  });

  it('records nothing of the kind for a command that stands alone', async () => {
    await lab().world.main(['override', 'set', '/api/a', '--rate', '7']);
    expect(await changes()).toMatchObject([{ partOf: [], alsoUndoes: [] }]);
    const [, ...entries] = (await lab().redis.cli('XRANGE', '{lab:rl:overrides}:history', '-', '+')).split('\n');
    expect(entries.join('')).not.toContain('partOf');
  });

  it('can be run by another command, which gets its Result or its error', async () => {
    const host = createMemoryHost({ cwd: lab().world.cwd, env: lab().world.env });
    const runOne = (argv: readonly string[]) => invoke(host, (captured) => main(argv, captured, testVersion));
    const set = await runOne(['override', 'set', '/api/b', '--rate', '5', '--json']);
    expect(set).toMatchObject({ exitCode: 0, error: null, document: { kind: 'OverrideChange' } });
    const refused = await runOne(['override', 'set', '/api/b', '--rate', 'x', '--json']);
    expect(refused).toMatchObject({ exitCode: 2, document: null, error: { exitCode: 2 } });
    expect(refused.error?.message).toContain('--rate');
    expect([host.out, host.err]).toEqual(['', '']);
  });
});

describe('isPartOf', () => {
  it('compares kind and id, and the step where one is asked for', () => {
    expect(isPartOf(undefined, rollout)).toBe(false);
    expect(isPartOf([run, rollout], { kind: 'rollout', id: 'r-1' })).toBe(true);
    expect(isPartOf([rollout], { kind: 'rollout', id: 'r-1', step: 'write' })).toBe(false);
    expect(isPartOf([rollout], { kind: 'panic', id: 'r-1' })).toBe(false);
  });
});

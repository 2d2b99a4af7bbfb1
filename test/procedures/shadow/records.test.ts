import { describe, expect, test } from 'vitest';
import { bareAddress } from '../../../src/domain/printed-command.js';
import { RlctlError } from '../../../src/domain/errors.js';
import { systemClock } from '../../../src/adapters/system/clock.js';
import { systemRandomness } from '../../../src/adapters/system/randomness.js';
import { bucketNamed } from '../../../src/domain/config/bucket-names.js';
import { changeFlags, planFlags, type FlagRecords } from '../../../src/procedures/shadow/change-flags.js';
import { execDriver } from '../../../src/procedures/shadow/exec-driver.js';
import { deadlineIn } from '../../contracts/override-store.kit.js';
import { createFakeControlPlane } from '../../support/fake-control-plane.js';

const full = new RlctlError('unexpected', 'state.json cannot be written (ENOSPC)', { code: 'FILE_UNWRITABLE' });
const records: FlagRecords = { get: () => Promise.resolve(null), set: () => Promise.reject(full) };

/** A change through a program that always ends well, where no record can be kept; `ran`: the programs that were run. */
async function change(isOn: boolean) {
  const ran: (readonly string[])[] = [];
  const programs = {
    run: (argv: readonly string[]) => {
      ran.push(argv);
      return Promise.resolve({ code: 0, signal: null, said: '' });
    },
  };
  const deadline = deadlineIn(5000);
  const driver = execDriver({ programs, clock: systemClock, deadline }, ['flip', '{value}']);
  const wish = {
    bucket: bucketNamed({ buckets: new Map() }, 'read'),
    isOn,
    record: null,
    serverSays: null,
    pending: null,
  };
  const plan = await planFlags(driver, isOn, [wish], []);
  const ports = { controlPlane: createFakeControlPlane(), clock: systemClock, randomness: systemRandomness, deadline };
  const result = changeFlags({ ...ports, records }, plan, {
    author: { actor: 'a', reason: null, ticket: null, rlctl: '0', environment: 'e' },
    environment: { name: 'e', address: bareAddress, buckets: new Map() },
    stored: null,
    effect: {
      reload: null,
      isVerified: true,
      require: null,
      probes: [],
      workers: 1,
      known: { readsOverrides: null, enforcesOverrides: null },
      waitMs: 0,
    },
  });
  return { ran, result };
}

describe('a record that cannot be kept', () => {
  test('stops shadow on before anything is set', async () => {
    const { ran, result } = await change(true);
    await expect(result).rejects.toBe(full);
    expect(ran).toEqual([]);
  });

  test('is a failed step of shadow off, because the flag is off by then', async () => {
    const { ran, result } = await change(false);
    expect((await result).steps.slice(0, 2)).toMatchObject([
      { name: 'run', state: 'done' },
      { name: 'record', state: 'failed', detail: full.message },
    ]);
    expect((await result).exit).toBe('unproven');
    expect(ran).toEqual([['flip', 'false']]);
  });
});

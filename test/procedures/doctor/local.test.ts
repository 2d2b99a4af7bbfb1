import { describe, expect, test } from 'vitest';
import { Facts, type DoctorInput, type DoctorPorts } from '../../../src/procedures/doctor/facts.js';
import { checkNode, checkState } from '../../../src/procedures/doctor/local.js';
import type { Machine } from '../../../src/ports/machine.js';

const machine: Machine = {
  nodeVersion: '20.19.0',
  platform: 'test',
  userId: 1000,
  realPath: async () => null,
  lookup: async () => [],
  canWriteInto: async () => true,
  list: async () => [],
  setMode: async () => undefined,
};

/** Only what these checks look at. */
function factsOf(changed: Partial<Machine>): Facts {
  const files = { facts: async () => null } as unknown as DoctorPorts['files'];
  const ports = { files, machine: { ...machine, ...changed } } as unknown as DoctorPorts;
  return new Facts(ports, { stateFolder: '/home/me/.local/state/rlctl' } as unknown as DoctorInput);
}

describe('the machine itself', () => {
  test.each([
    ['20.19.0', []],
    ['22.1.0', []],
    ['20.18.9', ['NODE_TOO_OLD']],
    ['18.20.0', ['NODE_TOO_OLD']],
  ])('Node.js %s', (nodeVersion, codes) => {
    const { found } = checkNode(factsOf({ nodeVersion }));
    expect(found.map(({ code }) => code)).toEqual(codes);
    expect(found.every(({ cure }) => cure?.includes('20.19') === true)).toBe(true);
  });

  test('a state that cannot be made: the folder that is in the way is named', async () => {
    const canWriteInto = async (folder: string): Promise<boolean | null> => (folder === '/home/me' ? false : null);
    const { found } = await checkState(factsOf({ canWriteInto }));
    expect(found).toMatchObject([{ code: 'STATE_UNWRITABLE', cure: expect.stringContaining('chmod u+rwx /home/me') }]);
  });
});

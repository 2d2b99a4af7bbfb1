import { expect, test } from 'vitest';
import { Facts, type DoctorInput, type DoctorPorts, type ServerMemory } from '../../../src/procedures/doctor/facts.js';
import { checkFlags, checkOverrides } from '../../../src/procedures/doctor/server.js';

/** Only what these checks look at. */
function factsOf(traits: ServerMemory['traits'], profile: string | null = 'empty'): Facts {
  const memory: ServerMemory = { at: '2026-03-01T00:00:00Z', basePath: '/internal', profile, traits };
  const environment = { api: ['http://127.0.0.1:1'] };
  return new Facts({} as DoctorPorts, { environment, memory, selected: new Set() } as unknown as DoctorInput);
}

test('what is remembered is told with its date, whatever it is', () => {
  const seenAt = { readsOverrides: '2026-02-02T00:00:00Z' };
  const traits = { readsOverrides: true, enforcesOverrides: null, workersSeen: 4, metricLabels: 'deployed', seenAt };
  expect(checkOverrides(factsOf(traits))).toEqual({
    found: [],
    evidence:
      'seen 2026-02-02T00:00:00Z: empty signature under /internal, reads overrides yes, enforces them not seen, workersSeen 4, metricLabels deployed',
  });
  expect(checkOverrides(factsOf({}, null)).evidence).toContain('no signature seen under /internal');
});

test('flags that do not move at run time are a finding; nobody having tried is none', () => {
  const { found, evidence } = checkFlags(factsOf({ movesFlags: false }));
  expect(found).toMatchObject([{ code: 'FLAGS_FIXED', cure: expect.stringContaining('restart it') }]);
  expect(evidence).toBe('seen 2026-03-01T00:00:00Z: flags do not move at run time');
  expect(checkFlags(factsOf({ movesFlags: true })).found).toEqual([]);
  expect(() => checkFlags(factsOf({}))).toThrow('nobody has tried to move one');
});

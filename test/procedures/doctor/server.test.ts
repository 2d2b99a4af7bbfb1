import { expect, test } from 'vitest';
import { rememberSigns, type Detected, type Signs } from '../../../src/domain/dialect/dialect.js';
import { Facts, type DoctorInput, type DoctorPorts } from '../../../src/procedures/doctor/facts.js';
import { checkFlags, checkOverrides } from '../../../src/procedures/doctor/server.js';

/** Only what these checks look at. */
function factsOf(memory: Detected | null): Facts {
  const environment = { api: ['http://127.0.0.1:1'] };
  return new Facts({} as DoctorPorts, { environment, memory, selected: new Set() } as unknown as DoctorInput);
}

const seen = (signs: Signs, before: Detected | null = null, at = '2026-03-01T00:00:00Z'): Detected | null =>
  rememberSigns(before, { basePath: '/internal', ...signs }, at);

test('what is remembered is told with its dates, whatever it is', () => {
  const before = seen({ readsOverrides: true }, null, '2026-02-02T00:00:00Z');
  const memory = rememberSigns(before, { workersSeen: 4, metricLabels: 'deployed' }, '2026-03-01T00:00:00Z');
  expect(checkOverrides(factsOf(memory))).toEqual({
    found: [],
    evidence:
      'seen 2026-02-02T00:00:00Z: answers under /internal, reads overrides from Redis; ' +
      'seen 2026-03-01T00:00:00Z: at least 4 processes answered, spells metric labels as deployed',
  });
});

test('what does not read or enforce overrides is a finding', () => {
  const codes = (signs: Signs): readonly string[] => checkOverrides(factsOf(seen(signs))).found.map(({ code }) => code);
  expect(codes({ readsOverrides: false })).toEqual(['OVERRIDES_NOT_READ']);
  expect(codes({ readsOverrides: true, enforcesOverrides: false })).toEqual(['OVERRIDES_NOT_ENFORCED']);
  expect(codes({})).toEqual([]);
});

test('flags that do not move at run time are a finding; nobody having tried is none', () => {
  const { found, evidence } = checkFlags(factsOf(seen({ movesFlags: false })));
  expect(found).toMatchObject([{ code: 'FLAGS_FIXED', cure: expect.stringContaining('restart it') as string }]);
  expect(evidence).toContain('moves flags only by a restart');
  expect(checkFlags(factsOf(seen({ movesFlags: true }))).found).toEqual([]);
  expect(() => checkFlags(factsOf(seen({})))).toThrow('nobody has tried to move one');
});

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { readYaml } from '../../../src/adapters/yaml/read-yaml.js';
import { RlctlError } from '../../../src/domain/errors.js';
import { readOverridesFile } from '../../../src/domain/overrides-file/read-file.js';
import { overridesFileSchema } from '../../../src/domain/overrides-file/schema.js';

const schema = z.fromJSONSchema(overridesFileSchema());

function isRead(file: unknown): boolean {
  try {
    readOverridesFile(Buffer.from(JSON.stringify(file)), { file: 'f', readYaml });
    return true;
  } catch (error) {
    if (error instanceof RlctlError && error.code === 'OVERRIDES_FILE_INVALID') return false;
    throw error;
  }
}

const values = fc.oneof(
  fc.constantFrom(1, 0, 60_000, 60_001, -1, 86_400, 86_401, 100_000, 100_001, 1.5, '5', true, false, null, [], {}),
  fc.integer({ min: 1, max: 86_400 }),
);
const entries = fc.record(
  {
    prefix: fc.constantFrom('/a', '/b', '/a/b', 'a', '', '/a?b', '/a#b', 12),
    rate: values,
    burst: values,
    window: values,
    shadow: values,
    json: fc.constantFrom('{}', '{"rate":"5"}', 1, null),
    rates: values,
    recorded: fc.constant({ actor: 'a' }),
  },
  { requiredKeys: [] },
);
const files = fc.record(
  {
    apiVersion: fc.constantFrom('rlctl/v1', 'rlctl/v1', 'rlctl/v1', 'rlctl/v2'),
    kind: fc.constantFrom('Overrides', 'Overrides', 'Overrides', 'Override'),
    owner: fc.constantFrom('team', 'a b', null),
    environment: fc.constant('prod'),
    overrides: fc.uniqueArray(entries, { maxLength: 2, selector: ({ prefix }) => prefix }),
    override: fc.constant([]),
  },
  { requiredKeys: ['overrides'] },
);
const sound = fc.record({
  apiVersion: fc.constant('rlctl/v1'),
  kind: fc.constant('Overrides'),
  overrides: fc.uniqueArray(entries, { maxLength: 1, selector: ({ prefix }) => prefix }),
});

test('1,500 files: what the schema takes is read, and what it refuses is refused', () => {
  const seen = { taken: 0, refused: 0 };
  fc.assert(
    fc.property(fc.oneof(files, sound), (file) => {
      const isTaken = schema.safeParse(file).success;
      seen[isTaken ? 'taken' : 'refused'] += 1;
      expect(isRead(file)).toBe(isTaken);
    }),
    { numRuns: 1500, seed: 41 },
  );
  expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(100);
});

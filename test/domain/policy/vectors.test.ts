import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { coerceBoolean, coerceInteger } from '../../../src/domain/policy/coercion.js';
import { effectivePolicy, loadOverrides, matchOverride } from '../../../src/domain/policy/matching.js';
import { bytesOf, generatorPath, readVectors, vectorsPath } from '../vectors/vectors.js';

const vectors = readVectors();
const [ratePerMin, burst, windowSeconds, isShadow] = vectors.base;
const base = { ratePerMin, burst, windowSeconds, isShadow };

/** Loads `{"/x":{"<field>":<raw>}}` and says what the field became; `null`: the server skips the entry. */
function loaded(field: 'rate' | 'shadow', raw: string): number | boolean | undefined | null {
  const entry = loadOverrides(Buffer.from(`{"/x":{"${field}":${raw}}}`)).entries[0];
  if (entry === undefined || entry.fields === null) return null;
  return field === 'rate' ? entry.fields.ratePerMin : entry.fields.isShadow;
}

/** Vectors with a name short enough for a line. */
function named<T extends { readonly raw?: string; readonly text?: string; readonly base64?: string }>(
  cases: readonly T[],
): readonly (readonly [name: string, vector: T])[] {
  return cases.map(
    (vector) => [(vector.raw ?? vector.text ?? `base64 ${vector.base64}`).slice(0, 80), vector] as const,
  );
}

describe('golden vectors made by python3', () => {
  test('there are enough of them', () => {
    expect(vectors.coercions.length).toBeGreaterThanOrEqual(300);
    expect(vectors.documents.length).toBeGreaterThanOrEqual(200);
    expect(vectors.documents.filter(({ readable }) => readable).length).toBeGreaterThanOrEqual(200);
  });

  test.each(named(vectors.coercions))('int() of %s', (_, { raw, int }) => {
    expect(loaded('rate', raw)).toBe(int === null ? null : Number(int));
  });

  test.each(named(vectors.coercions))('bool() of %s', (_, { raw, bool }) => {
    expect(loaded('shadow', raw)).toBe(bool);
  });

  const parseable = vectors.coercions.filter(({ raw }) => !/NaN|Infinity/.test(raw));
  test.each(named(parseable))('coercion of the parsed value %s', (_, { raw, int, bool }) => {
    const value = JSON.parse(raw) as number;
    const isHuge = typeof value === 'number' && !Number.isFinite(value) && /^-?\d+$/.test(raw);
    const coerced = coerceInteger(isHuge ? BigInt(raw) : value);
    expect(coerced.kind === 'value' ? coerced.value : null).toBe(int === null ? null : Number(int));
    expect(coerceBoolean(value)).toMatchObject({ kind: 'value', value: bool });
  });

  test.each(named(vectors.documents))('document %s', (_, vector) => {
    const overrides = loadOverrides(bytesOf(vector));
    expect(overrides.droppedBecause === null).toBe(vector.readable);
    expect(overrides.entries.map(({ prefix }) => prefix)).toEqual(vector.prefixes);
    const matches = vectors.routes.map((route) => {
      const winner = matchOverride(overrides, route);
      const policy = effectivePolicy(base, winner);
      return [winner?.prefix ?? null, policy.ratePerMin, policy.burst, policy.windowSeconds, policy.isShadow];
    });
    expect(matches).toEqual(vector.matches.map(([prefix, ...numbers]) => [prefix, ...numbers.map(asNumber)]));
  });

  test('the committed vectors are what the script makes', (context) => {
    const run = spawnSync('python3', [generatorPath, '-'], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
    if (run.error !== undefined && 'code' in run.error && run.error.code === 'ENOENT') {
      process.stderr.write(
        '\nSKIPPED: python3 is not installed, so the golden vectors were not made again. apt-get install python3\n',
      );
      context.skip('python3 is not installed: the committed vectors were used, but not made again');
    }
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
    expect(run.stdout === readFileSync(vectorsPath, 'utf8')).toBe(true);
  });
});

function asNumber(value: number | string | boolean): number | boolean {
  return typeof value === 'string' ? Number(value) : value;
}

import { describe, expect, test } from 'vitest';
import { describeCommands } from '../../../src/command-tree.js';
import { checkGroups, checks, groupOf, severityOf } from '../../../src/domain/doctor/checks.js';
import { selectable, selectChecks } from '../../../src/domain/doctor/selection.js';

describe('the table of checks', () => {
  test.each(checks)('$id belongs to a group and says what it holds', ({ id, title }) => {
    expect(id.startsWith(`${groupOf(id)}.`)).toBe(true);
    expect(title.length).toBeGreaterThan(5);
  });

  test('what is not a check’s own finding is an error', () => {
    expect(severityOf('redis.role', 'REDIS_REPLICA')).toBe('error');
    expect(severityOf('redis.persistence', 'REDIS_NOT_PERSISTENT')).toBe('warning');
    expect(severityOf('redis.role', 'REDIS_SILENT')).toBe('error');
  });

  test('--only takes every group and every check, and nothing selects everything', () => {
    expect(selectable()).toEqual([...checkGroups, ...checks.map(({ id }) => id)]);
    expect(selectChecks([]).size).toBe(checks.length);
    expect([...selectChecks(['local.node', 'redis'])].every((id) => /^redis\.|^local\.node$/.test(id))).toBe(true);
    expect(() => selectChecks(['redi'])).toThrow(/no check and no group "redi"/);
  });

  test('completion offers the same names', async () => {
    const doctor = (await describeCommands()).leaves.find(({ path }) => path === 'doctor');
    const only = doctor?.flags.find(({ long }) => long === '--only');
    expect(only).toMatchObject({ isRepeatable: true, value: { choices: selectable() } });
  });
});

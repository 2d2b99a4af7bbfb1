import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { checks, type Check } from '../../src/domain/doctor/checks.js';
import { doctorReport, openHealthyLab, type ShownFinding } from '../support/doctor-kit.js';
import type { Lab } from '../support/lab.js';
import { faults } from './doctor-faults.js';

const state = {} as { lab: Lab };
beforeAll(async () => {
  state.lab = await openHealthyLab();
});
afterAll(() => state.lab.stop());
beforeEach(async () => {
  await state.lab.redis.cli('FLUSHALL');
  // What one fault made rlctl remember is none of the next one's.
  await rm(join(String(state.lab.world.env['XDG_STATE_HOME']), 'rlctl', 'signatures'), {
    recursive: true,
    force: true,
  });
});

describe('doctor', () => {
  test('knows more than thirty faults', () => {
    expect(faults.length).toBeGreaterThanOrEqual(30);
  });

  test('names each of them in its table, as bad as it is', () => {
    const named = faults.map(({ check, code, severity }) => {
      const found: Check | undefined = checks.find(({ id }) => id === check);
      return [check, code, found?.finds[code] === severity];
    });
    expect(named.filter(([, , isNamed]) => isNamed !== true)).toEqual([]);
  });

  test('finds nothing where nothing is wrong', async () => {
    const report = await doctorReport(state.lab);
    expect(report.findings).toEqual([]);
    expect(report.code).toBe(0);
  });

  test.each(faults)('finds: $fault', async ({ check, code, severity, cure, also, seed }) => {
    const { lab, options, undo } = await seed(state.lab);
    try {
      const report = await doctorReport(lab ?? state.lab, options);
      const own = report.findings.filter((each) => each.check === check && each.code === code);
      expect(report.findings.map((each) => each.code)).toContain(code);
      expect(own[0]).toMatchObject({ severity, evidence: expect.stringMatching(/./) });
      expect(own.map((each) => each.cure).join('\n')).toMatch(cure);
      // What is stored past rlctl is in no server yet: that has a fault of its own.
      const isSeed = (each: ShownFinding): boolean =>
        each.check === 'document.in-force' && each.code === 'OVERRIDES_DIFFER';
      const others = report.findings.filter((each) => !own.includes(each) && each.severity !== 'info' && !isSeed(each));
      expect(others.filter((each) => also?.includes(each.code) !== true)).toEqual([]);
      expect(report.code).toBe(3);
    } finally {
      await undo?.();
    }
  });
});

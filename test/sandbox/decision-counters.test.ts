import { describe, expect, test } from 'vitest';
import { countDecisions, readDecisionCounters } from '../../src/sandbox/decision-counters.js';
import { ask, openSandbox } from './support.js';

describe('counters of decisions', () => {
  test('are added up in both spellings, of the bucket alone', () => {
    const exposition = [
      '# TYPE a_rl_decisions_total counter',
      'a_rl_decisions_total{bucket="financial",action="allowed",shadow="false"} 3',
      'a_rl_decisions_total{bucket="financial",action="allowed",shadow="true"} 2',
      'a_rl_decisions_total{bucket="financial",action="blocked",shadow="false"} 7',
      'a_rl_decisions_total{bucket="financial",action="blocked",shadow="true"} 11',
      'a_rl_decisions_total{bucket="financial",action="allow",shadow="False"} 13',
      'a_rl_decisions_total{bucket="financial",action="block",shadow="False"} 17',
      'a_rl_decisions_total{bucket="financial",action="shadow_block",shadow="True"} 19',
      'a_rl_decisions_total{bucket="read",action="blocked",shadow="false"} 100',
      'a_rl_other_total{bucket="financial",action="blocked",shadow="false"} 100',
    ].join('\n');
    expect(countDecisions(exposition, 'financial')).toEqual({ allowed: 18, blocked: 24, shadowBlocked: 30 });
    expect(countDecisions(exposition, 'write')).toEqual({ allowed: 0, blocked: 0, shadowBlocked: 0 });
  });

  test.each([
    ['documented', 'false', { allowed: 1, blocked: 1, shadowBlocked: 0 }],
    ['documented', 'true', { allowed: 1, blocked: 0, shadowBlocked: 1 }],
    ['deployed', 'false', { allowed: 1, blocked: 1, shadowBlocked: 0 }],
    ['deployed', 'true', { allowed: 1, blocked: 0, shadowBlocked: 1 }],
  ] as const)('of a %s server with shadow %s are what it decided', async (dialect, shadow, expected) => {
    const sandbox = await openSandbox({
      dialect,
      behaviour: { environment: { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_SHADOW_FINANCIAL: shadow } },
    });
    for (let sent = 0; sent < 2; sent += 1) await ask(`${sandbox.origin}/api/payments`, { method: 'POST' });
    expect(await readDecisionCounters(sandbox.origin, 'financial', AbortSignal.timeout(5000))).toEqual(expected);
  });

  test('that cannot be had are no zeros', async () => {
    const sandbox = await openSandbox();
    await expect(
      readDecisionCounters(`${sandbox.origin}/nowhere`, 'financial', AbortSignal.timeout(5000)),
    ).rejects.toThrow(/answered 404/);
  });
});

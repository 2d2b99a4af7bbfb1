import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/adapters/system/clock.js';
import { createEnvFiles } from '../../src/adapters/system/env-files.js';
import { systemRandomness } from '../../src/adapters/system/randomness.js';
import { bucketNamed } from '../../src/domain/config/bucket-names.js';
import type { OpenOperation } from '../../src/domain/operation/open.js';
import { nothingSeen } from '../../src/domain/policy/enforcement.js';
import { gatherStatus } from '../../src/procedures/status/status.js';
import { deadlineIn } from '../contracts/override-store.kit.js';
import { createFakeControlPlane } from '../support/fake-control-plane.js';
import { createFakeOverrides } from '../support/fake-override-store.js';

const panic: OpenOperation = {
  kind: 'panic',
  id: 'p-1a2b3c4d',
  what: 'bucket financial',
  state: 'open',
  sinceMs: Date.UTC(2026, 0, 2, 3, 4, 5),
  by: 'ann@desk',
  commands: [],
};

/** A status of which the figures of five minutes show blocks. */
async function blocking(document: string, open: readonly OpenOperation[] = []) {
  const environment = { buckets: new Map([['financial', { routes: ['/api/payments'], alias: [] }]]), workers: 1 };
  const share = { bucket: 'financial', share: 0.58, threshold: 0.05 };
  const { findings } = await gatherStatus(
    {
      store: createFakeOverrides({ document }).store(),
      controlPlane: createFakeControlPlane(),
      envFiles: createEnvFiles(),
      clock: systemClock,
      randomness: systemRandomness,
      deadline: deadlineIn(60_000),
      blockShares: () =>
        Promise.resolve({ source: 'figures', blockShares: [share], periodSeconds: 300, lastReloadMs: null }),
      operations: () => Promise.resolve({ open, failures: [] }),
    },
    {
      environment,
      buckets: [bucketNamed(environment, 'financial')],
      reload: null,
      lastRevision: null,
      refused: new Map(),
      seen: nothingSeen,
      envFile: null,
      flips: [],
      place: null,
      targets: [],
      basePaths: [],
      siteMode: null,
    },
  );
  return findings.find(({ code }) => code === 'BLOCKING');
}

describe('blocks above the alert', () => {
  test('of a bucket that enforces: how to let them pass', async () => {
    const found = await blocking('{"/api/payments":{"rate":3}}');
    expect(found?.message).toMatch(/^financial blocks 58% of its requests in 5m; the alert is above 5%$/);
    expect(found?.hint).toContain('to let them pass meanwhile: rlctl shadow on financial');
  });

  test('of a bucket that is in shadow by now are from before: since when is said, and no such hint', async () => {
    const document = '{"/api/payments":{"rate":3,"shadow":true}}';
    const found = await blocking(document, [panic]);
    expect(found?.message).toMatch(
      /^financial blocked 58% .*; it is in shadow now, since 2026-01-02T03:04:05\.000Z by panic p-1a2b3c4d, and refuses nobody$/,
    );
    expect(found?.hint).not.toContain('shadow on');
    expect((await blocking(document))?.message).toMatch(/; it is in shadow now, and refuses nobody$/);
  });
});

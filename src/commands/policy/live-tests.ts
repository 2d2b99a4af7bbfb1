import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError, usageError } from '../../domain/errors.js';
import { placeText } from '../../domain/placed-file.js';
import { addressed } from '../../domain/printed-command.js';
import { enforcementRemarks, seenEnforcement } from '../../domain/policy/enforcement.js';
import type { PolicyTest, PolicyTestFile } from '../../domain/policy-test/policy-test.js';
import { invalidTests } from '../../domain/policy-test/test-file.js';
import { testLive, type PlacedTest } from '../../procedures/policy-test/test-live.js';
import type { PolicyTestRun } from '../../ui/policy-test-view.js';
import { basePathsByMemory, recall } from '../detection.js';
import { lastReload, lastRevision } from '../last-reload.js';
import { refusedSignatures } from '../refused-signatures.js';
import { bucketFor } from './bucket.js';

/** Runs tests against the environment in use: what is stored there, and what its servers say. */
export async function runLive(
  context: Context,
  tests: readonly PolicyTest[],
  { bases }: PolicyTestFile,
  file: string,
): Promise<Pick<PolicyTestRun, 'results' | 'against' | 'source' | 'remarks'>> {
  const environment = await context.environment();
  if (environment.api.length === 0) {
    throw usageError(
      `the environment "${environment.name}" has no API address, so its servers cannot be asked`,
      'Set environments.NAME.api in rlctl.yaml, or test a document alone with --against FILE.',
      'NO_API',
    );
  }
  const placed = withBuckets(environment, tests, file);
  const learned = await recall(context, environment);
  const [store, controlPlane] = await Promise.all([context.store(environment), context.controlPlane()]);
  const { clock, randomness, deadline } = context;
  const { api: targets, siteMode, workers } = environment;
  const run = await testLive(
    { store, controlPlane, clock, randomness, deadline },
    {
      tests: placed,
      bases,
      targets,
      basePaths: basePathsByMemory(environment, learned),
      siteMode,
      workers,
      lastRevision: await lastRevision(context, environment),
      refused: await refusedSignatures(context, environment),
    },
    (text) => context.progress.step(text),
  );
  const { stored, readsEach, isMatchTold } = run;
  const isMatchAsked = tests.some(({ expected }) => expected.matched !== undefined);
  const seen = seenEnforcement(learned, await lastReload(context, environment));
  return {
    results: run.results.map((result) => ({
      ...result,
      because: result.because.map((reason) => addressed(reason, environment.address)),
    })),
    against: `${stored.key} at ${stored.revision.slice(0, 12)} and ${targets.join(', ')} (${readsEach === 1 ? 'one read' : `${readsEach} reads`} each)`,
    source: {
      kind: 'live',
      environment: environment.name,
      key: stored.key,
      revision: stored.revision,
      targets,
      readsEach,
      isMatchTold,
    },
    remarks: [
      ...(stored.type === 'none'
        ? [`nothing is stored under ${stored.key}: no override was tested, only what the servers hold without one`]
        : []),
      ...(isMatchAsked && !isMatchTold
        ? ['this server does not say which override matched: "matched" was judged by what is stored alone']
        : []),
      ...enforcementRemarks(seen),
    ],
  };
}

/** The tests with the buckets that guard their routes; throws a usage error that names every test without one. */
function withBuckets(environment: Environment, tests: readonly PolicyTest[], file: string): readonly PlacedTest[] {
  const faults: string[] = [];
  const placed = tests.flatMap((test) => {
    try {
      return [{ test, bucket: bucketFor(environment, test.route, test.bucket).bucket }];
    } catch (error) {
      if (!(error instanceof RlctlError)) throw error;
      const cure = test.bucket === null ? '; write "bucket" into the test' : '';
      faults.push(`${placeText(test.place())}: ${error.message}${cure}`);
      return [];
    }
  });
  if (faults.length === 0) return placed;
  throw invalidTests(file, faults);
}

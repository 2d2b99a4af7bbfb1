import type { OverrideIndex } from '../policy/prefix-index.js';
import type { BasePolicy, PolicyTest } from './policy-test.js';
import { isContradicted, stateOf, type PolicyTestResult } from './result.js';
import { documentReasons, testDocument, unknownReason } from './test-document.js';

/** Runs tests against a document alone. `bucket`: which one guards a test's route; `null`: it is not known. */
export function testOffline(
  overrides: OverrideIndex,
  tests: readonly { readonly test: PolicyTest; readonly bucket: string | null }[],
  bases: ReadonlyMap<string, BasePolicy>,
): readonly PolicyTestResult[] {
  return tests.map(({ test, bucket }) => {
    const document = testDocument(overrides, test, (bucket === null ? undefined : bases.get(bucket)) ?? {});
    const sides = [document];
    const unknown = unknownReason(document, bucket);
    const because = isContradicted(document) ? documentReasons(overrides, test) : unknown === null ? [] : [unknown];
    return { test, bucket, state: stateOf(sides), sides, because };
  });
}

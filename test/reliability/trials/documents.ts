import * as fc from 'fast-check';
import {
  assertEdited,
  assertScanned,
  assertStrict,
  edits,
  mutatedDocuments,
} from '../../domain/override/any-document.js';
import { documents as generated } from '../../domain/override/generated.js';
import type { Trial, UnitOutcome } from '../trial.js';

const inUnit = 1000;

/** The first that a property does not hold of, made as small as can be. */
function counterexample<Sample>(property: fc.IProperty<Sample>, seed: number): readonly string[] {
  const details = fc.check(property, { seed, numRuns: inUnit });
  if (!details.failed) return [];
  const { counterexample: found, errorInstance } = details;
  return [`seed ${seed}: ${JSON.stringify(found)}: ${errorInstance instanceof Error ? errorInstance.message : ''}`];
}

function outcome(seed: number): UnitOutcome {
  const taken = { accepted: 0, refused: 0 };
  const strict = (bytes: Buffer): void => {
    taken[assertStrict(bytes) ? 'accepted' : 'refused'] += 1;
  };
  const faults = [
    ...counterexample(fc.property(edits, assertEdited), seed),
    ...counterexample(fc.property(generated, assertScanned), seed),
    ...counterexample(fc.property(mutatedDocuments, strict), seed),
  ];
  return {
    counts: {
      'documents edited': inUnit,
      'documents read': inUnit,
      'damaged documents accepted as JSON': taken.accepted,
      'damaged documents refused': taken.refused,
    },
    faults,
  };
}

export const documents: Trial = {
  name: 'documents',
  about:
    'generated documents of every style are set and unset in: every other member stays byte for byte; of damaged ones ' +
    'none is accepted that JSON.parse refuses',
  units: 100,
  quick: 2,
  least: {
    'documents edited': 100_000,
    'damaged documents refused': 10_000,
    'damaged documents accepted as JSON': 10_000,
  },
  open: () =>
    Promise.resolve({
      unit: (_index, chance) => Promise.resolve(outcome(Math.floor(chance() * 2 ** 31))),
      close: () => Promise.resolve({ counts: {}, faults: [] }),
    }),
};

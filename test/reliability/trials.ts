import { byHand } from './trials/by-hand.js';
import { documents } from './trials/documents.js';
import { hostileText } from './trials/hostile-text.js';
import { mutants } from './trials/mutants.js';
import { namedTests } from './trials/named-tests.js';
import { runbookKills } from './trials/runbook-kills.js';
import { secrets } from './trials/secrets.js';
import { soak } from './trials/soak.js';
import { writers } from './trials/writers.js';
import type { Trial } from './trial.js';

/** Every trial, in the order in which they run. */
export const trials: readonly Trial[] = [
  //
  writers,
  byHand,
  runbookKills,
  documents,
  hostileText,
  secrets,
  namedTests,
  soak,
  mutants,
];

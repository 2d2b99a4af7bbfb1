import { byHand } from './trials/by-hand.js';
import { mutants } from './trials/mutants.js';
import { runbookKills } from './trials/runbook-kills.js';
import { soak } from './trials/soak.js';
import { writers } from './trials/writers.js';
import type { Trial } from './trial.js';

/** Every trial, in the order in which they run. */
export const trials: readonly Trial[] = [
  //
  writers,
  byHand,
  runbookKills,
  soak,
  mutants,
];

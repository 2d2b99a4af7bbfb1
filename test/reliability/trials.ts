import { byHand } from './trials/by-hand.js';
import { documents } from './trials/documents.js';
import { hostileText } from './trials/hostile-text.js';
import { namedTests } from './trials/named-tests.js';
import { networkFaults } from './trials/network-faults.js';
import { redirects } from './trials/redirects.js';
import { runbookKills } from './trials/runbook-kills.js';
import { secrets } from './trials/secrets.js';
import { signatures } from './trials/signatures.js';
import { streams } from './trials/streams.js';
import { writers } from './trials/writers.js';
import type { Trial } from './trial.js';

/** Every trial, in the order in which they run. */
export const trials: readonly Trial[] = [
  //
  writers,
  byHand,
  runbookKills,
  networkFaults,
  redirects,
  streams,
  signatures,
  documents,
  hostileText,
  secrets,
  namedTests,
];

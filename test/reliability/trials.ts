import { byHandRounds } from './trials/by-hand-rounds.js';
import { conditions } from './trials/conditions.js';
import { distinctRoutes } from './trials/distinct-routes.js';
import { oneRevision } from './trials/one-revision.js';
import { inProcess } from './trials/in-process.js';
import { foreignWrites } from './trials/foreign-writes.js';
import { kills } from './trials/kills.js';
import { interrupts } from './trials/interrupts.js';
import { failovers } from './trials/failovers.js';
import { partitions } from './trials/partitions.js';
import { lateDelivery } from './trials/late-delivery.js';
import { lostReplies } from './trials/lost-replies.js';
import { documents } from './trials/documents.js';
import { hostileText } from './trials/hostile-text.js';
import { mutants } from './trials/mutants.js';
import { namedTests } from './trials/named-tests.js';
import { networkFaults } from './trials/network-faults.js';
import { redirects } from './trials/redirects.js';
import { runbookKills } from './trials/runbook-kills.js';
import { secrets } from './trials/secrets.js';
import { soak } from './trials/soak.js';
import { signatures } from './trials/signatures.js';
import { streams } from './trials/streams.js';
import { writers } from './trials/writers.js';
import type { Trial } from './trial.js';

/** Every trial, in the order in which they run. */
export const trials: readonly Trial[] = [
  //
  distinctRoutes,
  oneRevision,
  inProcess,
  foreignWrites,
  conditions,
  kills,
  interrupts,
  failovers,
  partitions,
  lateDelivery,
  lostReplies,
  writers,
  byHandRounds,
  runbookKills,
  networkFaults,
  redirects,
  streams,
  signatures,
  documents,
  hostileText,
  secrets,
  namedTests,
  soak,
  mutants,
];

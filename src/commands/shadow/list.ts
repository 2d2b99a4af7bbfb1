import { allBuckets } from '../../domain/config/bucket-names.js';
import { isFleet } from '../../domain/config/environment.js';
import { usageError } from '../../domain/errors.js';
import { seenEnforcement } from '../../domain/policy/enforcement.js';
import { listShadow } from '../../procedures/shadow/list.js';
import { shadowListView } from '../../ui/shadow-list-view.js';
import { addressesOf } from '../addresses.js';
import { defineCommand } from '../command.js';
import { basePathsByMemory, recall } from '../detection.js';
import { lastReload } from '../last-reload.js';
import { optionalStore } from '../optional-store.js';
import { wantedFlags } from './flips.js';
import { flagRecords } from './records.js';

// What only observes at this moment: by the server, and beside it what is stored for it to do so.

export const command = defineCommand({
  register: () => undefined,
  examples: [
    'rlctl -e prod shadow list',
    "rlctl -e prod shadow list --jq '.buckets[] | select(.isDifferent) | .bucket'",
  ],
  input: () => null,
  action: async (context) => {
    const environment = await context.environment();
    const store = await optionalStore(context, environment);
    if (environment.api.length === 0 && !isFleet(environment) && store === null)
      throw usageError(
        `the environment "${environment.name}" has neither an API address nor a Redis`,
        'Set environments.NAME.api in rlctl.yaml.',
        'NO_API',
      );
    const reached = await addressesOf(context, environment);
    const ports = {
      store,
      controlPlane: reached.controlPlane,
      envFiles: await context.envFiles(),
      records: flagRecords(context, environment),
      clock: context.clock,
      deadline: context.deadline,
      randomness: context.randomness,
    };
    const learned = await recall(context, environment);
    const seen = seenEnforcement(learned, await lastReload(context, environment));
    context.progress.step('asking for every bucket');
    const listing = await listShadow(ports, {
      environment: reached.environment,
      basePaths: basePathsByMemory(environment, learned),
      buckets: allBuckets(environment),
      ...(await wantedFlags(context, environment)),
    });
    const view = shadowListView(listing, environment, { seen, nowMs: context.clock.nowMs() });
    return { view, exit: listing.findings.length > 0 ? 'findings' : 'ok' };
  },
});

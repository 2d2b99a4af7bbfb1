import { Option } from 'commander';
import { seenEnforcement } from '../../domain/policy/enforcement.js';
import { checkPolicy } from '../../procedures/policy.js';
import { policyView } from '../../ui/policy-view.js';
import { defineCommand, textFlag } from '../command.js';
import { basePathsByMemory, recall } from '../detection.js';
import { lastReload } from '../last-reload.js';
import { bucketFor } from './bucket.js';

// The runbook's "inspect a policy": what the server says, beside what it should say.

export const command = defineCommand({
  register: (c) => {
    c.argument('<route>', 'route as a client asks for it, e.g. /api/search/items')
      .addOption(new Option('-X, --method <method>', 'HTTP method').default('GET'))
      .addOption(new Option('--bucket <name>', 'bucket; else the configured one of the route'));
  },
  examples: [
    'rlctl -e preview policy get /api/search',
    'rlctl -e prod policy get /api/payments -X POST --bucket financial --json',
  ],
  input: ([route = ''], flags) => ({
    route,
    method: textFlag(flags, 'method') ?? 'GET',
    bucket: textFlag(flags, 'bucket'),
  }),
  action: async (context, { route, method, bucket }) => {
    const environment = await context.environment();
    const chosen = bucketFor(environment, route, bucket);
    const learned = await recall(context, environment);
    const basePaths = basePathsByMemory(environment, learned);
    const [store, controlPlane] = await Promise.all([context.store(environment), context.controlPlane()]);
    const { deadline, randomness } = context;
    context.progress.step('asking for the policy');
    const check = await checkPolicy(
      { store, controlPlane, deadline, randomness },
      { route, method: method.toUpperCase(), bucket: chosen.bucket, targets: environment.api, basePaths },
    );
    const seen = seenEnforcement(learned, await lastReload(context, environment));
    return { view: policyView(check, chosen.source, environment, seen), exit: check.isSame ? 'ok' : 'findings' };
  },
});

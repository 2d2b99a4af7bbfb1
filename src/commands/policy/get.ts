import { Option } from 'commander';
import { seenEnforcement } from '../../domain/policy/enforcement.js';
import { checkPolicy, checkPolicyOfEach } from '../../procedures/policy.js';
import { policyView } from '../../ui/policy-view.js';
import { addressesOf } from '../addresses.js';
import { defineCommand, textFlag } from '../command.js';
import { basePathsByMemory, recall } from '../detection.js';
import { lastReload } from '../last-reload.js';
import { refusedSignatures } from '../refused-signatures.js';
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
    const [store, reached] = await Promise.all([context.store(environment), addressesOf(context, environment)]);
    const { deadline, randomness } = context;
    const ports = { store, controlPlane: reached.controlPlane, deadline, randomness };
    const targets = reached.environment.api;
    const refused = await refusedSignatures(context, environment);
    const question = { route, method: method.toUpperCase(), bucket: chosen.bucket, targets, basePaths };
    const seen = seenEnforcement(learned, await lastReload(context, environment));
    context.progress.step(`asking ${reached.isFleet ? `${targets.length} instances ` : ''}for the policy`);
    if (reached.isFleet) {
      const each = await checkPolicyOfEach(ports, question, environment);
      const { fleetPolicyView } = await import('../../ui/fleet-policy-view.js');
      const isSame = each.isUnanimous && each.answers[0].answer.isSame;
      return {
        view: fleetPolicyView(each, chosen.source, environment, { seen, refused }),
        exit: isSame ? 'ok' : 'findings',
      };
    }
    const check = await checkPolicy(ports, question, environment);
    return {
      view: policyView(check, chosen.source, environment, { seen, refused }),
      exit: check.isSame ? 'ok' : 'findings',
    };
  },
});

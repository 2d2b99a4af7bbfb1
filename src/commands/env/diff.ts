import type { Context } from '../../context.js';
import { allBuckets } from '../../domain/config/bucket-names.js';
import type { Environment } from '../../domain/config/environment.js';
import { usageError } from '../../domain/errors.js';
import { compareEnvironments } from '../../procedures/environment/compare.js';
import type { KnownOfEnvironment } from '../../procedures/environment/facts.js';
import { lookAtEnvironment, silenceOf } from '../../procedures/environment/look.js';
import { environmentDiffView } from '../../ui/env-diff-view.js';
import { defineCommand } from '../command.js';
import { basePathsByMemory, recall } from '../detection.js';
import { lastReload, lastRevision } from '../last-reload.js';
import { openPair, pairRule, within } from '../named-environment.js';
import { optionalStore } from '../optional-store.js';

// How far two environments are apart: overrides, bucket flags, dialect and versions, each as it is now.

async function know(context: Context, environment: Environment): Promise<KnownOfEnvironment> {
  const store = await optionalStore(context, environment);
  if (environment.api.length === 0 && store === null)
    throw usageError(
      'it has neither an API address nor a Redis',
      `Set environments.${environment.name}.api or .redis in rlctl.yaml.`,
      'NO_API',
    );
  const { clock, randomness, deadline } = context;
  const inspector = store === null ? null : await context.redisInspector(environment);
  const ports = { store, inspector, controlPlane: await context.controlPlane(), clock, randomness, deadline };
  const seen = await recall(context, environment);
  const look = await lookAtEnvironment(ports, {
    targets: environment.api,
    basePaths: basePathsByMemory(environment, seen),
    buckets: allBuckets(environment),
    siteMode: environment.siteMode,
  });
  const [reload, last] = await Promise.all([lastReload(context, environment), lastRevision(context, environment)]);
  return { look, seen, reload, lastRevision: last };
}

export const command = defineCommand({
  register: (c) => {
    c.argument('<left>', 'environment').argument('<right>', 'the one beside it');
    c.addHelpText(
      'after',
      `\n${pairRule}\nSends no reload, changes nothing; 3 where something differs or did not answer.`,
    );
  },
  examples: [
    'rlctl env diff preview prod',
    'rlctl env diff preview prod --jq \'.routes[] | select(.onlyIn == "left") | .route\'',
  ],
  input: ([left = '', right = '']) => ({ left, right }),
  action: async (context, names) => {
    const { left, right } = await openPair(context, names);
    context.progress.step('asking both');
    const [one, other] = await Promise.all(
      [left, right].map((each) => within(each, { isNamed: true }, () => know(context, each))),
    );
    if (one === undefined || other === undefined) throw new TypeError('two environments were asked');
    const silence = [silenceOf(one.look), silenceOf(other.look)];
    if (silence[0] && silence[1]) {
      const [first] = silence;
      await within(left, { isNamed: true }, () => Promise.reject(first));
    }
    const comparison = compareEnvironments(one, other);
    const { failures, lost } = comparison;
    const failed = [failures.left, failures.right, lost.left, lost.right].flat().length;
    const view = environmentDiffView(
      comparison,
      { environment: left, ...one.look },
      { environment: right, ...other.look },
    );
    return { view, exit: comparison.isDifferent || failed > 0 ? 'findings' : 'ok' };
  },
});

import { Option } from 'commander';
import type { Context } from '../../context.js';
import { documentOf, isBareDocument, maxFileBytes, readOverridesFile } from '../../domain/overrides-file/read-file.js';
import { reloadCure } from '../../domain/fleet/refused-signatures.js';
import { lostFinding, unreadableFinding } from '../../domain/override/document-gone.js';
import { nothingSeen, seenEnforcement } from '../../domain/policy/enforcement.js';
import { explainRoute } from '../../domain/policy/explain.js';
import { loadOverrides } from '../../domain/policy/matching.js';
import { explainPolicy, explainPolicyOfEach } from '../../procedures/policy.js';
import { explanationView } from '../../ui/policy-view.js';
import { addressesOf } from '../addresses.js';
import { defineCommand, textFlag, type Outcome } from '../command.js';
import { basePathsByMemory, recall } from '../detection.js';
import { readInput } from '../input-file.js';
import { lastReload, lastRevision } from '../last-reload.js';
import { refusedSignatures } from '../refused-signatures.js';
import { bucketFor } from './bucket.js';

// Why a route has the policy it has: every override in the server's own matching order, and what became of it.

/** The document that a file of overrides makes; JSON of any other kind as it is, because what a server drops is explained too. */
async function documentIn(context: Context, file: string): Promise<Uint8Array> {
  const [bytes, readYaml] = await Promise.all([
    readInput(context, file, { flag: '-f', mostBytes: maxFileBytes }),
    context.readYaml(),
  ]);
  if (isBareDocument(bytes) || isOtherJson(bytes)) return bytes;
  return documentOf(readOverridesFile(bytes, { file, readYaml }));
}

/** Empty, or JSON that is no object. */
function isOtherJson(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes).toString('utf8').trim();
  if (text.startsWith('{')) return false;
  try {
    return text === '' || JSON.parse(text) !== undefined;
  } catch {
    return false;
  }
}

async function offline(context: Context, file: string, route: string, named: string | null): Promise<Outcome> {
  const environment = await context.environment().catch(() => null);
  const bucket = environment !== null ? bucketFor(environment, route, named).bucket : (named ?? 'read');
  const explanation = explainRoute(loadOverrides(await documentIn(context, file)), route, { bucket });
  const sources = { bucket: '--bucket', overrides: file, base: null };
  return {
    view: explanationView(explanation, sources, {
      address: context.address,
      seen: nothingSeen,
      base: null,
      live: null,
    }),
    exit: 'ok',
  };
}

export const command = defineCommand({
  register: (c) => {
    c.argument('<route>', 'route as a client asks for it, e.g. /api/search/items')
      .addOption(new Option('-X, --method <method>', 'HTTP method').default('GET'))
      .addOption(new Option('--bucket <name>', 'bucket; else the configured one of the route'))
      .addOption(
        new Option(
          '-f, --file <overrides>',
          'explain a file of overrides (YAML, JSON, or the bare document; - is stdin) instead of the stored ones',
        ),
      );
  },
  examples: [
    'rlctl -e prod policy explain /api/search/items',
    'redis-cli -u "$REDIS_URL" get app:rl:overrides | rlctl policy explain /api/search --bucket read -f -',
  ],
  input: ([route = ''], flags) => ({
    route,
    method: textFlag(flags, 'method') ?? 'GET',
    bucket: textFlag(flags, 'bucket'),
    file: textFlag(flags, 'file'),
  }),
  action: async (context, { route, method, bucket, file }) => {
    if (file !== null) return offline(context, file, route, bucket);
    const environment = await context.environment();
    const chosen = bucketFor(environment, route, bucket);
    const learned = await recall(context, environment);
    const basePaths = basePathsByMemory(environment, learned);
    const [store, reached] = await Promise.all([context.store(environment), addressesOf(context, environment)]);
    const { deadline, randomness } = context;
    const ports = { store, controlPlane: reached.controlPlane, deadline, randomness };
    const targets = reached.environment.api;
    const question = { route, method: method.toUpperCase(), bucket: chosen.bucket, targets, basePaths };
    const each = reached.isFleet ? await explainPolicyOfEach(ports, question) : null;
    const { explanation, base, server, isSame, stored } =
      each?.answers[0].answer ?? (await explainPolicy(ports, question));
    const sources = {
      bucket: chosen.source,
      overrides: `${environment.namespace}:rl:overrides`,
      base: base === null ? null : (each?.answers[0].targets[0] ?? environment.api[0] ?? ''),
    };
    const reload = await lastReload(context, environment);
    const seen = seenEnforcement(learned, reload);
    const { address } = environment;
    const finding =
      explanation.droppedBecause === null
        ? lostFinding(stored, await lastRevision(context, environment))
        : unreadableFinding(explanation.droppedBecause);
    const cure = reloadCure(each?.answers[0].targets ?? targets, await refusedSignatures(context, environment));
    const live = { server, isSame, cure, finding };
    const view = explanationView(explanation, sources, { address, seen, base, live });
    const exit = finding === null ? 'ok' : 'findings';
    if (each === null) return { view, exit };
    const { saidByEach } = await import('../../ui/fleet-explanation-view.js');
    return { view: saidByEach(view, each, address), exit: each.isUnanimous ? exit : 'findings' };
  },
});

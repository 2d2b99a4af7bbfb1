import { Option } from 'commander';
import type { Context } from '../context.js';
import { isFleet } from '../domain/config/environment.js';
import { probeMethods, safeMethods, type ProbeMethod } from '../domain/control-plane.js';
import { RlctlError, usageError } from '../domain/errors.js';
import { verifyStored } from '../procedures/verify/verify.js';
import { verifyView } from '../ui/verify-view.js';
import { defineCommand, switchFlag, textFlag, type Flags } from './command.js';
import { confirmReload } from './confirmation.js';
import { basePathsByMemory, hearing, knownOf, recall, remember, rememberSeen } from './detection.js';
import { assertReloadUnguarded } from './guarded-reload.js';
import { lastRevision } from './last-reload.js';
import { addProofFlags, assertApi, effectFlags, reloadInput, type EffectFlags } from './mutation.js';
import { metricsPort } from './proof-metrics.js';
import { refusedSignatures } from './refused-signatures.js';

// The runbook's "verify" by itself: what is stored now is in force, shown without changing anything.

interface VerifyCommandInput {
  readonly routes: readonly string[];
  readonly isReloading: boolean;
  readonly probeMethod: ProbeMethod;
  readonly maxRequests: number;
  readonly samples: number;
  readonly isYes: boolean;
  readonly confirm: string | null;
  readonly effect: EffectFlags;
}

const usualSampleCount = 50;
const mostSamples = 999_999;
const metricsPatienceMs = 3000;

/** Whoever names a route asks about that one. */
function usualSamples(routes: readonly unknown[]): number {
  return routes.length > 0 ? 0 : usualSampleCount;
}

function sampleCount(routes: readonly unknown[], flags: Flags): number {
  const text = textFlag(flags, 'samples');
  if (text === null) return usualSamples(routes);
  return text === 'all' ? Infinity : wholeNumber(flags, 'samples', '--samples', mostSamples);
}

function wholeNumber(flags: Flags, name: string, flag: string, most: number): number {
  const text = textFlag(flags, name) ?? '';
  if (/^\d{1,6}$/.test(text) && Number(text) <= most) return Number(text);
  throw usageError(`${flag}: "${text}" is not a whole number from 0 to ${most}`, `Give one, e.g. ${flag} 5.`);
}

function probeMethod(flags: Flags): ProbeMethod {
  const wanted = (textFlag(flags, 'probeMethod') ?? 'GET').toUpperCase();
  const method = probeMethods.find((each) => each === wanted);
  if (method === undefined) {
    throw usageError(
      `--probe-method: "${wanted}" is not a method of HTTP`,
      `Give one of ${probeMethods.join(', ')}; GET and HEAD change nothing.`,
    );
  }
  const isSafe = safeMethods.some((each) => each === method);
  if (isSafe || switchFlag(flags, 'allowUnsafe')) return method;
  throw usageError(
    `--probe-method ${method} may change something where it is sent`,
    `Probe with GET or HEAD, or add --allow-unsafe where you know what ${method} does there.`,
    'PROBE_UNSAFE',
  );
}

/** A reload is a change, though it asks for no other: read-only allows the rest of the command. */
function assertMayReload({ options }: Context, { isReloading, probeMethod: method }: VerifyCommandInput): void {
  const isUnsafe = safeMethods.every((each) => each !== method);
  if (!options.isReadOnly || (!isReloading && !isUnsafe)) return;
  const flag = isReloading ? '--reload' : `--probe-method ${method}`;
  throw new RlctlError('guard', `--read-only refuses "rlctl verify ${flag}", because it changes something`, {
    code: 'READ_ONLY',
    hint: `Leave out ${flag}: the rest of rlctl verify only reads. Or leave out --read-only (and RLCTL_READ_ONLY).`,
  });
}

export const command = defineCommand({
  register: (c) => {
    c.argument('[route...]', 'routes or prefixes; by default every stored override, sampled where there are many')
      .addOption(new Option('--reload', 'send a reload first, for the count in its answer').helpGroup('Proof:'))
      .addOption(
        new Option('--max-requests <n>', 'requests that probes may use up in all').default('5').helpGroup('Proof:'),
      )
      .addOption(
        new Option('--probe-method <method>', 'how probes ask; others than GET and HEAD want --allow-unsafe')
          .default('GET')
          .helpGroup('Proof:'),
      )
      .addOption(new Option('--allow-unsafe', 'allow a --probe-method that may change something').helpGroup('Proof:'))
      .addOption(
        new Option(
          '--samples <n>',
          `other overrides to look at once, or "all" (${usualSampleCount}; with a route: none)`,
        ).helpGroup('Proof:'),
      )
      .addOption(new Option('-y, --yes', 'answer y/N questions with yes (--reload)'))
      .addOption(new Option('--confirm <name>', 'confirm by the environment’s name (--reload)'));
    addProofFlags(c);
  },
  examples: [
    'rlctl -e prod verify',
    'rlctl -e prod verify /api/search --probe https://api.example.com/api/search --max-requests 2',
    "rlctl -e preview verify --reload --wait 60s --jq '.proof | {verdict, trap, convergedMs}'",
  ],
  input: (args, flags): VerifyCommandInput => ({
    routes: [...new Set(args.filter((each) => each !== undefined))],
    isReloading: switchFlag(flags, 'reload'),
    probeMethod: probeMethod(flags),
    maxRequests: wholeNumber(flags, 'maxRequests', '--max-requests', 1000),
    samples: sampleCount(args, flags),
    isYes: switchFlag(flags, 'yes'),
    confirm: textFlag(flags, 'confirm'),
    effect: effectFlags(flags),
  }),
  action: async (context, input) => {
    assertMayReload(context, input);
    const environment = await context.environment(input.effect.settings);
    assertApi(environment);
    const { routes, probeMethod: method, maxRequests, samples, effect } = input;
    const [store, controlPlane] = await Promise.all([context.store(environment), context.controlPlane()]);
    const metrics = metricsPort(context, environment, { patienceMs: metricsPatienceMs });
    store.open(context.deadline);
    const seen = await recall(context, environment);
    const reload = input.isReloading ? await reloadInput(context, environment, seen) : null;
    if (reload !== null) {
      await assertReloadUnguarded(context, environment, 'verify');
      await confirmReload(context, environment, input);
      await metrics?.open();
    }
    context.deadline.extend(effect.waitMs);
    const { clock, randomness, deadline } = context;
    const ports = { store, controlPlane, clock, randomness, deadline, metrics };
    const wanted = {
      routes,
      targets: environment.api,
      basePaths: basePathsByMemory(environment, seen),
      siteMode: environment.siteMode,
      reload,
      lastRevision: await lastRevision(context, environment),
      refused: await refusedSignatures(context, environment),
      require: effect.require,
      probes: environment.probes,
      probeMethod: method,
      maxRequests,
      samples,
      workers: environment.workers,
      waitMs: effect.waitMs,
      known: knownOf(seen),
    };
    const result = isFleet(environment)
      ? await (await import('./fleet/verify-fleet.js')).verifyInstances(context, environment, ports, wanted)
      : await verifyStored({ ...ports, hear: hearing(context, environment) }, wanted, (text) =>
          context.progress.step(text),
        );
    const by = { command: 'verify --reload', reason: null, ticket: null, revision: result.stored.revision };
    if (result.effect.reloads.length > 0) await remember(context, environment, result.effect, { seen, by });
    else await rememberSeen(context, environment, { signs: result.signs, seen });
    return { view: verifyView(result, environment), exit: result.exit };
  },
});

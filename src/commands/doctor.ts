import { basename, resolve } from 'node:path';
import { Option } from 'commander';
import { shells } from '../domain/completion/shells.js';
import type { CheckId } from '../domain/doctor/checks.js';
import { countFindings } from '../domain/doctor/report.js';
import { selectChecks } from '../domain/doctor/selection.js';
import { RlctlError } from '../domain/errors.js';
import type { Context } from '../context.js';
import type { Environment } from '../domain/config/environment.js';
import { partOf } from '../domain/part.js';
import { diagnose } from '../procedures/doctor/diagnose.js';
import type { ConfigurationFacts, DoctorInput, DoctorPorts, ServerMemory } from '../procedures/doctor/facts.js';
import { mend } from '../procedures/doctor/fix.js';
import { doctorView } from '../ui/doctor-view.js';
import { collect, defineCommand, listFlag, switchFlag, textFlag } from './command.js';
import { placeOf } from './completion.js';
import { confirmReload } from './confirmation.js';
import { basePathsByMemory, recall } from './detection.js';
import { assertNewBundle, writeBundle } from './doctor-bundle.js';
import { doctorReload } from './doctor-reload.js';

// What to run when something does not work and nobody knows why: every dependency and every assumption, at once.

interface DoctorFlags {
  readonly selected: ReadonlySet<CheckId>;
  readonly isFixing: boolean;
  readonly isDryRun: boolean;
  readonly isReloading: boolean;
  readonly isYes: boolean;
  readonly confirm: string | null;
  /** `null`: none is written. */
  readonly bundle: string | null;
  readonly isForced: boolean;
}

/** What the configuration came to. A name that is no environment is a slip of the command line, and no finding. */
async function subject(context: Context): Promise<Pick<DoctorInput, 'configuration' | 'environment'>> {
  const config = await partOf(() => context.config());
  if (config.state !== 'ok') {
    if (config.state === 'failed') return { configuration: config.error, environment: null };
    throw new TypeError('the configuration was asked for');
  }
  const { path, text, isTrusted, isChanged } = config.value;
  const configuration: ConfigurationFacts = {
    path,
    isTrusted,
    isChanged,
    holdsPassword: /:\/\/[^\s/@"']*:[^\s/@"'$]+@/.test(text),
  };
  const environment = await partOf(() => context.environment());
  if (environment.state === 'ok') return { configuration, environment: environment.value };
  if (environment.state === 'failed') {
    if (['NO_ENVIRONMENT', 'UNKNOWN_ENVIRONMENT'].includes(environment.error.code)) throw environment.error;
    return { configuration, environment: environment.error };
  }
  throw new TypeError('the environment was asked for');
}

async function memoryOf(context: Context, environment: Environment | null): Promise<ServerMemory | null> {
  const seen = environment && (await recall(context, environment));
  if (seen === null) return null;
  const { at, basePath, profile, ...traits } = seen;
  return { at, basePath, profile, traits };
}

/** The shell in use, where completion knows it. */
function completionOf({ host }: Context): DoctorInput['completion'] {
  const shell = shells.find((each) => each === basename(host.env['SHELL'] ?? ''));
  return shell === undefined ? null : { shell, path: placeOf(shell, host.env).path };
}

function assertMayChange({ options }: Context, { isFixing, isReloading, isDryRun }: DoctorFlags): void {
  if (!options.isReadOnly || isDryRun || !(isFixing || isReloading)) return;
  const flag = isReloading ? '--reload' : '--fix';
  throw new RlctlError('guard', `--read-only refuses ${flag}, because it changes something`, {
    code: 'READ_ONLY',
    hint: `Leave out ${flag}, or --read-only (and RLCTL_READ_ONLY); or add --dry-run to see what it would do.`,
  });
}

async function portsOf(context: Context, reload: DoctorPorts['reload']): Promise<DoctorPorts> {
  return {
    files: context.files,
    machine: await context.machine(),
    clock: context.clock,
    randomness: context.randomness,
    deadline: context.deadline,
    controlPlane: () => context.controlPlane(),
    redis: (environment) => context.redisInspector(environment),
    store: (environment) => context.store(environment),
    metrics: (environment) => context.metricsInspector(environment),
    tls: () => context.tlsProber(),
    secret: (environment) => context.secret(environment),
    reload,
  };
}

export const command = defineCommand({
  register: (c) => {
    c.addOption(new Option('--only <check>', 'only this group, or this check; repeatable').argParser(collect))
      .addOption(new Option('--fix', 'mend what is local and safe: permissions of your own files'))
      .addOption(new Option('--dry-run', 'with --fix or --reload: say what would be done, and do it not'))
      .addOption(new Option('--reload', 'also send a signed reload, to see what becomes of one'))
      .addOption(new Option('--bundle <file>', 'write everything seen into a file without secrets, to hand on'))
      .addOption(new Option('--force', 'replace the file of --bundle'))
      .addOption(new Option('-y, --yes', 'answer y/N questions with yes'))
      .addOption(new Option('--confirm <name>', 'confirm a reload by the environment’s name'));
  },
  examples: [
    'rlctl -e prod doctor',
    'rlctl -e prod doctor --only redis --only document',
    'rlctl -e prod doctor --fix --dry-run',
    'rlctl -e prod doctor --jq \'.findings[] | select(.severity == "error") | .cure\'',
    'rlctl -e prod doctor --bundle doctor.json',
  ],
  input: (_, flags): DoctorFlags => ({
    selected: selectChecks(listFlag(flags, 'only')),
    isFixing: switchFlag(flags, 'fix'),
    isDryRun: switchFlag(flags, 'dryRun'),
    isReloading: switchFlag(flags, 'reload'),
    isYes: switchFlag(flags, 'yes'),
    confirm: textFlag(flags, 'confirm'),
    bundle: textFlag(flags, 'bundle'),
    isForced: switchFlag(flags, 'force'),
  }),
  action: async (context, flags) => {
    assertMayChange(context, flags);
    const bundlePath = flags.bundle === null ? null : resolve(context.host.cwd, flags.bundle);
    if (bundlePath !== null) await assertNewBundle(context, bundlePath, flags.isForced);
    const { configuration, environment } = await subject(context);
    const known = environment instanceof RlctlError ? null : environment;
    const isReloading = flags.isReloading && !flags.isDryRun;
    if (isReloading && known !== null) await confirmReload(context, known, flags);
    const { stateFolder } = await import('../config.js');
    const memory = await memoryOf(context, known);
    const ports = await portsOf(context, isReloading ? doctorReload(context) : null);
    context.progress.step('looking at everything at once');
    const diagnosis = await diagnose(ports, {
      configuration,
      environment,
      basePaths: known === null ? [] : basePathsByMemory(known, await recall(context, known)),
      memory,
      stateFolder: stateFolder(context.host.env),
      resolvePath: (path) => resolve(context.host.cwd, path),
      completion: completionOf(context),
      selected: flags.selected,
    });
    const report = flags.isFixing ? await mend(ports.machine, diagnosis, flags) : { ...diagnosis, fixes: [] };
    if (bundlePath !== null)
      await writeBundle(context, bundlePath, { report, environment: known, machine: ports.machine });
    const { error, warning } = countFindings(report);
    return { view: doctorView(report, { bundle: bundlePath }), exit: error + warning > 0 ? 'findings' : 'ok' };
  },
});

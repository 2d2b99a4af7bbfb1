import { resolve } from 'node:path';
import { Option } from 'commander';
import type { Context } from '../context.js';
import { isFleet } from '../domain/config/environment.js';
import type { CheckId } from '../domain/doctor/checks.js';
import { countFindings } from '../domain/doctor/report.js';
import { selectChecks } from '../domain/doctor/selection.js';
import { RlctlError } from '../domain/errors.js';
import { diagnose } from '../procedures/doctor/diagnose.js';
import { mend } from '../procedures/doctor/fix.js';
import { doctorView } from '../ui/doctor-view.js';
import { collect, defineCommand, listFlag, switchFlag, textFlag } from './command.js';
import { confirmReload } from './confirmation.js';
import { assertReloadUnguarded } from './guarded-reload.js';
import { rememberSeen } from './detection.js';
import { assertNewBundle, writeBundle } from './doctor-bundle.js';
import { doctorInput } from './doctor-input.js';
import { doctorPorts } from './doctor-ports.js';

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

function assertMayChange({ options }: Context, { isFixing, isReloading, isDryRun }: DoctorFlags): void {
  if (!options.isReadOnly || isDryRun || !(isFixing || isReloading)) return;
  const flag = isReloading ? '--reload' : '--fix';
  throw new RlctlError('guard', `--read-only refuses ${flag}, because it changes something`, {
    code: 'READ_ONLY',
    hint: `Leave out ${flag}, or --read-only (and RLCTL_READ_ONLY); or add --dry-run to see what it would do.`,
  });
}

export const command = defineCommand({
  register: (c) => {
    c.addOption(
      new Option('--only <check>', 'only this group or check (rlctl help checks); repeatable').argParser(collect),
    )
      .addOption(new Option('--fix', 'mend what is local and safe: permissions of your own files'))
      .addOption(new Option('--dry-run', 'with --fix or --reload: say what would be done, and do it not'))
      .addOption(new Option('--reload', 'also send a signed reload, to see what becomes of one'))
      .addOption(
        new Option(
          '--bundle <file>',
          'write everything seen into a file without secrets, to hand on (also with --read-only)',
        ),
      )
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
    const input = await doctorInput(context, flags.selected);
    const environment = input.environment instanceof RlctlError ? null : input.environment;
    const isReloading = flags.isReloading && !flags.isDryRun && flags.selected.has('api.reload');
    if (isReloading && environment !== null) {
      await assertReloadUnguarded(context, environment, 'doctor');
      await confirmReload(context, environment, flags);
    }
    const isWide = environment !== null && isFleet(environment);
    const ports = await doctorPorts(context, { isReloading, isWide });
    context.progress.step('looking at everything at once');
    const { signs, ...diagnosis } = await diagnose(ports, input);
    if (environment !== null) await rememberSeen(context, environment, { signs, seen: input.memory });
    const report = flags.isFixing ? await mend(ports.machine, diagnosis, flags) : { ...diagnosis, fixes: [] };
    if (bundlePath !== null) await writeBundle(context, bundlePath, { report, environment });
    const { error, warning } = countFindings(report);
    return { view: doctorView(report, { bundle: bundlePath }), exit: error + warning > 0 ? 'findings' : 'ok' };
  },
});

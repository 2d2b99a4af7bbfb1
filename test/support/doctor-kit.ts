import { openLab, type Lab, type LabOptions } from './lab.js';
import { jsonOf, type JsonObject, type MainOptions, type Ran } from './world.js';

/** A finding as programs get it. */
export interface ShownFinding {
  readonly check: string;
  readonly code: string;
  readonly severity: 'error' | 'warning' | 'info';
  readonly part: string;
  readonly message: string;
  readonly evidence: string;
  readonly cure: string | null;
  readonly isFixed: boolean;
}

/** A report as programs get it. */
export interface ShownReport {
  readonly environment: string | null;
  readonly summary: Readonly<Record<'errors' | 'warnings' | 'infos' | 'checks' | 'healthy' | 'notChecked', number>>;
  readonly findings: readonly ShownFinding[];
  readonly checks: readonly {
    readonly id: string;
    readonly state: 'healthy' | 'findings' | 'notChecked';
    readonly evidence: string | null;
    readonly because: string | null;
  }[];
  readonly fixes: readonly {
    readonly path: string;
    readonly from: string;
    readonly to: string;
    readonly state: string;
  }[];
  readonly bundle: string | null;
  readonly tookMs: number;
}

export interface DoctorOptions extends MainOptions {
  /** Settings over the lab's own; `undefined` takes one away. */
  readonly environment?: Readonly<Record<string, unknown>>;
  readonly args?: readonly string[];
  /** The permission bits of the configuration file. */
  readonly mode?: number;
}

/** A lab in which doctor finds nothing: its Redis keeps an append-only file. */
export async function openHealthyLab(options: LabOptions = {}): Promise<Lab> {
  const lab = await openLab(options);
  await lab.redis.cli('CONFIG', 'SET', 'appendonly', 'yes');
  return lab;
}

/** Runs doctor on a lab as a person would. */
export async function runDoctor(lab: Lab, options: DoctorOptions = {}): Promise<Ran> {
  const { environment = {}, args = [], mode = 0o600, ...rest } = options;
  const merged: JsonObject = { ...lab.environment, ...environment };
  const path = await lab.world.write('doctor.yaml', JSON.stringify({ environments: { lab: merged } }), mode);
  return lab.world.main(['-e', 'lab', 'doctor', ...args], { ...rest, env: { RLCTL_CONFIG: path, ...rest.env } });
}

/** The same, as a program sees it. */
export async function doctorReport(
  lab: Lab,
  options: DoctorOptions = {},
): Promise<ShownReport & { readonly code: number }> {
  const ran = await runDoctor(lab, { ...options, args: [...(options.args ?? []), '--json'] });
  if (ran.out === '') throw new Error(`doctor said nothing: ${ran.err}`);
  return { ...jsonOf<ShownReport>(ran.out), code: ran.code };
}

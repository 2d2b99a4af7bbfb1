import { assertNewFile } from './folder.js';
import type { Context } from '../context.js';
import type { Environment } from '../domain/config/environment.js';
import type { DoctorReport } from '../domain/doctor/report.js';
import { bundleText } from '../ui/doctor-bundle-text.js';

/** Refuses a path without a folder, and to replace a file that is there, before anything is asked. */
export async function assertNewBundle(context: Context, path: string, isForced: boolean): Promise<void> {
  await assertNewFile(context, path, { flag: '--bundle', code: 'BUNDLE_EXISTS', isForced });
}

/** Writes the bundle: readable by its owner only, whole or not at all, and without any secret that is known by now. */
export async function writeBundle(
  context: Context,
  path: string,
  seen: { readonly report: DoctorReport; readonly environment: Environment | null },
): Promise<void> {
  const { report, environment } = seen;
  const { nodeVersion, platform } = await context.machine();
  const at = new Date(context.clock.nowMs()).toISOString();
  const text = bundleText({
    at,
    versions: { rlctl: context.version, node: nodeVersion, platform },
    environment,
    report,
  });
  await context.files.writePrivate(path, context.redact(text));
}

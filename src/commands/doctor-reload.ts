import type { Context } from '../context.js';
import { profilesFor } from '../domain/signing/profile.js';
import type { DoctorPorts } from '../procedures/doctor/facts.js';
import { notAttempted } from '../procedures/proof/prove.js';
import { sendReload } from '../procedures/reload/send.js';
import { basePathsByMemory, recall, remember } from './detection.js';

/** The reload that doctor sends where it is asked to: signed like any other, remembered, and proven by nothing. */
export function doctorReload(context: Context): NonNullable<DoctorPorts['reload']> {
  return async (environment, deadline) => {
    const seen = await recall(context, environment);
    const { clock, randomness } = context;
    const reloads = await sendReload(
      { controlPlane: await context.controlPlane(), clock, randomness, deadline },
      {
        targets: environment.api,
        basePaths: basePathsByMemory(environment, seen),
        profiles: profilesFor(environment.signing, seen?.profile ?? null),
        secret: await context.secret(environment),
        origin: environment.origin,
        siteMode: environment.siteMode,
      },
    );
    const effect = { reloads, proof: notAttempted('doctor'), steps: [] };
    await remember(context, environment, effect, { seen, by: { command: 'doctor', reason: null, ticket: null } });
    return reloads;
  };
}

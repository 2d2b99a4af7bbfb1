import type { Context } from '../context.js';
import type { DoctorPorts } from '../procedures/doctor/facts.js';
import { notAttempted } from '../procedures/proof/prove.js';
import { sendReload } from '../procedures/reload/send.js';
import { addressesOf } from './addresses.js';
import { hearing, recall, remember } from './detection.js';
import { reloadInput } from './mutation.js';
import { metricsPort } from './proof-metrics.js';

const metricsPatienceMs = 3000;

/** What of the world doctor may use. */
interface DoctorTerms {
  /** A reload may be sent. */
  readonly isReloading: boolean;
  /** Several instances are asked. */
  readonly isWide: boolean;
}

/** The world as doctor asks it. */
export async function doctorPorts(context: Context, { isReloading, isWide }: DoctorTerms): Promise<DoctorPorts> {
  return {
    files: context.files,
    machine: await context.machine(),
    clock: context.clock,
    randomness: context.randomness,
    deadline: context.deadline,
    controlPlane: () => context.controlPlane(),
    ...(isWide
      ? {
          each: async (environment) => (await import('./fleet/each.js')).everyInstance(context, environment),
          lookAtFleet: async (environment, deadline) =>
            (await import('./fleet/look.js')).statusOfFleet(context, environment, deadline),
        }
      : {}),
    redis: (environment) => context.redisInspector(environment),
    store: (environment) => context.store(environment),
    metrics: (environment) => context.metricsInspector(environment),
    readings: (environment) => metricsPort(context, environment, { patienceMs: metricsPatienceMs }),
    receivers: (environment) => context.receivers(environment),
    tls: () => context.tlsProber(),
    secret: (environment) => context.secret(environment),
    reload: isReloading ? reloadOf(context) : null,
  };
}

/** The reload that doctor sends where it is asked to: signed like any other, remembered, and proven by nothing. */
function reloadOf(context: Context): NonNullable<DoctorPorts['reload']> {
  return async (environment, deadline) => {
    const seen = await recall(context, environment);
    const { clock, randomness } = context;
    const reached = await addressesOf(context, environment);
    const ports = {
      controlPlane: reached.controlPlane,
      clock,
      randomness,
      deadline,
      hear: hearing(context, environment),
    };
    const reloads = await sendReload(ports, await reloadInput(context, reached.environment, seen));
    const effect = { reloads, proof: notAttempted('doctor'), steps: [] };
    await remember(context, environment, effect, { seen, by: { command: 'doctor', reason: null, ticket: null } });
    return reloads;
  };
}

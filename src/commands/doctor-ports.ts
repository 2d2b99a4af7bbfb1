import type { Context } from '../context.js';
import type { DoctorPorts } from '../procedures/doctor/facts.js';
import { notAttempted } from '../procedures/proof/prove.js';
import { sendReload } from '../procedures/reload/send.js';
import { recall, remember } from './detection.js';
import { reloadInput } from './mutation.js';
import { metricsPort } from './proof-metrics.js';

const metricsPatienceMs = 3000;

/** The world as doctor asks it; `isReloading`: a reload may be sent. */
export async function doctorPorts(context: Context, isReloading: boolean): Promise<DoctorPorts> {
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
    const ports = { controlPlane: await context.controlPlane(), clock, randomness, deadline };
    const reloads = await sendReload(ports, await reloadInput(context, environment, seen));
    const effect = { reloads, proof: notAttempted('doctor'), steps: [] };
    await remember(context, environment, effect, { seen, by: { command: 'doctor', reason: null, ticket: null } });
    return reloads;
  };
}

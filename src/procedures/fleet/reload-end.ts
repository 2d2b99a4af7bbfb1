import { counted } from '../../domain/counted.js';
import { RlctlError } from '../../domain/errors.js';
import type { ExitName } from '../../domain/exit-codes.js';
import { allRefused } from '../effect.js';
import { namedInstances, whyFailed } from './failed-instances.js';
import type { FleetReload } from './reload.js';
import type { InstanceReload } from './reload-instance.js';

/** The row of the exit-code table that a fleet reload ends in. */
export function fleetReloadExit({ instances }: Pick<FleetReload, 'instances'>): ExitName {
  return instances.every(({ state }) => state === 'done') ? 'ok' : 'unproven';
}

/**
 * The error that a fleet reload ends in: an interrupt, with what was done by then, or that no instance accepted it, so that
 * nothing was changed. `null`: the result itself is to be shown.
 */
export function fleetReloadError(result: FleetReload, reason: unknown): RlctlError | null {
  const { instances, stoppedBy } = result;
  const isCut = stoppedBy === 'interrupted' || instances.some(({ isCutShort }) => isCutShort);
  if (isCut && reason instanceof RlctlError) return interruptedFleet(result, reason);
  if (instances.some(({ reload }) => reload?.outcome === 'accepted')) return null;
  return refused(result);
}

/** Nobody accepted it: who was tried and why not, and how to go on. */
function refused({ instances, stoppedBy }: FleetReload): RlctlError | null {
  const tried = instances.filter(({ state }) => state === 'failed');
  const refusal = allRefused(tried.flatMap(({ reload }) => (reload === null ? [] : [reload])));
  const left = instances.length - tried.length;
  if (refusal === null || (tried.length === 1 && left === 0)) return refusal;
  const { kind, code, details } = refusal;
  const hint = curesOf(tried);
  const rest = left === 0 ? '' : `; ${counted(left, 'more instance')} not tried`;
  const next = 'mend that, then go on with: rlctl reload --resume';
  return new RlctlError(kind, `${whoRefused(tried, stoppedBy === 'canary')}${rest}`, {
    code,
    hint: hint === null ? next : `${hint}; ${next}`,
    details: { ...details, notTried: left },
  });
}

function whoRefused(tried: readonly InstanceReload[], isCanary: boolean): string {
  const what = isCanary ? 'canary' : 'instance';
  const plural = isCanary ? 'canaries' : 'instances';
  const [only] = tried;
  if (only !== undefined && tried.length === 1)
    return `the ${what} ${only.instance.name} did not accept the reload (${whyFailed(only)})`;
  return `none of ${tried.length} ${plural} accepted the reload: ${causesOf(tried).join('; ')}`;
}

/** Each cause once, behind those that it kept. */
function causesOf(tried: readonly InstanceReload[]): readonly string[] {
  const causes = new Map<string, InstanceReload[]>();
  for (const each of tried) {
    const why = whyFailed(each);
    causes.set(why, [...(causes.get(why) ?? []), each]);
  }
  return [...causes].map(([why, all]) => `${namedInstances(all)}: ${why}`);
}

/** What mends it: of several causes each cure once, with those that it is for. `null`: nothing is known. */
function curesOf(tried: readonly InstanceReload[]): string | null {
  const cures = new Map<string, InstanceReload[]>();
  for (const each of tried) {
    const cure = each.error?.hint?.replace(goOn, '').replace(/\.$/, '');
    if (cure !== undefined) cures.set(cure, [...(cures.get(cure) ?? []), each]);
  }
  const [only, ...others] = [...cures];
  if (only === undefined) return null;
  if (others.length === 0) return only[0];
  return [only, ...others].map(([cure, all]) => `${namedInstances(all)}: ${cure}`).join('; ');
}

/** Said once, behind all of them. */
const goOn = /, then run: rlctl reload --resume$/;

function interruptedFleet({ instances }: FleetReload, reason: RlctlError): RlctlError {
  const named = (wanted: (each: InstanceReload) => boolean): readonly string[] =>
    instances.filter(wanted).map(({ instance }) => instance.name);
  const done = named(({ state }) => state === 'done');
  const cut = instances.filter(({ isCutShort }) => isCutShort);
  const lost = instances.filter(({ state, isCutShort }) => state === 'failed' && !isCutShort);
  const notTried = named(({ state }) => state === 'notTried');
  const parts = [
    `${done.length} of ${counted(instances.length, 'instance')} reloaded and proven`,
    ...(lost.length === 0 ? [] : [`${lost.length} failed (${namedInstances(lost)})`]),
    ...(cut.length === 0 ? [] : [`${cut.length} under way, which may have reloaded (${namedInstances(cut)})`]),
    `${notTried.length} not tried`,
  ];
  const names = (all: readonly InstanceReload[]): readonly string[] => all.map(({ instance }) => instance.name);
  return new RlctlError(reason.kind, `${reason.kind}: ${parts.join(', ')}`, {
    code: reason.code,
    hint: 'Go on with those that are left: rlctl reload --resume',
    details: { done, failed: names(lost), underWay: names(cut), notTried },
  });
}

import type { Environment } from '../domain/config/environment.js';
import { counted } from '../domain/counted.js';
import type { Instance } from '../domain/fleet/instance.js';
import type { FleetReloadRecord } from '../domain/fleet/reload-record.js';
import type { GuardsSaid } from '../domain/guard/verdict.js';
import { addressed } from '../domain/printed-command.js';
import type { MaskedRequest } from '../domain/signing/sign.js';
import type { Effect } from '../procedures/effect.js';
import type { FleetReload, StopCause } from '../procedures/fleet/reload.js';
import type { InstanceReload } from '../procedures/fleet/reload-instance.js';
import { guardsJson, guardsSaidLines } from './guard-view.js';
import { addressedEffect, effectJson, instancesJson, proofText, reloadText } from './proof-view.js';
import { printedRequestView } from './reload-view.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

interface Pace {
  readonly canary: number;
  readonly parallel: number;
  readonly maxFailures: number;
  readonly timeoutMs: number;
}

export interface ShownFleetReload extends Pace {
  readonly result: FleetReload;
  readonly effect: Effect;
  readonly environment: Environment;
  readonly source: string;
  readonly isResumed: boolean;
  readonly guards: GuardsSaid;
}

/** Up to so many instances each has its line. */
const fewInstances = 8;
const mostFailures = 10;

/** What became of each instance, and what is left. */
export function fleetReloadView(shown: ShownFleetReload): View {
  const { result, environment } = shown;
  const effect = addressedEffect(shown.effect, environment.address);
  const fleet = instancesJson(effect.instances ?? []);
  return {
    kind: 'Reload',
    data: {
      environment: environment.name,
      revision: result.stored?.revision ?? null,
      ...effectJson(effect),
      fleet: { ...fleetJson(shown), ...fleet },
      guards: guardsJson(shown.guards.verdicts),
      remarks: shown.guards.remarks,
    },
    items: fleet.instances,
    human: (theme) =>
      [
        ...instanceLines(result, effect, theme),
        countLine(shown, theme),
        ...stopLine(shown, theme),
        proofText(effect.proof, theme),
        ...guardsSaidLines(shown.guards, theme),
        ...resumeLine(shown, theme),
      ].join('\n'),
  };
}

function fleetJson({ result, canary, parallel, maxFailures, timeoutMs, source, isResumed }: ShownFleetReload) {
  const { stoppedBy, tookMs } = result;
  return {
    source,
    isResumed,
    canary,
    parallel,
    maxFailures,
    instanceTimeoutMs: timeoutMs,
    stoppedBy,
    tookMs: Math.round(tookMs),
  };
}

function instanceLines({ instances }: FleetReload, effect: Effect, theme: Theme): readonly string[] {
  if (instances.length <= fewInstances) return effect.reloads.length === 0 ? [] : [reloadText(effect, theme)];
  const failed = instances.filter(({ state }) => state === 'failed');
  const shown = failed.slice(0, mostFailures).map(({ instance, error, proof }) => {
    const why = error?.message ?? proof?.diagnosis ?? '';
    return `${theme.bad('✗')} ${term(instance.name)}  ${term(why)}`;
  });
  const left = failed.length - shown.length;
  return left > 0 ? [...shown, theme.dim(`… ${left} more failed: --json names them`)] : shown;
}

function countLine({ result: { instances }, canary, parallel, source }: ShownFleetReload, theme: Theme): string {
  const count = (state: InstanceReload['state']): number => instances.filter((each) => each.state === state).length;
  const [done, failed, notTried] = [count('done'), count('failed'), count('notTried')];
  const mark = failed + notTried === 0 ? theme.good('✓') : theme.bad('✗');
  const rest = [
    ...(failed === 0 ? [] : [`${failed} failed`]),
    ...(notTried === 0 ? [] : [`${notTried} not tried`]),
  ].map((text) => `, ${text}`);
  const how = [...(canary === 0 ? [] : [`${canary} first`]), `${parallel} at once`, term(source)].join(', ');
  return `${mark} ${done} of ${counted(instances.length, 'instance')} done${rest.join('')}  ${theme.dim(`(${how})`)}`;
}

function stopLine({ result: { stoppedBy }, maxFailures }: ShownFleetReload, theme: Theme): readonly string[] {
  if (stoppedBy === null || stoppedBy === 'interrupted') return [];
  const why: Readonly<Record<Exclude<StopCause, 'interrupted'>, string>> = {
    canary: 'a canary was not proven, so no other instance was touched',
    failures: `more than ${maxFailures} failed, so no other was started (--max-failures)`,
    deadline: 'the time was up (--timeout)',
  };
  return [theme.warn(`  stopped: ${why[stoppedBy]}`)];
}

function resumeLine({ result: { instances }, environment }: ShownFleetReload, theme: Theme): readonly string[] {
  if (instances.every(({ state }) => state === 'done')) return [];
  const text = 'mend what failed, then go on with those that are left: rlctl reload --resume';
  return [`${theme.accent('hint:')} ${addressed(text, environment.address)}`];
}

/** There is nothing to go on with: no fleet reload is known, or each of its instances was done. */
export function nothingToResumeView(environment: Environment, record: FleetReloadRecord | null): View {
  const text =
    record === null
      ? 'no fleet reload of this environment is known on this machine; nothing was sent'
      : `the fleet reload of ${record.at} left nothing to do: ${counted(record.instances.length, 'instance')} ${record.revision === null ? 'reloaded, and none of them proven (--no-verify)' : 'done'}; nothing was sent`;
  return {
    kind: 'Reload',
    data: {
      environment: environment.name,
      revision: record?.revision ?? null,
      reloads: [],
      proof: null,
      steps: [],
      fleet: {
        isResumed: true,
        counts: { total: 0, done: 0, failed: 0, notTried: 0 },
        instances: [],
      },
    },
    human: () => text,
  };
}

export interface ShownFleetPlan extends Pace {
  readonly instances: readonly Instance[];
  readonly source: string;
  readonly request: MaskedRequest;
  readonly profile: string;
  readonly environment: Environment;
  readonly guards: GuardsSaid;
}

/** What a fleet reload would do, and its first request. */
export function fleetPlanView(plan: ShownFleetPlan): View {
  const { instances, source, request, profile, environment, canary, parallel, maxFailures, timeoutMs } = plan;
  const names = instances.map(({ name }) => name);
  const shownRequest = printedRequestView(request, profile, plan.guards);
  return {
    kind: 'FleetReloadPlan',
    data: {
      environment: environment.name,
      source,
      canary: names.slice(0, canary),
      instances: names,
      parallel,
      maxFailures,
      instanceTimeoutMs: timeoutMs,
      profile,
      request,
      guards: guardsJson(plan.guards.verdicts),
      remarks: plan.guards.remarks,
    },
    items: names,
    human: async (theme) => {
      const first = names.slice(0, canary);
      const rest = names.slice(canary);
      const lines = (some: readonly string[]): readonly string[] => [
        ...some.slice(0, fewInstances).map((name) => `  ${term(name)}`),
        ...(some.length > fewInstances ? [theme.dim(`  … ${some.length - fewInstances} more in --json`)] : []),
      ];
      return [
        `${theme.bold(`would reload ${counted(names.length, 'instance')}`)}  ${theme.dim(`(${term(source)})`)}`,
        ...(first.length === 0 ? [] : [firstText(rest.length), ...lines(first)]),
        ...(rest.length === 0 ? [] : [restText(plan, first.length), ...lines(rest)]),
        '',
        await shownRequest.human(theme),
      ].join('\n');
    },
  };
}

function firstText(left: number): string {
  return left === 0 ? 'all of them as canaries, which leaves no other:' : 'first, and proven before any other:';
}

function restText({ parallel, maxFailures }: Pace, first: number): string {
  return `${first === 0 ? '' : 'then '}${parallel} at once, stopping when more than ${maxFailures} have failed:`;
}

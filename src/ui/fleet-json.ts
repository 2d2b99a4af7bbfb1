import { isLoopbackHost } from '../domain/api-endpoint.js';
import { counted } from '../domain/counted.js';
import type { Environment } from '../domain/config/environment.js';
import type { RefusedSignatures } from '../domain/fleet/refused-signatures.js';
import type { Standing } from '../domain/fleet/standing.js';
import { expiresCure, expiresText } from '../domain/override/document-gone.js';
import { valueOf } from '../domain/part.js';
import { addressed, addressedError, type CommandAddress } from '../domain/printed-command.js';
import type { FleetStatus } from '../procedures/fleet/status.js';

/** A fleet for programs: every instance, every group, every finding. */
export function fleetStatusJson({
  status,
  convergedMs,
  environment,
  source,
}: {
  readonly status: FleetStatus;
  readonly convergedMs: number | null;
  readonly environment: Environment;
  readonly source: string;
}): { readonly data: Readonly<Record<string, unknown>>; readonly items: readonly unknown[] } {
  const { standings, groups, stored, isForeign, loaded, coverage, looks, confidence, findings, tookMs } = status;
  const { refused, refusing } = status;
  const items = standings.map((each) => instanceJson(each, environment.address, refused));
  const plain = plainInstances(standings, environment);
  const count = (state: Standing['state']): number => standings.filter((each) => each.state === state).length;
  const data = {
    environment: environment.name,
    source,
    counts: {
      total: standings.length,
      inStep: count('inStep'),
      stale: count('stale'),
      differs: count('differs'),
      split: count('split'),
      unreachable: count('unreachable'),
    },
    reference: loaded === null ? 'majority' : 'document',
    revision: valueOf(stored)?.revision ?? null,
    isForeign,
    storedOverrides: loaded?.objectCount ?? null,
    groups: groups.map(({ digest, count: size, isMajority, isAsStored, reads }) => ({
      policyDigest: digest,
      count: size,
      isMajority,
      isAsStored,
      reads,
    })),
    coverage,
    readsPerInstance: looks,
    confidence,
    instances: items,
    findings: findings.map((each) => ({
      ...each,
      hint: each.hint === null ? null : addressed(each.hint, environment.address),
    })),
    remarks: [
      ...refusing.map(({ message, hint }) => `${message}; ${addressed(hint ?? '', environment.address)}`),
      ...(plain === 0 ? [] : [plainRemark(plain)]),
      ...expiryRemarks(status, environment),
    ],
    convergedMs: convergedMs === null ? null : Math.round(convergedMs),
    tookMs: Math.round(tookMs),
  };
  return { data, items };
}

/** Instances elsewhere that are asked in plain http, which the configuration permits. */
export function plainInstances(standings: readonly Standing[], { fleet }: Environment): number {
  if (!fleet.isPlainAllowed) return 0;
  return standings.filter(({ instance }) => {
    const { protocol, hostname } = new URL(instance.origin);
    return protocol === 'http:' && !isLoopbackHost(instance.address ?? hostname);
  }).length;
}

/** What that means. */
export function plainRemark(count: number): string {
  return `${counted(count, 'instance is', 'instances are')} reached in plain http (fleet.plainHttp): whoever reads the signature of a reload on the way can repeat it for as long as the secret is the same`;
}

function instanceJson(each: Standing, address: CommandAddress, refused: RefusedSignatures) {
  const error = each.error === null ? null : addressedError(each.error, address);
  return {
    instance: each.instance.name,
    target: each.instance.origin,
    address: each.instance.address,
    state: each.state,
    isReachable: each.state !== 'unreachable',
    overrides: each.overrides,
    reloads: each.reloads,
    shadows: each.shadows,
    policyDigest: each.digest,
    basePath: each.basePath,
    siteMode: each.siteMode,
    signatureRefusedAt: refused.get(each.instance.name) ?? null,
    faults: each.faults,
    reads: each.reads,
    distinctAnswers: each.distinctAnswers,
    staleReads: each.staleReads,
    answers: each.answers.map(({ digest, times, overrides, reloads }) => ({
      policyDigest: digest,
      times,
      overrides,
      reloads,
    })),
    tookMs: Math.round(each.tookMs),
    error: error === null ? null : { code: error.code, message: error.message, hint: error.hint ?? null },
  };
}

/** That the document vanishes by itself is no fault of what the instances hold now. */
export function expiryRemarks({ stored }: FleetStatus, { address }: Environment): readonly string[] {
  const expires = expiresText(valueOf(stored)?.ttlMs ?? null);
  return expires === null ? [] : [`${expires}. ${addressed(expiresCure, address)}`];
}

import type { Policy } from '../control-plane.js';
import { policyInWords } from './gcra.js';
import { effectivePolicy, startsRoute, type LoadedOverride, type LoadedOverrides } from './matching.js';

/**
 * How an override fared for one route. `won`: it decides. `lost`: it matches, but an earlier one won; for other routes it may
 * win. `hidden`: it matches, but an earlier one takes everything it could ever match. `skipped`: the server cannot use it.
 * `noMatch`: its prefix does not start the route.
 */
export type Outcome = 'won' | 'lost' | 'hidden' | 'skipped' | 'noMatch';

/** One override's turn in the server's order. */
export interface ExplanationStep {
  readonly prefix: string;
  /** Its position among the entries the server holds, from 0. */
  readonly index: number;
  readonly outcome: Outcome;
  /** The reason in words. */
  readonly because: string;
  /** Values read differently than stored, fields ignored, limits that block everyone. */
  readonly notes: readonly string[];
}

/** Which policy a route meets, and why. */
export interface Explanation {
  readonly route: string;
  readonly bucket: string;
  /** The override that decides; `null`: none matches, the bucket's own policy holds. */
  readonly winner: LoadedOverride | null;
  /** Every override in the server's order. */
  readonly steps: readonly ExplanationStep[];
  /** Entries that are no objects: the server drops them while loading. */
  readonly vanished: readonly { readonly prefix: string; readonly because: string }[];
  /** Why the server holds no override at all; `null`: the document is readable. */
  readonly droppedBecause: string | null;
  /** The policy in force; `null`: no base was given, and the override does not set every field. */
  readonly policy: Policy | null;
  /** The numbers in plain words; `null`: rate or burst are not known. */
  readonly inWords: string | null;
}

/** What an explanation starts from. */
export interface ExplanationContext {
  readonly bucket: string;
  /** The bucket's own policy; absent: not known. */
  readonly base?: Policy;
}

type Verdict = Pick<ExplanationStep, 'outcome' | 'because'>;

function quote(text: string): string {
  return JSON.stringify(text);
}

/** Why an override that matches and is usable does not decide: `lost` or `hidden`. `earlier`: the matches before it. */
function beaten(entry: LoadedOverride, earlier: readonly LoadedOverride[]): Verdict {
  const hiding = earlier.find(({ prefix }) => startsRoute(prefix, entry.prefix));
  if (hiding !== undefined) {
    const because = `${quote(hiding.prefix)} stands earlier and takes every route that starts with ${quote(entry.prefix)}`;
    return { outcome: 'hidden', because };
  }
  const because = `it matches too, but ${quote(earlier[0]?.prefix ?? '')} stands earlier: the first match wins, not the longest`;
  return { outcome: 'lost', because };
}

function fieldsInWords(entry: LoadedOverride): string {
  const { ratePerMin, burst, windowSeconds, isShadow } = entry.fields ?? {};
  const parts = [
    ratePerMin === undefined ? null : `rate ${ratePerMin} per minute`,
    burst === undefined ? null : `burst ${burst}`,
    windowSeconds === undefined ? null : `window ${windowSeconds} s (displayed only)`,
    isShadow === undefined ? null : `shadow ${isShadow}`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? 'it sets nothing' : `it sets ${parts.join(', ')}`;
}

function judge(entry: LoadedOverride, route: string, earlier: readonly LoadedOverride[]): Verdict {
  if (route === '') return { outcome: 'noMatch', because: 'the server looks at no override for an empty route' };
  if (!startsRoute(entry.prefix, route)) {
    return { outcome: 'noMatch', because: `${quote(route)} does not start with ${quote(entry.prefix)}` };
  }
  if (entry.fields === null)
    return { outcome: 'skipped', because: entry.skippedBecause ?? 'the server cannot read it' };
  if (earlier.length > 0) return beaten(entry, earlier);
  return { outcome: 'won', because: `it is the first match in the document's order; ${fieldsInWords(entry)}` };
}

/** The policy without a base: only where the override sets what a policy needs. */
function policyOf(base: Policy | undefined, winner: LoadedOverride | null): Policy | null {
  if (base !== undefined) return effectivePolicy(base, winner);
  const { ratePerMin, burst, windowSeconds, isShadow } = winner?.fields ?? {};
  if (ratePerMin === undefined || burst === undefined || windowSeconds === undefined || isShadow === undefined)
    return null;
  return { ratePerMin, burst, windowSeconds, isShadow };
}

function wordsOf(policy: Policy | null, winner: LoadedOverride | null): string | null {
  if (policy !== null) return policyInWords(policy);
  const { ratePerMin, burst, isShadow } = winner?.fields ?? {};
  if (ratePerMin === undefined || burst === undefined) return null;
  return policyInWords({ ratePerMin, burst, ...(isShadow === undefined ? {} : { isShadow }) });
}

/** Walks the overrides in the server's order and says how each one fared for the route, and which policy results. */
export function explainRoute(loaded: LoadedOverrides, route: string, context: ExplanationContext): Explanation {
  const matches: LoadedOverride[] = [];
  const steps = loaded.entries.map((entry, index): ExplanationStep => {
    const verdict = judge(entry, route, matches);
    if (verdict.outcome !== 'noMatch' && verdict.outcome !== 'skipped') matches.push(entry);
    return { prefix: entry.prefix, index, ...verdict, notes: entry.notes };
  });
  const winner = matches[0] ?? null;
  const policy = policyOf(context.base, winner);
  return {
    route,
    bucket: context.bucket,
    winner,
    steps,
    vanished: loaded.vanished ?? [],
    droppedBecause: loaded.droppedBecause,
    policy,
    inWords: wordsOf(policy, winner),
  };
}

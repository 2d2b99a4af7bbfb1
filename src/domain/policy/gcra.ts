import { counted } from '../counted.js';
import type { Policy } from '../control-plane.js';

/** A policy's numbers that decide: the window is displayed only. */
export type LimitNumbers = Pick<Policy, 'ratePerMin' | 'burst'>;

/**
 * Milliseconds between two admitted requests once the burst is used up: `floor(60000 / rate)`. 0 for a rate over 60000,
 * which blocks everything; `null` for a rate of 0 or less, from which no interval follows.
 */
export function emissionIntervalMs(ratePerMin: number): number | null {
  return ratePerMin > 0 ? Math.floor(60_000 / ratePerMin) : null;
}

/** Requests that a caller who was idle may send at once, and the value of X-RateLimit-Limit: `burst + 1`. */
export function limitOf(burst: number): number {
  return burst + 1;
}

/** What the limiter does with one request. */
export interface GcraDecision {
  readonly isAllowed: boolean;
  /** Requests that may still come at once. 0 when blocked. */
  readonly remaining: number;
  /** `burst + 1`. */
  readonly limit: number;
  /** Milliseconds until the next request passes; 0 when allowed; `null`: none ever passes under this policy. */
  readonly retryAfterMs: number | null;
  /** X-RateLimit-Reset, epoch seconds, as deployed: now plus the time in which the burst refills. */
  readonly resetAtSeconds: number;
  /** The cell to store, epoch milliseconds; unchanged when blocked; `null`: there is none to store. */
  readonly theoreticalArrivalTimeMs: number | null;
}

function neverAllowed(cellMs: number | null, nowMs: number, burst: number): GcraDecision {
  return {
    isAllowed: false,
    remaining: 0,
    limit: limitOf(burst),
    retryAfterMs: null,
    resetAtSeconds: Math.floor(nowMs / 1000),
    theoreticalArrivalTimeMs: cellMs,
  };
}

/**
 * One GCRA decision. `cellMs` is the stored theoretical arrival time (`null`: a caller not seen before), `nowMs` the clock;
 * both epoch milliseconds. Shadow is not looked at: it decides what is done with the answer.
 * A rate of 0 or less, an interval of 0 and a negative burst let nobody through.
 */
export function decide(cellMs: number | null, nowMs: number, policy: LimitNumbers): GcraDecision {
  const interval = emissionIntervalMs(policy.ratePerMin);
  if (interval === null || interval === 0 || policy.burst < 0) return neverAllowed(cellMs, nowMs, policy.burst);
  const tolerance = policy.burst * interval;
  const resetAtSeconds = Math.floor((nowMs + tolerance) / 1000);
  const limit = limitOf(policy.burst);
  const cell = cellMs ?? nowMs;
  const waitMs = cell - tolerance - nowMs;
  if (waitMs > 0) {
    return {
      isAllowed: false,
      remaining: 0,
      limit,
      retryAfterMs: waitMs,
      resetAtSeconds,
      theoreticalArrivalTimeMs: cell,
    };
  }
  const nextCell = Math.max(cell, nowMs) + interval;
  const remaining = Math.max(0, policy.burst - Math.floor((nextCell - nowMs) / interval - 1));
  return { isAllowed: true, remaining, limit, retryAfterMs: 0, resetAtSeconds, theoreticalArrivalTimeMs: nextCell };
}

function durationInWords(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${ms / 1000} s`;
}

/** The numbers in plain words: `11 requests at once, then one every 1 s`. Shadow and limits that block everyone are said. */
export function policyInWords(policy: LimitNumbers & { readonly isShadow?: boolean }): string {
  const suffix = policy.isShadow === true ? ' (shadow: counted, never blocked)' : '';
  return limitInWords(policy) + suffix;
}

function limitInWords({ ratePerMin, burst }: LimitNumbers): string {
  const interval = emissionIntervalMs(ratePerMin);
  if (interval === null)
    return `a rate of ${ratePerMin} gives no interval: the server blocks every request or fails to decide`;
  if (interval === 0) return `blocks every request: a rate of ${ratePerMin} per minute makes the interval 0 ms`;
  if (burst < 0) return `blocks every caller not seen before: a burst of ${burst} is below 0`;
  const limit = limitOf(burst);
  return `${counted(limit, 'request')} at once, then one every ${durationInWords(interval)}`;
}

import { setTimeout as sleep } from 'node:timers/promises';
import { readDecisionCounters, type DecisionCounters } from './decision-counters.js';
import type { DemoStep, LookStep } from './demo-step.js';

const bucket = 'financial';
/** So many decisions of the kind to be shown are enough. */
const enough = 5;
const patienceMs = 15_000;
const pollMs = 100;

/** Under traffic in which one client repeats its payment, the bucket is taken into shadow and back, and the counters tell. */
export function trafficSteps(origin: string): readonly DemoStep[] {
  const shadow = (verb: 'on' | 'off', reason: string): readonly string[] => {
    return ['-e', 'sandbox', 'shadow', verb, bucket, '--reason', reason];
  };
  return [
    countersStep(origin, 'Under traffic, payments are being refused', 'blocked'),
    {
      title: 'Take the bucket into shadow: count, and block nobody',
      args: shadow('on', 'payments are being refused'),
      expected: 0,
      remark: 'the server says so itself',
    },
    countersStep(origin, 'Nobody is blocked any more; what would have been is counted', 'shadowBlocked'),
    {
      title: 'And back',
      args: shadow('off', 'the client is fixed'),
      expected: 0,
      remark: 'as it was before',
    },
    countersStep(origin, 'The limit is enforced again', 'blocked'),
  ];
}

/** Watches until one kind of block has moved far enough; right where the other kind has not moved at all. */
function countersStep(origin: string, title: string, wanted: 'blocked' | 'shadowBlocked'): LookStep {
  const other = wanted === 'blocked' ? 'shadowBlocked' : 'blocked';
  const look: LookStep['look'] = async (signal) => {
    const startedMs = performance.now();
    const before = await readDecisionCounters(origin, bucket, signal);
    for (;;) {
      const moved = difference(await readDecisionCounters(origin, bucket, signal), before);
      const tookMs = performance.now() - startedMs;
      if (moved[wanted] >= enough || tookMs > patienceMs)
        return { text: movedText(moved, tookMs), isRight: moved[wanted] >= enough && moved[other] === 0 };
      await sleep(pollMs, undefined, { signal });
    }
  };
  return { title, look };
}

function difference(after: DecisionCounters, before: DecisionCounters): DecisionCounters {
  return {
    allowed: after.allowed - before.allowed,
    blocked: after.blocked - before.blocked,
    shadowBlocked: after.shadowBlocked - before.shadowBlocked,
  };
}

function movedText({ allowed, blocked, shadowBlocked }: DecisionCounters, tookMs: number): string {
  const counts = `allowed +${allowed}, blocked +${blocked}, shadow-blocked +${shadowBlocked}`;
  return `/metrics: ${bucket} ${counts} in ${(tookMs / 1000).toFixed(1)} s`;
}

import type { OnStep } from '../step.js';
import { fleetStatus, type FleetStatus, type FleetStatusInput, type FleetStatusPorts } from './status.js';

const firstPauseMs = 500;
const longestPauseMs = 5000;

/**
 * Looks at a fleet again and again until nothing is wrong with it, for `waitMs` at most; 0: once. `convergedMs` is how long
 * that took from the first look on, and `null` where something is still wrong.
 */
export async function awaitFleet(
  ports: FleetStatusPorts,
  input: FleetStatusInput,
  waitMs: number,
  onStep?: OnStep,
): Promise<{ readonly status: FleetStatus; readonly convergedMs: number | null }> {
  const startMs = ports.clock.monotonicMs();
  const elapsedMs = (): number => ports.clock.monotonicMs() - startMs;
  for (let round = 0; ; round += 1) {
    const status = await fleetStatus(ports, input, onStep);
    if (status.findings.length === 0) return { status, convergedMs: elapsedMs() };
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** round) * (0.5 + ports.randomness.fraction());
    if (elapsedMs() + pauseMs >= Math.min(waitMs, elapsedMs() + ports.deadline.leftMs())) {
      return { status, convergedMs: null };
    }
    onStep?.('not in step yet; looking again');
    await ports.clock.sleep(pauseMs, ports.deadline.interrupted);
  }
}

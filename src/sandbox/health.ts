import { statfs } from 'node:fs/promises';
import { json, type Answer } from './answer.js';
import type { Behaviour } from './behaviour.js';
import type { Worker } from './worker-state.js';

type Health = 'healthy' | 'degraded' | 'unhealthy';

interface Component {
  readonly name: string;
  readonly status: Health;
  readonly message: string;
  readonly check_duration_ms: number;
}

export interface HealthSetup {
  readonly behaviour: Behaviour;
  readonly folder: string;
  readonly startedMs: number;
}

const severities: readonly Health[] = ['healthy', 'degraded', 'unhealthy'];

/** GET /health/live: the process answers; nothing else is looked at. */
export function live(setup: HealthSetup): Answer {
  return report(setup, [{ name: 'process', status: 'healthy', message: 'answers', check_duration_ms: 0 }], true);
}

/** GET /health/ready and /health/startup: Redis, disk and memory as this worker finds them. */
export async function ready(setup: HealthSetup, worker: Worker): Promise<Answer> {
  const components = await Promise.all([
    check('redis', async () => {
      await worker.redis.ping();
      return ['healthy', 'answers'];
    }),
    check('disk', () => diskHealth(setup.folder)),
    check('memory', () => Promise.resolve(memoryHealth())),
  ]);
  return report(setup, components, setup.behaviour.readyAlwaysAnswers200);
}

async function check(name: string, look: () => Promise<readonly [Health, string]>): Promise<Component> {
  const startedMs = performance.now();
  const [status, message] = await look().catch((): readonly [Health, string] => ['unhealthy', 'does not answer']);
  return { name, status, message, check_duration_ms: Math.round((performance.now() - startedMs) * 100) / 100 };
}

async function diskHealth(folder: string): Promise<readonly [Health, string]> {
  const { bavail, bsize } = await statfs(folder);
  const freeMiB = Math.floor((bavail * bsize) / 2 ** 20);
  return [freeMiB < 16 ? 'degraded' : 'healthy', `${freeMiB} MiB free`];
}

function memoryHealth(): readonly [Health, string] {
  const usedMiB = Math.round(process.memoryUsage.rss() / 2 ** 20);
  return [usedMiB > 1024 ? 'degraded' : 'healthy', `${usedMiB} MiB in use`];
}

function report(setup: HealthSetup, components: readonly Component[], alwaysAnswers200: boolean): Answer {
  const worst = Math.max(...components.map(({ status }) => severities.indexOf(status)));
  const status = severities[worst] ?? 'unhealthy';
  const body = { status, version: 'sandbox', uptime_seconds: (Date.now() - setup.startedMs) / 1000, components };
  return json(status === 'unhealthy' && !alwaysAnswers200 ? 503 : 200, body);
}

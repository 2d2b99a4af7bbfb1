import { get } from 'node:http';

/** How often the limiter has decided so for a bucket, since its process started. */
export interface DecisionCounters {
  readonly allowed: number;
  /** Answered 429. */
  readonly blocked: number;
  /** Let pass, and counted as what would have been answered 429. */
  readonly shadowBlocked: number;
}

type Kind = keyof DecisionCounters;

/** Reads a bucket's counters off an origin's /metrics. Rejects where it does not answer 200. */
export async function readDecisionCounters(
  origin: string,
  bucket: string,
  signal: AbortSignal,
): Promise<DecisionCounters> {
  return countDecisions(await bodyOf(`${origin}/metrics`, signal), bucket);
}

/** Adds up the series of a bucket, in the handbook's spelling of labels and in that of deployed servers. */
export function countDecisions(exposition: string, bucket: string): DecisionCounters {
  const sums = { allowed: 0, blocked: 0, shadowBlocked: 0 };
  for (const [, labels = '', value] of exposition.matchAll(/^\w+_rl_decisions_total\{([^}]*)\} (\S+)$/gm)) {
    const of = (name: string): string => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
    if (of('bucket') === bucket) sums[kindOf(of('action'), of('shadow'))] += Number(value);
  }
  return sums;
}

function kindOf(action: string, shadow: string): Kind {
  if (action === 'allow' || action === 'allowed') return 'allowed';
  return action === 'shadow_block' || shadow.toLowerCase() === 'true' ? 'shadowBlocked' : 'blocked';
}

function bodyOf(url: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = get(url, { signal, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => void (text += chunk));
      response.once('error', reject);
      response.once('end', () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${url} answered ${response.statusCode}`));
      });
    });
    call.once('error', reject);
  });
}

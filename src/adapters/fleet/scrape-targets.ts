import * as z from 'zod/mini';
import { RlctlError } from '../../domain/errors.js';
import type { SourceCredential } from '../../domain/source-credential.js';
import type { ScrapeTarget } from '../../ports/instance-sources.js';
import { createEndpoint } from '../metrics/endpoint.js';
import { refusalOf } from '../metrics/refusal.js';

export interface ScrapeTargetOptions {
  /** The address of Prometheus, path prefix included. */
  readonly url: string;
  readonly credential: SourceCredential | null;
  readonly debug: (line: string) => void;
}

const answerShape = z.looseObject({
  status: z.literal('success'),
  data: z.looseObject({
    activeTargets: z.array(z.looseObject({ scrapeUrl: z.string(), labels: z.record(z.string(), z.string()) })),
  }),
});

/** Asks a Prometheus for everything that it scrapes at this moment. */
export async function readScrapeTargets(
  options: ScrapeTargetOptions,
  signal: AbortSignal,
): Promise<readonly ScrapeTarget[]> {
  const url = `${options.url.replace(/\/+$/, '')}/api/v1/targets?state=active`;
  const endpoint = createEndpoint({ ...options, url, setting: 'prometheus' });
  try {
    const answer = await endpoint.get(signal, true);
    const refusal = refusalOf(answer, endpoint.url, 'prometheus', (type) => /^application\/json\b/i.test(type));
    if (refusal !== null) throw refusal;
    return targetsOf(answer.body, endpoint.url);
  } finally {
    endpoint.close();
  }
}

function targetsOf(body: string, { origin, pathname }: URL): readonly ScrapeTarget[] {
  try {
    const { activeTargets } = answerShape.parse(JSON.parse(body)).data;
    return activeTargets.map(({ scrapeUrl, labels }) => ({ url: scrapeUrl, labels: new Map(Object.entries(labels)) }));
  } catch {
    throw new RlctlError('refused', `${origin}${pathname} answered JSON that is not Prometheus's list of targets`, {
      code: 'PROMETHEUS_NOT_ITS_OWN',
      hint: 'Set prometheus to the address under which /api/v1/targets stands, path prefix included.',
    });
  }
}

import { metricNames } from '../../domain/decisions/metric-names.js';
import { RlctlError } from '../../domain/errors.js';
import type { MetricsInspector } from '../../ports/metrics-inspector.js';
import type { Endpoint } from './endpoint.js';
import { readExposition, type Exposition } from './exposition.js';
import { refusalOf } from './refusal.js';

/** Looks at the page that one process shows. */
export function createPageInspector(endpoint: Endpoint): MetricsInspector {
  const place = `${endpoint.url.origin}${endpoint.url.pathname}`;
  return {
    name: place,
    inspect: async (namespace, deadline) => {
      const answer = await endpoint.get(deadline.signal(), false);
      const refusal = refusalOf(answer, endpoint.url, 'metrics', (type) => /^text\/plain\b/i.test(type));
      if (refusal !== null) throw refusal;
      const page = read(answer.body, namespace, place);
      const names = metricNames(namespace);
      const series = [...page.series.values()];
      return {
        names: new Set(series.map(({ metric }) => names[metric])),
        decisionNames: page.decisionMetrics,
        labels: series.filter(({ metric, bucket }) => metric === 'decisions' && bucket !== ''),
        ageMs: null,
        targets: null,
        alerts: null,
        alertedNames: new Set(),
      };
    },
    close: () => endpoint.close(),
  };
}

function read(body: string, namespace: string, place: string): Exposition {
  try {
    return readExposition(body, namespace);
  } catch {
    throw new RlctlError('refused', `${place} answered what is not the text format of Prometheus`, {
      code: 'METRICS_NOT_ITS_OWN',
      hint: `Look at it: curl -H "Accept: text/plain;version=0.0.4" ${place}`,
    });
  }
}

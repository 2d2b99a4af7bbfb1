import * as z from 'zod/mini';
import { metricNames } from '../../domain/decisions/metric-names.js';
import { selectorsOf, type AlertRule } from '../../domain/doctor/alerts.js';
import { RlctlError } from '../../domain/errors.js';
import type { Deadline } from '../../ports/deadline.js';
import type { MetricsFacts, MetricsInspector, TargetFacts } from '../../ports/metrics-inspector.js';
import type { Endpoint } from './endpoint.js';
import { readQueryAnswer, type AnsweredSeries } from './prometheus-wire.js';
import { quoteAlternatives, quoteLabel } from './promql.js';
import { refusalOf } from './refusal.js';

type Labels = ReadonlyMap<string, string>;

/** Looks at a Prometheus: its targets, its rules, and the limiter's series. */
export function createPrometheusInspector(endpoint: Endpoint, labels: Labels): MetricsInspector {
  const place = `Prometheus at ${endpoint.url.origin}${endpoint.url.pathname.replace(/\/+$/, '')}`;
  const query = async (text: string, deadline: Deadline): Promise<readonly AnsweredSeries[]> => {
    const answer = await endpoint.ask('/api/v1/query', new URLSearchParams({ query: text }), deadline.signal());
    const refusal = refusalOf(answer, endpoint.url, 'prometheus', (type) => /^application\/json\b/i.test(type));
    if (refusal !== null) throw refusal;
    return readQueryAnswer(answer.body, place).series;
  };
  return {
    name: place,
    inspect: async (namespace, deadline) => {
      const own = [...labels].map(([name, value]) => `${name}=${quoteLabel(value)}`);
      const names = metricNames(namespace);
      const decisions = `${names.decisions}{${own.join(',')}}`;
      const overrides = `${names.activeOverrides}{${own.join(',')}}`;
      const prefix = names.decisions.replace(/decisions_total$/, '');
      const anyOfIt = `{${[`__name__=~${quoteLabel(`${prefix}.+`)}`, ...own].join(',')}}`;
      const [found, others, spelled, ages, targets, alerts] = await Promise.all([
        query(`count by (__name__) (last_over_time(${anyOfIt}[1h]))`, deadline),
        query('count by (__name__) ({__name__=~".+_rl_decisions_total"})', deadline),
        query(`count by (action, shadow) (last_over_time(${decisions}[1h]))`, deadline),
        query(`time() - max(${newest([decisions, overrides])})`, deadline),
        lookAt(endpoint, '/api/v1/targets?state=active', readTargets, deadline),
        lookAt(endpoint, '/api/v1/rules?type=alert', readAlerts, deadline),
      ]);
      const asked = [...new Set((alerts ?? []).flatMap(({ expression }) => metricsIn(expression)))];
      const there =
        asked.length === 0
          ? []
          : await query(`count by (__name__) (last_over_time({__name__=~${quoteAlternatives(asked)}}[1d]))`, deadline);
      return {
        names: namesOf(found),
        decisionNames: [...namesOf(others)].sort(),
        labels: spelled.map(({ labels: each }) => ({
          action: each.get('action') ?? '',
          shadow: each.get('shadow') ?? '',
        })),
        ageMs: ages[0] === undefined ? null : (ages[0].samples[0]?.value ?? 0) * 1000,
        targets,
        alerts: alerts?.filter(({ expression }) => metricsIn(expression).length > 0) ?? null,
        alertedNames: namesOf(there),
      } satisfies MetricsFacts;
    },
    close: () => endpoint.close(),
  };
}

/** The times of the newest samples: those of now, else those of the last hour, to 15 s. */
function newest(selectors: readonly string[]): string {
  const now = selectors.map((selector) => `timestamp(${selector})`);
  const lately = now.map((times) => `max_over_time(${times}[1h:15s])`);
  return [...now, ...lately].join(' or ');
}

function metricsIn(expression: string): readonly string[] {
  return selectorsOf(expression).map(({ metric }) => metric);
}

function namesOf(series: readonly AnsweredSeries[]): ReadonlySet<string> {
  return new Set(series.map(({ labels }) => labels.get('__name__') ?? ''));
}

/** What else Prometheus tells, where it does: what merely has its query API answers 404. */
async function lookAt<T>(
  endpoint: Endpoint,
  path: string,
  read: (json: unknown) => T,
  deadline: Deadline,
): Promise<T | null> {
  try {
    const answer = await endpoint.look(path, deadline.signal());
    return answer.status === 200 ? read(JSON.parse(answer.body)) : null;
  } catch (error) {
    if (error instanceof RlctlError) throw error;
    return null;
  }
}

function readTargets(json: unknown): readonly TargetFacts[] {
  const shape = z.looseObject({
    data: z.looseObject({
      activeTargets: z.array(
        z.looseObject({
          labels: z.record(z.string(), z.string()),
          scrapeUrl: z.string(),
          lastError: z.optional(z.string()),
          health: z.string(),
        }),
      ),
    }),
  });
  return shape.parse(json).data.activeTargets.map(({ labels, scrapeUrl, lastError, health }) => ({
    job: labels['job'] ?? '',
    url: scrapeUrl,
    // One that has not been scraped yet is "unknown", and not down.
    isUp: health !== 'down',
    lastError: lastError ?? '',
  }));
}

function readAlerts(json: unknown): readonly AlertRule[] {
  const rule = z.looseObject({
    type: z.string(),
    name: z.string(),
    query: z.string(),
    lastError: z.optional(z.string()),
  });
  const shape = z.looseObject({
    data: z.looseObject({ groups: z.array(z.looseObject({ rules: z.array(rule) })) }),
  });
  return shape
    .parse(json)
    .data.groups.flatMap(({ rules }) => rules)
    .filter(({ type }) => type === 'alerting')
    .map(({ name, query, lastError }) => ({ name, expression: query, lastError: lastError ?? '' }));
}

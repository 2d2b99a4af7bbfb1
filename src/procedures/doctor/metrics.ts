import { settingSentence } from '../../domain/config/setting-cure.js';
import { counted } from '../../domain/counted.js';
import { actionOf } from '../../domain/decisions/labels.js';
import { metricNames } from '../../domain/decisions/metric-names.js';
import { neverFires, selectorsOf } from '../../domain/doctor/alerts.js';
import { RlctlError } from '../../domain/errors.js';
import type { Found } from '../../domain/doctor/report.js';
import { formatDuration } from '../../domain/duration.js';
import { quoteOutside } from '../../domain/outside-text.js';
import { isElsewhere } from './redis.js';
import { NotChecked, well, type Answer, type Facts } from './facts.js';

const seen = (facts: Facts) => facts.restsOn(facts.metrics(), 'metrics.reachable');

/** Whether the metrics can be read. */
export async function checkReachable(facts: Facts): Promise<Answer> {
  try {
    return well((await facts.metrics()).name);
  } catch (error) {
    const isName = error instanceof RlctlError && error.code.endsWith('_DNS');
    if (isName && facts.isSelected('network.dns')) throw new NotChecked('see network.dns');
    throw error;
  }
}

/** Targets of Prometheus that are down. Only those of the limiter: others in the same Prometheus are not our affair. */
export async function checkTargets(facts: Facts): Promise<Answer> {
  const { targets, name } = await seen(facts);
  if (targets === null) throw new NotChecked('only Prometheus knows targets');
  const { targets: addresses } = await facts.restsOn(facts.addresses(), 'api.reachable');
  const origins = new Set(addresses.map((origin) => new URL(origin).host));
  const own = targets.filter(({ url, job }) => isOwn(url, job, origins));
  const found = own
    .filter(({ isUp }) => !isUp)
    .map(({ job, url, lastError }): Found => {
      const evidence = quoteOutside(lastError, 200) || 'the last scrape failed';
      const shown = withoutQuery(url);
      return {
        code: 'TARGET_DOWN',
        part: shown,
        message: `${name} cannot scrape ${shown} (job ${quoteOutside(job, 60)}): ${evidence}`,
        evidence,
        cure: `Look at it as Prometheus does: curl -sS ${shown}`,
      };
    });
  const up = own.length - found.length;
  return {
    evidence:
      own.length === 0
        ? `none of ${counted(targets.length, 'target')} is one of these addresses`
        : `${up} of ${own.length} up`,
    found,
  };
}

/** By its address; behind a balancer the instances have other ones, and then the job's or path's name says it. */
function isOwn(url: string, job: string, origins: ReadonlySet<string>): boolean {
  if (URL.canParse(url) && origins.has(new URL(url).host)) return true;
  return /limit/i.test(job);
}

function withoutQuery(url: string): string {
  if (!URL.canParse(url)) return quoteOutside(url, 120);
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

/** No series is no data, which is not zero. */
export async function checkSeries(facts: Facts): Promise<Answer> {
  const { names, decisionNames, name } = await seen(facts);
  const namespace = facts.environment.namespace ?? '';
  const { decisions } = metricNames(namespace);
  const evidence = `${counted(names.size, 'metric')} of ${quoteOutside(namespace, 60)}`;
  if (names.has(decisions)) return well(evidence);
  const others = decisionNames.filter((each) => each !== decisions).map((each) => quoteOutside(each, 80));
  const isOther = names.size === 0 && others.length > 0;
  if (names.size > 0) {
    // A limiter that has decided nothing yet need not have the series yet.
    return well(`${evidence}, and no decision so far`);
  }
  // A server that has decided nothing yet shows its other metrics alone.
  // The namespace of the document and that of the metrics are one setting.
  if (isOther && (await isElsewhere(facts))) throw new NotChecked('see redis.namespace');
  const theirs = others[0]?.replace(/_rl_\w*$/, '') ?? '';
  const cure = isOther
    ? `${settingSentence(facts.environment, 'namespace', theirs)} if that is the limiter's; the metrics are named by it`
    : 'Check that metrics: or prometheus: names the place where the limiter is scraped, and its labels: rlctl env show';
  const message = `${name} has no series of ${decisions}${isOther ? `, but of ${others.slice(0, 3).join(', ')}` : ''}`;
  return {
    evidence,
    found: [
      {
        code: 'NO_SERIES',
        part: name,
        message,
        evidence: `looked for ${decisions.replace(/decisions_total$/, '')}*`,
        cure,
      },
    ],
  };
}

/** Servers spell the labels of decisions in one of two ways; queries must accept both. */
export async function checkLabels(facts: Facts): Promise<Answer> {
  const { labels, name } = await seen(facts);
  const spelled = labels.filter(({ action }) => action !== '');
  if (spelled.length === 0) throw new NotChecked('no decision has been counted yet');
  const texts = [
    ...new Set(
      spelled.map(({ action, shadow }) => `action=${quoteOutside(action, 20)} shadow=${quoteOutside(shadow, 20)}`),
    ),
  ].sort();
  const evidence = texts.join(', ');
  const unknown = spelled.filter(({ action, shadow }) => actionOf(action, shadow) === null);
  const found: Found[] = [];
  if (unknown.length > 0) {
    found.push({
      code: 'LABELS_UNKNOWN',
      part: name,
      message: 'decisions carry labels in a spelling that nobody knows; they are counted as none',
      evidence,
      cure: 'Compare the version of the server with the handbook; rlctl decisions show counts the known spellings.',
    });
  }
  const isPython = (shadow: string): boolean => /^[TF]/.test(shadow);
  if (spelled.some(({ shadow }) => isPython(shadow)) && spelled.some(({ shadow }) => !isPython(shadow))) {
    found.push({
      code: 'LABELS_MIXED',
      part: name,
      message: 'decisions are spelled in both ways: servers of two generations count into one namespace',
      evidence,
      cure: 'Write both spellings in every query and alert: action=~"blocked|block", shadow=~"false|False".',
    });
  }
  const isDeployed = spelled.every(
    ({ action, shadow }) => isPython(shadow) || action === 'allow' || action === 'block',
  );
  if (found.length === 0 && isDeployed) {
    found.push({
      code: 'LABELS_DEPLOYED',
      part: name,
      message: 'decisions are spelled as deployed servers do: an alert as the handbook writes it never fires on them',
      evidence,
      cure: 'Write both spellings in every query and alert: action=~"blocked|block", shadow=~"false|False".',
    });
  }
  return { evidence, found };
}

/** Longer than this ago, and every figure is about the past. */
const staleMs = 2 * 60_000;

/** The newest sample. */
export async function checkAge(facts: Facts): Promise<Answer> {
  const { ageMs, names, targets, name } = await seen(facts);
  if (targets === null && ageMs === null) throw new NotChecked('a page is as fresh as its answer');
  if (ageMs === null) throw new NotChecked(names.size === 0 ? 'see metrics.series' : 'no sample within an hour');
  const evidence = `newest sample ${formatDuration(Math.max(0, ageMs))} old`;
  if (ageMs <= staleMs) return well(evidence);
  const message = `the newest sample in ${name} is ${formatDuration(ageMs)} old: nothing is scraped any more`;
  const cure = `See which target fails and why: rlctl doctor --only metrics.targets; scrape_interval must be below ${formatDuration(staleMs)}`;
  return { evidence, found: [{ code: 'METRICS_STALE', part: name, message, evidence, cure }] };
}

/** An alert that waits for a spelling or a name that nobody uses is silent for ever. */
export async function checkAlerts(facts: Facts): Promise<Answer> {
  const { alerts, alertedNames, labels, names } = await seen(facts);
  if (names.size === 0 && facts.isSelected('metrics.series')) throw new NotChecked('see metrics.series');
  if (alerts === null) throw new NotChecked('only Prometheus knows alerts');
  const lazily = Object.values(metricNames(facts.environment.namespace ?? ''));
  const found = alerts.flatMap((rule): Found[] => {
    const part = `alert ${quoteOutside(rule.name, 80)}`;
    const evidence = quoteOutside(rule.expression, 300);
    if (rule.lastError !== '') {
      const cure = 'Correct the rule, and check it with: promtool check rules FILE';
      return [
        {
          code: 'ALERT_BROKEN',
          part,
          message: `the ${part} cannot be evaluated: ${quoteOutside(rule.lastError, 120)}`,
          evidence,
          cure,
        },
      ];
    }
    // Counters of errors may not exist before the first error.
    const own = selectorsOf(rule.expression).flatMap(({ metric }) =>
      lazily.some((each) => metric.startsWith(each)) && metric.includes('_error') ? [metric] : [],
    );
    const fault = neverFires(rule, { names: new Set([...alertedNames, ...own]), labels });
    if (fault === null) return [];
    return [
      {
        code: 'ALERT_NEVER_FIRES',
        part,
        message: `the ${part} can never fire: ${fault.why}`,
        evidence,
        cure: fault.cure,
      },
    ];
  });
  return { evidence: `${counted(alerts.length, 'alert')} on the limiter`, found };
}

import { actionSpellings, shadowSpellings } from '../../domain/decisions/labels.js';
import { metricNames } from '../../domain/decisions/metric-names.js';
import { RlctlError, type ErrorKind } from '../../domain/errors.js';
import { quoteOutside } from '../../domain/outside-text.js';
import type { RawAnswer } from '../http/exchange.js';

type Setting = 'prometheus' | 'metrics';

const names = { prometheus: 'Prometheus', metrics: '/metrics' } as const;

/** A failed exchange in the words of this address: the HTTP adapter speaks of the API's. Interrupts stay what they are. */
export function sourceFailure(error: unknown, setting: Setting): unknown {
  if (!(error instanceof RlctlError) || !error.code.startsWith('API_')) return error;
  const code = error.code.replace(/^API/, setting.toUpperCase());
  const hint = (error.hint ?? '')
    .replaceAll('"api"', `"${setting}"`)
    .replaceAll('RLCTL_API', `RLCTL_${setting.toUpperCase()}`)
    .replace('that the server runs', `that ${names[setting]} is up`)
    .replace('the server', names[setting]);
  return new RlctlError(error.kind, `${names[setting]} at ${error.message}`, { code, hint });
}

/** An answer that is not the one that was asked for; `null`: its status and type are right. */
export function refusalOf(
  answer: RawAnswer,
  url: URL,
  setting: Setting,
  isExpectedType: (type: string) => boolean,
): RlctlError | null {
  const { status, headers, body, isTooLarge } = answer;
  const type = headers.get('content-type') ?? '';
  const place = `${names[setting]} at ${url.origin}${url.pathname}`;
  const refuse = (kind: ErrorKind, code: string, why: string, hint: string): RlctlError =>
    new RlctlError(kind, `${place} ${why}`, { code: `${setting.toUpperCase()}_${code}`, hint });
  if (isTooLarge) {
    return refuse(
      'refused',
      'TOO_LARGE',
      'answered more than 8 MiB',
      'Ask for less: --bucket, a shorter --since or a longer --step.',
    );
  }
  if (status === 401 || status === 403) {
    const cure = `Set ${setting}: {url, bearer: {file: …}} or {url, basic: {username, password: {file: …}}} in rlctl.yaml; "rlctl env show" says what is set now.`;
    return refuse('refused', 'UNAUTHORISED', `refused the credentials (${status})`, cure);
  }
  if (status >= 300 && status < 400) {
    const to = quoteOutside(headers.get('location') ?? 'nowhere');
    return refuse(
      'refused',
      'REDIRECT',
      `redirects to ${to}, and rlctl follows no redirect`,
      `Set ${setting} to the address that answers itself.`,
    );
  }
  if (status === 404 || status === 405) {
    return refuse('refused', 'WRONG_PATH', `answered ${status}: it does not stand there`, wrongPathHint(setting));
  }
  if (status === 429 || status >= 500) {
    return refuse(
      'unreachable',
      'UNWELL',
      `answered ${status}${saidText(body, type)}`,
      'Look at its health, and repeat the command.',
    );
  }
  if (isExpectedType(type)) return null;
  const what = /html/i.test(type)
    ? 'HTML, as a proxy or a login page does'
    : `"${quoteOutside(type) || 'no content type'}"`;
  return refuse('refused', 'NOT_ITS_OWN', `answered ${status} with ${what}`, wrongPathHint(setting));
}

function wrongPathHint(setting: Setting): string {
  return setting === 'prometheus'
    ? 'Set prometheus to the address under which /api/v1/query stands, path prefix included; a login proxy wants {url, bearer}.'
    : 'Set metrics to the full address; /metrics, /internal/metrics, /api/v1/internal/metrics and /api/v1/metrics/prometheus are in use.';
}

function saidText(body: string, type: string): string {
  const said = /^text\/plain|json/i.test(type) ? quoteOutside(body, 120) : '';
  return said === '' ? '' : `: ${said}`;
}

/** What there is instead of the series that were looked for. */
export interface NoSeriesFacts {
  readonly namespace: string;
  /** The labels that were looked for. */
  readonly labels: string;
  /** Names of decision counters, of whatever namespace. */
  readonly found: readonly string[];
  /** Buckets of this namespace. */
  readonly buckets: readonly string[];
}

/** No series: its hint tells the spellings that were looked for, and where to look instead. */
export function noSeriesError(message: string, { namespace, labels, found, buckets }: NoSeriesFacts): RlctlError {
  const { decisions } = metricNames(namespace);
  const spelled = `action ${actionSpellings.join('|')} with shadow ${shadowSpellings.join('|')}`;
  const there =
    buckets.length > 0
      ? `It has the buckets ${buckets.slice(0, 12).join(', ')}.`
      : found.length > 0
        ? `It has: ${found.slice(0, 5).join(', ')}. Check namespace (now "${quoteOutside(namespace, 60)}").`
        : 'It has no series *_rl_decisions_total at all: is this where the API’s metrics are?';
  return new RlctlError('refused', message, {
    code: 'NO_SERIES',
    hint: `Looked for ${decisions}{${labels}} in both spellings: ${spelled}. ${there}`,
    details: { namespace, metric: decisions, found, buckets },
  });
}

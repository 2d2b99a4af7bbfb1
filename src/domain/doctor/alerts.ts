import { actionSpellings, shadowSpellings } from '../decisions/labels.js';

/** An alert as Prometheus holds it. */
export interface AlertRule {
  readonly name: string;
  readonly expression: string;
  /** What Prometheus says is wrong with it; empty: nothing. */
  readonly lastError: string;
}

/** One selector of an expression: a metric, and the matchers that it must meet. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
}

export interface Matcher {
  readonly label: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

const selectorPattern = /([A-Za-z_:][\w:]*_rl_\w+)\s*(?:\{((?:[^{}"']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*)\})?/g;
const matcherPattern = /([A-Za-z_]\w*)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')/g;

/** The selectors of metrics that are named like the limiter's. What cannot be taken apart is left out. */
export function selectorsOf(expression: string): readonly Selector[] {
  return [...expression.matchAll(selectorPattern)].map(([, metric = '', inside = '']) => ({
    metric,
    matchers: [...inside.matchAll(matcherPattern)].map(([, label = '', operator = '=', double, single]) => ({
      label,
      operator: operator as Matcher['operator'],
      value: (double ?? single ?? '').replaceAll(/\\(.)/g, '$1'),
    })),
  }));
}

/** The spellings of one family of servers. */
interface Family {
  readonly action: readonly string[];
  readonly shadow: readonly string[];
}

const [allowed, blocked, ...deployedActions] = actionSpellings;
const documented: Family = { action: [allowed, blocked], shadow: shadowSpellings.slice(0, 2) };
const deployed: Family = { action: deployedActions, shadow: shadowSpellings.slice(2) };

/** What is known of the series that alerts ask for. */
export interface KnownSeries {
  /** The metrics among those asked for that have series. */
  readonly names: ReadonlySet<string>;
  /** The labels that decisions carry. */
  readonly labels: readonly { readonly action: string; readonly shadow: string }[];
}

/**
 * Why an alert can never fire: it asks for a metric that nobody has, or for a spelling of a label that this server does
 * not use. A value that merely has not occurred yet is no reason. `null`: nothing speaks against it.
 */
export function neverFires(
  rule: AlertRule,
  known: KnownSeries,
): { readonly why: string; readonly cure: string } | null {
  for (const { metric, matchers } of selectorsOf(rule.expression)) {
    if (!known.names.has(metric)) {
      return {
        why: `nothing has a series of ${metric}`,
        cure: 'Correct the name in the rule: its first part is the namespace of the limiter.',
      };
    }
    for (const matcher of matchers) {
      const fault = spelledOtherwise(matcher, known);
      if (fault !== null) return fault;
    }
  }
  return null;
}

function spelledOtherwise({ label, operator, value }: Matcher, { labels }: KnownSeries) {
  if ((label !== 'action' && label !== 'shadow') || operator.startsWith('!')) return null;
  const seen = new Set(labels.map((each) => each[label]));
  const families = [documented, deployed].filter((family) => family[label].some((each) => seen.has(each)));
  if (families.length !== 1) return null;
  const possible = [...(families[0]?.[label] ?? []), ...seen];
  if (possible.some((each) => matches(operator, value, each))) return null;
  const both = label === 'action' ? 'action=~"blocked|block"' : 'shadow=~"false|False"';
  return {
    why: `no series has ${label}${operator}"${value}"; this server writes ${[...seen].sort().join(', ')}`,
    cure: `Write both spellings in the rule, such as ${both}.`,
  };
}

function matches(operator: string, value: string, text: string): boolean {
  if (operator === '=') return text === value;
  try {
    return new RegExp(`^(?:${value})$`).test(text);
  } catch {
    // Go's expressions know a little more than these: then nothing is claimed.
    return true;
  }
}

import { counted } from '../counted.js';
import { quoteOutside } from '../outside-text.js';
import { standingsOf } from './judge-metrics.js';
import type { Observations } from './observations.js';
import type { Evidence } from './proof.js';

/** What the server shows of its overrides while the stored document cannot be read: `2 overrides`; `null`: nothing shows it. */
export function heldInWords({ changed, metrics, loaded }: Observations): string | null {
  const lists = changed.flatMap(({ answers }) =>
    answers.flatMap(({ activeOverrides }) => activeOverrides?.length ?? []),
  );
  const gauges =
    metrics && metrics.failure === null ? standingsOf(metrics, loaded).flatMap(({ values }) => values) : [];
  const counts = [...new Set(lists.length > 0 ? lists : gauges)].sort((a, b) => a - b);
  const [only] = counts;
  if (only === undefined) return null;
  return counts.length === 1 ? counted(only, 'override') : `${counts.join(' or ')} overrides`;
}

/** The same as evidence. It is told as seen: what cannot be read sets no expectation for it. */
export function heldLines(seen: Observations): readonly Evidence[] {
  const held = heldInWords(seen);
  if (held === null) return [];
  const isListed = seen.changed.some(({ answers }) => answers.some((each) => each.activeOverrides !== undefined));
  const source = isListed ? (seen.changed[0]?.source ?? '') : quoteOutside(seen.metrics?.source ?? '', 120);
  return [{ subject: 'prefixes', verdict: 'neutral', text: `the server now shows ${held}`, source, route: null }];
}

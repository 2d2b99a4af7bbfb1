import { counted } from '../domain/counted.js';
import type { EachAnswer } from '../procedures/ask-each.js';
import { term } from './term.js';
import type { Theme } from './theme.js';

/** Names of instances shown in a sentence, at most. */
const mostNamed = 3;

/** `http://a, http://b and 4 more` */
export function namesOf(targets: readonly string[]): string {
  const more = targets.length - mostNamed;
  return `${targets.slice(0, mostNamed).map(term).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** One line for each cause for which instances did not answer. */
export function silentLines({ failures, total }: EachAnswer<unknown>, theme: Theme): readonly string[] {
  const byCause = new Map<string, { message: string; targets: string[] }>();
  for (const { target, error } of failures) {
    const message = error.message
      .replaceAll(target, '')
      .replaceAll(new URL(target).host, '')
      .replace(/^[:\s]+/, '');
    const known = byCause.get(`${error.code} ${message}`) ?? { message, targets: [] };
    known.targets.push(target);
    byCause.set(`${error.code} ${message}`, known);
  }
  return [...byCause.values()].map(({ message, targets }) =>
    theme.bad(
      `✗ no answer from ${targets.length} of ${counted(total, 'instance')} (${namesOf(targets)}): ${term(message)}`,
    ),
  );
}

/** Who did not answer, and why, for programs. */
export function failuresJson({ failures }: EachAnswer<unknown>) {
  return failures.map(({ target, error }) => ({ instance: target, code: error.code, message: error.message }));
}

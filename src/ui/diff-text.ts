import type { RouteDiff } from '../domain/override/diff.js';
import { term } from './term.js';
import type { Theme } from './theme.js';

const signs = { added: '+', removed: '-', changed: '~', moved: '↕', kept: '=' } as const;

/** A diff in lines, field by field; never a change without its fields. An empty diff is empty. */
export function diffText(diff: readonly RouteDiff[], theme: Theme): string {
  const paint = { added: theme.good, removed: theme.bad, changed: theme.warn, moved: theme.accent, kept: theme.dim };
  return diff
    .flatMap((each) => {
      const { route, kind, fields, before, after } = each;
      const head = paint[kind](`${signs[kind]} ${term(route === '' ? '"" (every route)' : route)}`) + placeText(each);
      const width = Math.max(0, ...fields.map(({ name }) => term(name).length));
      const shown = fields.map(
        ({ name, before: old, after: now }) => `    ${term(name).padEnd(width)}  ${valueText(old)} → ${valueText(now)}`,
      );
      const whole =
        fields.length === 0 && kind !== 'moved' && kind !== 'kept'
          ? [`    ${term(before ?? '(no entry)')} → ${term(after ?? '(no entry)')}`]
          : [];
      return [head, ...shown, ...whole];
    })
    .join('\n');
}

/** Where an entry goes: order is meaning. Nothing for one that stays, for the only one, and where it is not known. */
function placeText({ kind, isMoved, toIndex, toNext }: RouteDiff): string {
  if (toIndex === null || (kind !== 'added' && !isMoved) || (toIndex === 0 && toNext === null)) return '';
  const place = toNext === null ? 'last' : `before ${term(JSON.stringify(toNext))}`;
  return `  ${isMoved ? 'now ' : ''}${place}`;
}

function valueText(value: unknown): string {
  return value === undefined ? '-' : term(JSON.stringify(value));
}

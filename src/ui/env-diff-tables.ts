import type { Environment } from '../domain/config/environment.js';
import { counted } from '../domain/counted.js';
import type { Part } from '../domain/part.js';
import type { EnvironmentComparison, EnvironmentRoute, RouteTerms } from '../procedures/environment/compare.js';
import type { Fact, Told } from '../procedures/environment/facts.js';
import type { OverrideListing } from '../procedures/override/inspect.js';
import { renderTable } from './table.js';
import { term } from './term.js';
import type { Theme } from './theme.js';

/** One of the two environments, and its overrides. */
export interface ShownSide {
  readonly environment: Environment;
  readonly overrides: Part<OverrideListing>;
  /** True: an override matches every route there. */
  readonly isCoveredWhole: boolean;
}

/** Every override that differs, a line for each thing that does. */
export async function overridesText(
  { routes, sameCount }: EnvironmentComparison,
  left: ShownSide,
  right: ShownSide,
  theme: Theme,
): Promise<string> {
  if (routes === null) return theme.warn('overrides: not compared, because those of one side are not known');
  if (routes.length === 0) return `overrides: the same on both sides, in the same order (${sameCount})`;
  const placeRow = placesIn(left, right);
  const rows = routes.flatMap((each) => routeRows(each, placeRow, theme));
  const count = `${counted(routes.length, 'override')} ${routes.length === 1 ? 'differs' : 'differ'}`;
  return [
    await renderTable(
      [{ title: '' }, { title: 'OVERRIDE' }, { title: 'WHAT' }, ...sideColumns(left, right)],
      rows,
      theme,
    ),
    theme.dim(`${count}, ${sameCount} ${sameCount === 1 ? 'is' : 'are'} the same`),
  ].join('\n');
}

function sideColumns(left: ShownSide, right: ShownSide) {
  return [left, right].map(({ environment }) => ({ title: term(environment.name), isFlexible: true }));
}

type Row = readonly [what: string, left: string, right: string];

/** A line for each thing that differs; the route stands in the first of them. */
function routeRows(
  { diff, left, right }: EnvironmentRoute,
  placeRow: PlaceRow,
  theme: Theme,
): readonly (readonly string[])[] {
  const rows = [...valueRows(diff), ...placeRow(diff), ...termsRows(left, right)];
  const name = theme.accent(term(diff.route === '' ? '""' : diff.route));
  return rows.map((row, index) => [index === 0 ? theme.bad('≠') : '', index === 0 ? name : '', ...row]);
}

function valueRows({ kind, fields, before, after }: EnvironmentRoute['diff']): readonly Row[] {
  if (kind === 'moved' || kind === 'kept') return [];
  if (kind === 'changed' && fields.length > 0) {
    const text = (value: unknown): string => (value === undefined ? '-' : term(JSON.stringify(value)));
    return fields.map(({ name, before: one, after: other }) => [term(name), text(one), text(other)]);
  }
  return [['override', before === null ? 'none' : term(before), after === null ? 'none' : term(after)]];
}

type PlaceRow = (diff: EnvironmentRoute['diff']) => readonly Row[];

/** Order is meaning, and the same number on both sides may be another place: what stands in front tells. */
function placesIn(left: ShownSide, right: ShownSide): PlaceRow {
  const text = ({ overrides }: ShownSide, index: number | null): string => {
    if (index === null || overrides.state !== 'ok') return '-';
    const before = overrides.value.document.members[index - 1];
    return before === undefined ? '1, the first' : `${index + 1}, behind ${term(JSON.stringify(before.key))}`;
  };
  return ({ isMoved, fromIndex, toIndex }) => (isMoved ? [['place', text(left, fromIndex), text(right, toIndex)]] : []);
}

function termsRows(left: RouteTerms | null, right: RouteTerms | null): readonly Row[] {
  const row = (what: string, text: (terms: RouteTerms | null) => string): readonly Row[] =>
    text(left) === text(right) ? [] : [[what, text(left), text(right)]];
  return [...row('until', untilText), ...row('owner', (terms) => (terms?.owner == null ? '-' : term(terms.owner)))];
}

function untilText(terms: RouteTerms | null): string {
  if (terms?.untilMs == null) return '-';
  return `${terms.isRemoved ? 'removed until ' : ''}${shortTime(new Date(terms.untilMs).toISOString())}`;
}

/** `2026-11-21 12:00Z` */
function shortTime(at: string): string {
  return at.replace(/^(.{10})T(.{5}).*$/, '$1 $2Z');
}

/** Everything besides overrides; `≠`: it differs, `~`: it does and does not count. */
export async function factsTable(
  facts: readonly Fact[],
  left: ShownSide,
  right: ShownSide,
  theme: Theme,
): Promise<string> {
  // A bucket's numbers are worth a line only where they differ, and a trait only where one side has shown it.
  const isWorth = ({ part, isDifferent, left: one, right: other }: Fact): boolean =>
    isDifferent || (part !== 'policy' && (part !== 'server' || one.state !== 'unknown' || other.state !== 'unknown'));
  const rows = facts
    .filter(isWorth)
    .map(({ title, left: one, right: other, isDifferent, isCounted }) => [
      isCounted ? theme.bad('≠') : isDifferent ? theme.warn('~') : '',
      term(title),
      toldText(one, theme),
      toldText(other, theme),
    ]);
  return renderTable([{ title: '' }, { title: 'ABOUT' }, ...sideColumns(left, right)], rows, theme);
}

function toldText(told: Told, theme: Theme): string {
  switch (told.state) {
    case 'now':
      return term(String(told.value));
    case 'remembered':
      return `${term(String(told.value))} ${theme.dim(`(seen ${term(shortTime(told.at))})`)}`;
    case 'unknown':
      return theme.dim('not known');
  }
}

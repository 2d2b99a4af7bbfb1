import { counted } from '../domain/counted.js';
import { differenceJson } from './compare-json.js';
import type { Difference, FieldChange, Meaning } from '../domain/compare/difference.js';
import type { NewlyHidden } from '../domain/compare/newly-hidden.js';
import type { Region } from '../domain/compare/regions.js';
import type { Policy } from '../domain/control-plane.js';
import { policyInWords } from '../domain/policy/gcra.js';
import { renderTable } from './table.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/** One of the two documents. */
export interface ComparedSide {
  /** As it was named on the command line. */
  readonly name: string;
  /** `null`: it is a file. */
  readonly revision: string | null;
}

/** A difference and where it is: a region of routes, or a route of a list. */
export interface PlacedDifference extends Difference {
  /** `null`: it is about this route alone. */
  readonly region: Region | null;
  readonly methods: readonly string[];
  /** The template the route is a sample of; `null`: none. */
  readonly template: string | null;
}

export interface Comparison {
  readonly before: ComparedSide;
  readonly after: ComparedSide;
  readonly differences: readonly PlacedDifference[];
  /** Routes that were looked at; `null`: all there can be. */
  readonly routeCount: number | null;
  readonly hidden: readonly NewlyHidden[];
  readonly bucket: string | null;
  /** The bucket's own policy; `null`: not asked for, or not told. */
  readonly base: Policy | null;
  readonly remarks: readonly string[];
}

/** Which routes two documents treat differently, and how. */
export function compareView(comparison: Comparison): View {
  const { before, after, differences, routeCount, hidden, bucket, base, remarks } = comparison;
  const changes = differences.filter(({ fields }) => fields.length > 0);
  const rest = differences.filter(({ fields }) => fields.length === 0);
  const items = changes.map(differenceJson);
  return {
    kind: 'PolicyComparison',
    data: {
      before,
      after,
      routeCount,
      bucket,
      base,
      changes: items,
      matchedOnly: rest.map(differenceJson),
      newlyHidden: hidden,
      remarks,
    },
    items,
    human: async (theme) =>
      [
        theme.dim(`${sideText(before)} → ${sideText(after)}`),
        ...(changes.length === 0 ? [] : [await changesTable(changes, theme)]),
        ...hiddenLines(hidden).map((line) => theme.warn(line)),
        ...remarks.map((remark) => theme.warn(term(remark))),
        ...(rest.length === 0
          ? []
          : [theme.dim(`${counted(rest.length, 'place')} where another override decides, to the same effect`)]),
        changes.length === 0
          ? theme.good(`no policy changes: ${scopeText(routeCount)}`)
          : theme.bad(summaryOf(changes, routeCount)),
      ].join('\n'),
  };
}

const mostHidden = 5;

function hiddenLines(hidden: readonly NewlyHidden[]): readonly string[] {
  const lines = hidden
    .slice(0, mostHidden)
    .map(({ prefix, by }) => `${quoted(prefix)} never decides: ${quoted(by)} takes every route of it`);
  return hidden.length > mostHidden ? [...lines, `… and ${hidden.length - mostHidden} more that never decide`] : lines;
}

function sideText({ name, revision }: ComparedSide): string {
  return `${term(name)}${revision === null || name.startsWith('rev:') ? '' : ` at ${revision.slice(0, 12)}`}`;
}

function scopeText(routeCount: number | null): string {
  return routeCount === null ? 'every route there can be was looked at' : `${counted(routeCount, 'route')} looked at`;
}

function summaryOf(changes: readonly PlacedDifference[], routeCount: number | null): string {
  const count = routeCount === null ? counted(changes.length, 'group') : counted(changes.length, 'route');
  const what = routeCount === null ? ` of routes` : '';
  const loudest = changes.filter(({ effects }) => effects.includes('blocks') || effects.includes('enforces')).length;
  const loud = loudest === 0 ? '' : `; ${loudest} of them block what was let through before`;
  return `${count}${what} with another policy; ${scopeText(routeCount)}${loud}`;
}

async function changesTable(changes: readonly PlacedDifference[], theme: Theme): Promise<string> {
  return renderTable(
    [{ title: 'ROUTES' }, { title: 'DECIDED BY' }, { title: 'CHANGE', isFlexible: true }],
    changes.map((change) => [routesText(change), decidedText(change), changeText(change, theme)]),
    theme,
  );
}

function routesText({ region, route, methods, template }: PlacedDifference): string {
  if (region === null) {
    const asked = methods.length === 0 ? '' : `${methods.join(',')} `;
    const sample = template === null || template === route ? '' : `\nof ${term(template)}`;
    return `${term(asked)}${term(route)}${sample}`;
  }
  const [first, ...others] = region.except;
  const all = region.prefix === '' ? 'all routes' : `${term(region.prefix)}…`;
  if (first === undefined) return all;
  return `${all}\nexcept ${term(first)}…${others.length === 0 ? '' : ` and ${others.length} more`}`;
}

function decidedText({ before, after }: Difference): string {
  const [was, is] = [deciderOf(before), deciderOf(after)];
  return was === is ? was : `${was} → ${is}`;
}

function deciderOf({ matched }: Meaning): string {
  return matched === null ? 'none' : quoted(matched);
}

const effectTexts = {
  blocks: 'BLOCKS EVERY REQUEST',
  unblocks: 'lets requests through again',
  enforces: 'ENFORCES what was in shadow',
  mayEnforce: 'no longer in shadow by an override: the bucket’s own flag decides',
  shadows: 'in shadow now: counted, never blocked',
} as const;

function changeText({ fields, effects, after }: Difference, theme: Theme): string {
  const { ratePerMin, burst, isShadow } = after.fields;
  const words =
    ratePerMin === undefined || burst === undefined
      ? []
      : [theme.dim(policyInWords({ ratePerMin, burst, ...(isShadow === undefined ? {} : { isShadow }) }))];
  const paint = {
    blocks: theme.bad,
    enforces: theme.bad,
    mayEnforce: theme.warn,
    unblocks: theme.good,
    shadows: theme.warn,
  };
  return [
    fields.map(fieldText).join(', '),
    ...effects.map((effect) => paint[effect](effectTexts[effect])),
    ...words,
  ].join('\n');
}

const titles = { ratePerMin: 'rate', burst: 'burst', windowSeconds: 'window', isShadow: 'shadow' } as const;

function fieldText({ name, before, after }: FieldChange): string {
  return `${titles[name]} ${before ?? 'own'} → ${after ?? 'own'}`;
}

function quoted(prefix: string): string {
  return term(JSON.stringify(prefix));
}

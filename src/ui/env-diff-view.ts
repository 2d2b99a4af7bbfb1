import type { Finding } from '../domain/finding.js';
import type { EnvironmentComparison, EnvironmentRoute, RouteTerms } from '../procedures/environment/compare.js';
import type { OverrideListing } from '../procedures/override/inspect.js';
import { factsTable, overridesText, type ShownSide } from './env-diff-tables.js';
import { addressedFindings } from './finding-lines.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

const onlyIn = { removed: 'left', added: 'right', changed: null, moved: null, kept: null } as const;

/** Two environments side by side: every override that differs, and everything else that is known of both. */
export function environmentDiffView(comparison: EnvironmentComparison, left: ShownSide, right: ShownSide): View {
  const { routes, facts, failures, lost, isDifferent, sameCount } = comparison;
  const items = routes?.map(routeJson) ?? null;
  const isWhole = failures.left.length + failures.right.length === 0;
  const sides = [
    { side: left, failed: addressedFindings([...failures.left, ...lost.left], left.environment.address) },
    { side: right, failed: addressedFindings([...failures.right, ...lost.right], right.environment.address) },
  ];
  return {
    kind: 'EnvDiff',
    data: {
      left: sideJson(left),
      right: sideJson(right),
      isDifferent,
      isWhole,
      routes: items,
      sameCount,
      facts,
      findings: sides.flatMap(({ side, failed }) =>
        failed.map((each) => ({ environment: side.environment.name, ...each })),
      ),
      remarks: remarksOf([left, right]),
    },
    items: items ?? [],
    human: async (theme) =>
      [
        `${sideText(left, theme)}\n${sideText(right, theme)}`,
        await overridesText(comparison, left, right, theme),
        await factsTable(facts, left, right, theme),
        [
          ...sides.flatMap(({ side, failed }) => failed.flatMap((each) => failureLines(side, each, theme))),
          ...remarksOf([left, right]).map((remark) => theme.warn(term(remark))),
          summaryText(comparison, isWhole, theme),
        ].join('\n'),
      ].join('\n\n'),
  };
}

function storedOf({ overrides }: ShownSide): OverrideListing['stored'] | null {
  return overrides.state === 'ok' ? overrides.value.stored : null;
}

function sideJson(side: ShownSide) {
  const stored = storedOf(side);
  return {
    environment: side.environment.name,
    key: stored?.key ?? null,
    revision: stored?.revision ?? null,
  };
}

function routeJson({ diff, left, right }: EnvironmentRoute) {
  const { route, kind, isMoved, before, after, fields, fromIndex, toIndex } = diff;
  return {
    route,
    kind,
    isMoved,
    onlyIn: onlyIn[kind],
    fields: fields.map(({ name, before: one, after: other }) => ({ name, left: one, right: other })),
    leftIndex: fromIndex,
    rightIndex: toIndex,
    left: before,
    right: after,
    terms: { left: termsJson(left), right: termsJson(right) },
  };
}

function termsJson(terms: RouteTerms | null) {
  if (terms === null) return null;
  const { untilMs, owner, isRemoved } = terms;
  return { until: untilMs === null ? null : new Date(untilMs).toISOString(), owner, isRemoved };
}

function sideText(side: ShownSide, theme: Theme): string {
  const stored = storedOf(side);
  const name = theme.bold(term(side.environment.name));
  if (stored === null) return `${name}  ${theme.warn('its overrides are not known')}`;
  return `${name}  ${theme.dim(`${term(stored.key)} at ${stored.revision.slice(0, 12)}`)}`;
}

function failureLines({ environment }: ShownSide, { message, hint }: Finding, theme: Theme): readonly string[] {
  return [
    theme.bad(`✗ ${term(environment.name)}: ${term(message)}`),
    ...(hint === null ? [] : [`  ${theme.accent('hint:')} ${term(hint)}`]),
  ];
}

function remarksOf(sides: readonly ShownSide[]): readonly string[] {
  return sides
    .filter(({ isCoveredWhole }) => isCoveredWhole)
    .map(
      ({ environment }) => `an override of ${environment.name} matches every route: what buckets say there may be its`,
    );
}

function summaryText({ isDifferent, lost }: EnvironmentComparison, isWhole: boolean, theme: Theme): string {
  const unknown = 'whether the limiter is on, and global shadow, only a reload’s answer tells: none was sent';
  const verdict = isDifferent
    ? theme.bad('they differ (≠); what is remembered, or is meant to differ (~), does not count')
    : lost.left.length + lost.right.length > 0
      ? theme.bad('what is stored now is the same; what was lost is not compared')
      : isWhole
        ? theme.good('they are the same in everything that could be read')
        : theme.warn('what could be read is the same; not everything could');
  return `${theme.dim(unknown)}\n${verdict}`;
}

import { violationJson, violationText } from '../domain/guard/refusal.js';
import type { GuardsSaid, SettledVerdict } from '../domain/guard/verdict.js';
import { noteLines } from './note-lines.js';
import { term } from './term.js';
import type { Theme } from './theme.js';

/** What guards say of a change, for programs. */
export function guardsJson(verdicts: readonly SettledVerdict[]): readonly Record<string, unknown>[] {
  return verdicts.map(({ rule, outcome, violations, unjudged, standing }) => ({
    rule: rule.name,
    place: rule.place,
    outcome,
    isOverridable: rule.isOverridable,
    violations: violations.map(violationJson),
    unjudged,
    standing,
  }));
}

/** The same for people: one line for each rule, and one for each limit that is not kept or could not be judged. */
function guardLines(verdicts: readonly SettledVerdict[], theme: Theme): readonly string[] {
  const words = {
    allowed: theme.good('lets it through'),
    notJudged: theme.warn('lets it through, not judged as a whole'),
    overridden: theme.warn('is overridden'),
    refused: theme.bad('refuses it'),
  };
  return verdicts.flatMap(({ rule, outcome, violations, unjudged, standing }) => [
    `${theme.accent('guard:')} ${term(rule.name)} ${words[outcome]}`,
    ...violations.map((each) => `        ${term(violationText(each))}`),
    ...[...unjudged, ...standing].map((each) => `        ${term(each)}`),
  ]);
}

/** The same with its remarks before it; empty: no guard is about it. */
export function guardsSaidLines({ verdicts, remarks }: GuardsSaid, theme: Theme): readonly string[] {
  return [...noteLines(remarks, theme), ...guardLines(verdicts, theme)];
}

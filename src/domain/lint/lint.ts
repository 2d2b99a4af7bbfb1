import type { FilePlace, LocatedFinding } from '../located-finding.js';
import { addressedCommand, type CommandAddress } from '../printed-command.js';
import type { TextPlace } from '../text-places.js';
import type { Discovery, LintRule } from './rule.js';
import { lintRules } from './rules.js';
import type { LintSubject } from './subject.js';

/** Where the document came from, and so how a finding is placed and cured. */
export type LintOrigin =
  | {
      readonly kind: 'file';
      /** As it was named; `-`: stdin. */
      readonly file: string;
      /** Where a byte of the document stands in the file; asked in rising order. */
      readonly placeOf: (offset: number) => TextPlace;
    }
  | { readonly kind: 'stored'; readonly address: CommandAddress };

interface Raw {
  readonly rule: LintRule;
  readonly discovery: Discovery;
  /** Its place, read once: it is compared many times. What stands nowhere comes first. */
  readonly at: number;
}

const severities: readonly LocatedFinding['severity'][] = ['error', 'warning', 'note'];

/**
 * Everything the rules find in a document, the worst first and then in its order. `ignored`: names of rules that are left
 * out. Never throws, whatever the bytes were.
 */
export function lintDocument(
  subject: LintSubject,
  origin: LintOrigin,
  ignored: ReadonlySet<string> = new Set(),
): readonly LocatedFinding[] {
  const raw: Raw[] = [];
  for (const rule of lintRules as readonly LintRule[]) {
    if (!ignored.has(rule.name))
      for (const discovery of rule.find(subject)) raw.push({ rule, discovery, at: discovery.at ?? -1 });
  }
  const inOrder = raw.sort((a, b) => a.at - b.at);
  const findings = inOrder.map((each) => located(each, origin));
  return severities.flatMap((severity) => findings.filter((each) => each.severity === severity));
}

function located({ rule, discovery }: Raw, origin: LintOrigin): LocatedFinding {
  const { message, route, at } = discovery;
  const { name, severity } = rule;
  return { rule: name, severity, message, hint: hintOf(discovery, origin), route, place: placeIn(origin, at) };
}

function placeIn(origin: LintOrigin, at: number | null): FilePlace | null {
  if (origin.kind === 'stored') return null;
  return { file: origin.file, ...(at === null ? { line: 1, column: 1 } : origin.placeOf(at)) };
}

/** A file is changed by whoever wrote it; only what is stored can be cured by a command. */
function hintOf(discovery: Discovery, origin: LintOrigin): string {
  const { cure } = discovery;
  const command = origin.kind === 'file' ? null : discovery.command;
  if (origin.kind === 'file' || command === null) return cure.endsWith('?') ? cure : `${cure}.`;
  return `${cure}: ${addressedCommand(command, origin.address)}`;
}

/** How many findings of each severity there are. */
export interface LintCounts {
  readonly errors: number;
  readonly warnings: number;
  readonly notes: number;
}

export function countFindings(findings: readonly LocatedFinding[]): LintCounts {
  const count = (severity: LocatedFinding['severity']): number =>
    findings.filter((each) => each.severity === severity).length;
  return { errors: count('error'), warnings: count('warning'), notes: count('note') };
}

import type { LintRule } from '../domain/lint/rule.js';
import type { LocatedFinding } from '../domain/located-finding.js';
import { escapeJson } from './term.js';

// SARIF 2.1.0, as code scanning reads it.

/** What made the findings. */
export interface SarifTool {
  readonly version: string;
  readonly rules: readonly Pick<LintRule, 'name' | 'severity' | 'summary' | 'cure'>[];
}

/**
 * Findings as a SARIF log. What stands in no file has a logical location instead: the route, inside `origin` (a Redis key,
 * or stdin).
 */
export function sarifLog(findings: readonly LocatedFinding[], tool: SarifTool, origin: string): string {
  const indexes = new Map(tool.rules.map(({ name }, index) => [name, index]));
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'rlctl', version: tool.version, rules: tool.rules.map(descriptorOf) } },
        columnKind: 'unicodeCodePoints',
        results: findings.map((finding) => resultOf(finding, indexes, origin)),
      },
    ],
  };
  return `${escapeJson(JSON.stringify(log, null, 2))}\n`;
}

function descriptorOf({ name, severity, summary, cure }: SarifTool['rules'][number]) {
  return {
    id: name,
    shortDescription: { text: sentence(summary) },
    help: { text: sentence(cure) },
    defaultConfiguration: { level: severity },
  };
}

function sentence(phrase: string): string {
  return `${phrase.charAt(0).toUpperCase()}${phrase.slice(1)}.`;
}

function resultOf(
  { rule, severity, message, hint, route, place }: LocatedFinding,
  indexes: ReadonlyMap<string, number>,
  origin: string,
) {
  const index = indexes.get(rule);
  return {
    ruleId: rule,
    ...(index === undefined ? {} : { ruleIndex: index }),
    level: severity,
    message: { text: literal(hint === null ? message : `${message}\n${hint}`) },
    locations: [
      {
        ...(place === null || place.file === '-' ? {} : { physicalLocation: physical(place) }),
        logicalLocations: [logical(route, origin)],
      },
    ],
  };
}

/** Braces would be placeholders, and brackets before a parenthesis a link. */
function literal(text: string): string {
  const plain = text.replaceAll(/[{}]/g, '$&$&');
  return /\]\s*\(/.test(plain) ? plain.replaceAll(/[\\[\]]/g, String.raw`\$&`) : plain;
}

function physical({ file, line, column }: NonNullable<LocatedFinding['place']>) {
  return {
    artifactLocation: { uri: fileUri(file) },
    region: { startLine: line, startColumn: column },
  };
}

function logical(route: string | null, origin: string) {
  const name = route ?? origin;
  return { name, fullyQualifiedName: route === null ? origin : `${origin} ${route}`, kind: 'member' };
}

/** A path as a reference: relative ones stay relative, to the root of the checkout. */
function fileUri(file: string): string {
  const path = file
    .replace(/^(?:\.\/)+/, '')
    .split('/')
    .map(encodeURIComponent)
    .join('/');
  return path.startsWith('/') ? `file://${path}` : path;
}

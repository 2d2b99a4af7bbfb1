import { counted } from '../domain/counted.js';
import type { LocatedFinding } from '../domain/located-finding.js';
import { placeText } from '../domain/placed-file.js';
import type { FieldCheck } from '../domain/policy-test/judge.js';
import { countTests, type PolicyTestResult, type SideJudgement } from '../domain/policy-test/result.js';
import { junitXml } from './junit.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/** A run of tests, and what it was run against. */
export interface PolicyTestRun {
  /** The file of tests. */
  readonly file: string;
  readonly results: readonly PolicyTestResult[];
  /** In words: `overrides.json`, or an environment's key and addresses. */
  readonly against: string;
  /** Facts about it for programs. */
  readonly source: Readonly<Record<string, unknown>>;
  /** Tests that --filter left out. */
  readonly filteredOut: number;
  /** What else is known of the answers, in sentences of rlctl's own. */
  readonly remarks: readonly string[];
}

/** So many tests that passed are listed one by one. */
const mostListed = 40;

/** Every test with its outcome, those that did not pass first. */
export function policyTestView(run: PolicyTestRun): View {
  const { file, results, against, source, filteredOut, remarks } = run;
  const counts = countTests(results);
  const open = results.filter(({ state }) => state !== 'passed');
  const passed = results.filter(({ state }) => state === 'passed');
  const items = lazily(() => [...open, ...passed].map(testJson));
  return {
    kind: 'PolicyTestResults',
    get data() {
      return { file, source, counts: { ...counts, filteredOut }, tests: items(), remarks };
    },
    get items() {
      return items();
    },
    human: (theme) => {
      const left = filteredOut === 0 ? '' : `, ${filteredOut} left out by --filter`;
      const summary = `${counted(results.length, 'test')}: ${counts.passed} passed, ${counts.failed} failed, ${counts.errors} not decided${left}`;
      return [
        theme.dim(`${term(file)} against ${term(against)}`),
        ...open.flatMap((result) => openLines(result, theme)),
        ...(passed.length > mostListed ? [] : passed.map(({ test }) => `${theme.good('✓')} ${titleOf(test)}`)),
        ...remarks.map((remark) => theme.warn(term(remark))),
        (open.length === 0 ? theme.good : theme.bad)(summary),
      ].join('\n');
    },
  };
}

function lazily<Value>(make: () => Value): () => Value {
  const known: { value?: Value } = {};
  return () => (known.value ??= make());
}

function titleOf({ name, route }: PolicyTestResult['test']): string {
  return name === route ? term(route) : `${term(name)}  ${term(route)}`;
}

function openLines(result: PolicyTestResult, theme: Theme): readonly string[] {
  const { test, state } = result;
  const [sign, paint] = state === 'failed' ? ['✗', theme.bad] : ['?', theme.warn];
  return [
    `${paint(sign)} ${theme.bold(titleOf(test))}  ${theme.dim(term(placeText(test.place())))}`,
    ...differences(result).map((line) => paint(`    ${term(line)}`)),
    ...result.because.map((reason) => `    ${term(reason)}`),
  ];
}

/** What was expected and found, a line for each field and side that does not agree. */
function differences({ sides }: PolicyTestResult): readonly string[] {
  return sides.flatMap((side) =>
    side.checks
      .filter(({ state }) => state !== 'met')
      .map((check) => `${check.field}: expected ${said(check, check.expected)}, ${gotText(check, side)}`),
  );
}

function gotText(check: FieldCheck, { side }: SideJudgement): string {
  const by = side === 'server' ? 'the server says' : 'the document gives';
  return check.state === 'unknown' ? 'the bucket’s own is not known' : `${by} ${said(check, check.got)}`;
}

function said({ field }: FieldCheck, value: FieldCheck['got']): string {
  if (field !== 'matched') return String(value);
  return value === null ? 'no override' : JSON.stringify(value);
}

function testJson({ test, bucket, state, sides, because }: PolicyTestResult): Readonly<Record<string, unknown>> {
  const { name, route, method, expected } = test;
  return { name, route, method, bucket, place: test.place(), state, expected, sides, because };
}

/** The tests that did not pass, each at its place. */
export function policyTestFindings({ results }: PolicyTestRun): readonly LocatedFinding[] {
  return results
    .filter(({ state }) => state !== 'passed')
    .map((result) => ({
      rule: 'policy-test',
      severity: 'error',
      message: messageOf(result),
      hint: result.because.join('\n') || null,
      route: result.test.route,
      place: result.test.place(),
    }));
}

/** The run as JUnit's XML. */
export function policyTestJUnit({ file, results }: PolicyTestRun): string {
  const cases = results.map((result) => ({
    name: result.test.name,
    group: result.bucket === null ? 'policy' : `policy.${result.bucket}`,
    file,
    line: result.state === 'passed' ? null : result.test.place().line,
    state: result.state,
    message: messageOf(result),
    details: [...differences(result), ...result.because],
  }));
  return junitXml(file, cases);
}

function messageOf(result: PolicyTestResult): string {
  return `${result.test.name}: ${differences(result).join('; ') || result.because[0] || 'passed'}`;
}

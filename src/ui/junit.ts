/** One test as JUnit reports know it. */
export interface JUnitCase {
  readonly name: string;
  /** What the test is filed under. */
  readonly group: string;
  readonly file: string;
  readonly line: number | null;
  readonly state: 'passed' | 'failed' | 'error';
  /** One line; of a test that passed not used. */
  readonly message: string;
  readonly details: readonly string[];
}

/** Characters that XML 1.0 has no way to hold, not even escaped; half surrogates included. */
const impossible = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** A report in JUnit's XML, as pipelines read it: one suite, its tests in the order given. */
export function junitXml(suite: string, cases: readonly JUnitCase[]): string {
  const count = (wanted: JUnitCase['state']): number => cases.filter(({ state }) => state === wanted).length;
  const counts = `tests="${cases.length}" failures="${count('failed')}" errors="${count('error')}" skipped="0"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite name="${escaped(suite)}" ${counts}>`,
    ...cases.map(caseXml),
    '  </testsuite>',
    '</testsuites>\n',
  ].join('\n');
}

function caseXml({ name, group, file, line, state, message, details }: JUnitCase): string {
  const place = `file="${escaped(file)}"${line === null ? '' : ` line="${line}"`}`;
  const head = `    <testcase name="${escaped(name)}" classname="${escaped(group)}" ${place}`;
  if (state === 'passed') return `${head}/>`;
  const tag = state === 'failed' ? 'failure' : 'error';
  const text = details.map(escaped).join('\n');
  return `${head}>\n      <${tag} message="${escaped(message)}" type="${tag}">${text}</${tag}>\n    </testcase>`;
}

/** Text for an attribute or an element: nothing in it can end either, and what XML cannot hold is left out. */
function escaped(text: string): string {
  return text.replaceAll(impossible, '').replaceAll(/[&<>"'\t\n\r]/g, (char) => entities[char] ?? '');
}

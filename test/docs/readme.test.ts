import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { leaves } from '../../src/leaves.js';
import { environmentSettings, programSettings } from '../../src/domain/config/settings.js';
import { traps } from '../../src/domain/proof/traps.js';
import { lintRules } from '../../src/domain/lint/rules.js';
import { exitCodes } from '../../src/domain/exit-codes.js';
import { matrix, type Cell } from '../procedures/verify/matrix.js';

const path = fileURLToPath(new URL('../../README.md', import.meta.url));

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const code = (text: string | null): string => (text === null ? '–' : `\`${text}\``);

function cellText({ verdict, trap, exit }: Cell): string {
  const words = verdict.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return `${words}${trap === null ? '' : `: ${code(trap)}`}, exit ${exit}`;
}

/** The parts of the README that follow from tables in the code. */
const parts: Readonly<Record<string, string>> = {
  commands: table(
    ['command', 'what it does'],
    leaves.map(({ path: name, summary }) => [code(`rlctl ${name}`), summary]),
  ),
  settings: [
    table(
      ['in `rlctl.yaml`', 'variable', 'fills a gap', 'meaning', 'default'],
      environmentSettings.map(({ key, variable, limiterVariable, meaning, fallback }) => [
        code(key),
        code(variable),
        code(limiterVariable),
        meaning,
        fallback,
      ]),
    ),
    table(
      ['variable', 'flag', 'meaning'],
      programSettings.map(({ variable, flag, meaning }) => [code(variable), code(flag), meaning]),
    ),
  ].join('\n\n'),
  matrix: table(
    ['the server, or what is stored', 'dialect', '`rlctl verify`', '`rlctl verify --reload`'],
    matrix.map(({ server, dialect, verify, withReload }) => [server, dialect, cellText(verify), cellText(withReload)]),
  ),
  traps: table(
    ['trap', 'what is the case', 'what to do'],
    Object.entries(traps).map(([id, { meaning, cure }]) => [code(id), meaning, cure]),
  ),
  lint: table(
    ['rule', 'severity', 'what it finds', 'cure'],
    lintRules.map(({ name, severity, summary, cure }) => [code(name), severity, summary, cure]),
  ),
  'exit-codes': table(
    ['code', 'meaning'],
    exitCodes.map((row) => [String(row.code), row.meaning]),
  ),
  // Written by `npm run test:reliability -- --report`: measured, so quoted with its date and not made here.
  // Left as it is by the formatter, which would make every line as wide as the widest.
  reliability: readFileSync(fileURLToPath(new URL('../reliability/REPORT.md', import.meta.url)), 'utf8')
    .trim()
    .replace('\n\n|', '\n\n<!-- prettier-ignore -->\n|'),
};

function withPart(text: string, name: string, content: string): string {
  const pattern = new RegExp(`(<!-- generated: ${name} -->\n)[^]*?(<!-- end -->)`);
  if (!pattern.test(text)) throw new Error(`the README has no place for "${name}"`);
  return text.replace(pattern, (_, start: string, end: string) => `${start}\n${content}\n\n${end}`);
}

const normal = (text: string): string => text.replaceAll(/[ -]+\|/g, ' |').replaceAll(/\| +/g, '| ');

describe('README', () => {
  const written = readFileSync(path, 'utf8');

  // `npm run docs` writes the parts anew; otherwise they must be current.
  if (process.env['UPDATE_README'] === 'true') {
    writeFileSync(
      path,
      Object.entries(parts).reduce((text, [name, content]) => withPart(text, name, content), written),
    );
  }

  it.each(Object.entries(parts))('has the %s of the code', (name, content) => {
    const text = readFileSync(path, 'utf8');
    expect(normal(withPart(text, name, content))).toBe(normal(text));
  });
});

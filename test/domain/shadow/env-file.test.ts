import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RlctlError } from '../../../src/domain/errors.js';
import { editEnvFile, findAssignment, type EnvEdit, type Wanted } from '../../../src/domain/shadow/env-file.js';
import { parseEnvironment } from '../../../src/sandbox/environment.js';

const name = 'RATE_LIMIT_SHADOW_READ';
const on: Wanted = { kind: 'value', value: 'true' };
const off: Wanted = { kind: 'value', value: 'false' };
const edited = (text: string, wanted: Wanted = on): string => editEnvFile(text, name, wanted).next;

describe('editing an env file', () => {
  test.each([
    ['a bare value', `A=1\n${name}=false\nB=2\n`, `A=1\n${name}=true\nB=2\n`],
    ['double quotes', `${name}="false"\n`, `${name}="true"\n`],
    ['single quotes', `${name}='False'\n`, `${name}='true'\n`],
    ['an export', `export  ${name}=false\n`, `export  ${name}=true\n`],
    ['blanks around it', `  ${name} = false  \n`, `  ${name} = true  \n`],
    ['a comment behind it', `${name}=false   # since may\n`, `${name}=true   # since may\n`],
    ['a comment behind quotes', `${name}="false" # why\n`, `${name}="true" # why\n`],
    ['a # that is part of the value', `${name}=a#b\n`, `${name}=true\n`],
    ['no value', `${name}=\nB=1\n`, `${name}=true\nB=1\n`],
    ['no value, and a comment', `${name}= # unset\n`, `${name}=true # unset\n`],
    ['CRLF', `A=1\r\n${name}=false\r\nB=2\r\n`, `A=1\r\n${name}=true\r\nB=2\r\n`],
    ['no newline at the end', `${name}=false`, `${name}=true`],
    ['a byte order mark', `\ufeff${name}=false\n`, `\ufeff${name}=true\n`],
    ['a byte order mark as bytes', `\u00ef\u00bb\u00bf${name}=false\n`, `\u00ef\u00bb\u00bf${name}=true\n`],
    ['the last of two', `${name}=1\n${name}=2\n`, `${name}=1\n${name}=true\n`],
  ])('%s', (_, before, after) => {
    expect(edited(before)).toBe(after);
  });

  test.each([
    ['an empty file', '', `${name}=true\n`],
    ['a file', 'A=1\n', `A=1\n${name}=true\n`],
    ['a file without a last newline', 'A=1', `A=1\n${name}=true`],
    ['a file with CRLF', 'A=1\r\nB=2\r\n', `A=1\r\nB=2\r\n${name}=true\r\n`],
    ['a file where it is only a comment', `# ${name}=true\n`, `# ${name}=true\n${name}=true\n`],
    ['a file with a longer name', `${name}ING=1\nX${name}=1\n`, `${name}ING=1\nX${name}=1\n${name}=true\n`],
    ['a file with a quoted value over lines', 'A="x\ny"\n', `A="x\ny"\n${name}=true\n`],
  ])('appends to %s', (_, before, after) => {
    expect(edited(before)).toBe(after);
  });

  test.each([
    ['an open quote', `A="x\n${name}=false\n"\n`],
    ['an open quote to the end', `A='x\nB=1\n`],
    ['a backslash', `A=x \\\n${name}=false\n`],
    ['a backslash at the end', 'A=x\\'],
  ])('%s: readers disagree, so nothing is edited', (_, text) => {
    expect(() => edited(text)).toThrow(expect.objectContaining({ kind: 'guard', code: 'ENV_FILE_AMBIGUOUS' }) as Error);
  });

  test('says which line it changes, and nothing where it already is so', () => {
    expect(editEnvFile(`A=1\n${name}=no\n`, name, on).change).toEqual({
      line: 2,
      before: `${name}=no`,
      after: `${name}=true`,
    });
    expect(editEnvFile('A=1\n', name, on).change).toEqual({ line: 2, before: null, after: `${name}=true` });
    expect(editEnvFile(`${name}="true"\n`, name, on).change).toBeNull();
    expect(editEnvFile('A=1\n', name, { kind: 'absent' }).change).toBeNull();
  });

  test('tells what stands there', () => {
    expect(findAssignment(`${name}=1\n ${name} = "True" # x\n`, name)).toMatchObject({
      raw: '"True"',
      value: 'True',
      line: 2,
      hasInlineComment: true,
      count: 2,
    });
    expect(findAssignment(`#${name}=true\n`, name)).toBeNull();
  });
});

const ending = fc.constantFrom('\n', '\r\n');
const other = fc.constantFrom(
  '',
  '   ',
  '# a comment',
  '  # RATE_LIMIT_SHADOW_READ=true',
  'A=1',
  'export B="two words"',
  "C='it'",
  'D=x # tail',
  'E=caf\u00c3\u00a9',
  'RATE_LIMIT_SHADOW_READER=true',
  'not an assignment',
  'F="a \\" b"',
  'G=\u00ff\u0000\u00a0',
);
const value = fc.constantFrom(
  'true',
  'false',
  '',
  '1',
  'True',
  '"false"',
  "'false'",
  '"true"',
  'a b',
  '"a b"',
  'x#y',
  '\u00a0',
);
const target = fc
  .tuple(
    fc.constantFrom('', ' ', 'export ', '\t'),
    fc.constantFrom('', ' '),
    fc.constantFrom('', ' '),
    value,
    fc.constantFrom('', '  ', ' # why', '\t#'),
  )
  .map(([lead, before, after, text, tail]) => `${lead}${name}${before}=${after}${text}${tail}`);
const file = fc
  .tuple(
    fc.array(fc.tuple(fc.oneof({ weight: 4, arbitrary: other }, { weight: 1, arbitrary: target }), ending)),
    fc.boolean(),
  )
  .map(([lines, isEnded]) => {
    const text = lines.map(([line, end]) => line + end).join('');
    return isEnded ? text : text.replace(/\r?\n$/, '');
  });

const linesOf = (text: string): readonly string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** What puts back what an edit replaced. */
function inverse(before: string): Wanted {
  const found = findAssignment(before, name);
  return found === null ? { kind: 'absent' } : { kind: 'raw', raw: found.raw };
}

/** `null`: refused. */
function attempt(text: string): EnvEdit | null {
  try {
    return editEnvFile(text, name, on);
  } catch (error) {
    if (error instanceof RlctlError && error.code === 'ENV_FILE_AMBIGUOUS') return null;
    throw error;
  }
}

describe('an env file of any kind', () => {
  const settings = { seed: 20261121, numRuns: 1500 };

  test('has the value afterwards, once, and a second edit finds nothing to do', () => {
    fc.assert(
      fc.property(file, fc.constantFrom(on, off), (text, wanted) => {
        const { next } = editEnvFile(text, name, wanted);
        expect(findAssignment(next, name)?.value).toBe(wanted.kind === 'value' ? wanted.value : '');
        expect(editEnvFile(next, name, wanted)).toMatchObject({ next, change: null });
      }),
      settings,
    );
  });

  test('keeps every other line, byte for byte and in its place', () => {
    fc.assert(
      fc.property(file, (text) => {
        const { next, change } = editEnvFile(text, name, on);
        const at = change === null ? -1 : change.line - 1;
        const [before, after] = [linesOf(text), linesOf(next)];
        const kept = after.filter((_, index) => index !== at);
        const wanted = before.filter((_, index) => change?.before === null || index !== at);
        // A file whose last line has no newline gives it one where a line follows.
        expect(kept.map((line) => line.replace(/\r?\n$/, ''))).toEqual(
          wanted.map((line) => line.replace(/\r?\n$/, '')),
        );
        expect(kept.slice(0, -1)).toEqual(wanted.slice(0, -1));
      }),
      settings,
    );
  });

  test('is exactly as before when what stood there is put back', () => {
    fc.assert(
      fc.property(file, (text) => {
        const { next } = editEnvFile(text, name, on);
        expect(editEnvFile(next, name, inverse(text)).next).toBe(text);
      }),
      settings,
    );
  });

  test('says to the reference server what it should, where no comment stands behind the value', () => {
    fc.assert(
      fc.property(file, (text) => {
        fc.pre(findAssignment(text, name)?.hasInlineComment !== true);
        expect(parseEnvironment(edited(text)).get(name)).toBe('true');
      }),
      settings,
    );
  });

  test('of whatever bytes: is refused, or comes back exactly', () => {
    const bytes = fc
      .array(fc.constantFrom('"', "'", '\\', '\n', '\r', '#', '=', ' ', 'A', name, `${name}=`, '\u00ff', '\u0000'))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(bytes, (text) => {
        const edit = attempt(text);
        if (edit === null) return;
        expect(findAssignment(edit.next, name)?.value).toBe('true');
        expect(editEnvFile(edit.next, name, inverse(text)).next).toBe(text);
      }),
      { ...settings, numRuns: 5000 },
    );
  });
});

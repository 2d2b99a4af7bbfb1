import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import stringWidth from 'string-width';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { lintRules } from '../../src/domain/lint/rules.js';
import { labKey, openLab, type Lab } from '../support/lab.js';
import { errorOf, jsonOf, openWorld, testVersion, type World } from '../support/world.js';

interface Shown {
  readonly kind: string;
  readonly environment: string | null;
  readonly source: string;
  readonly revision: string | null;
  readonly entryCount: number;
  readonly errors: number;
  readonly warnings: number;
  readonly notes: number;
  readonly notChecked: readonly { readonly rule: string; readonly because: string }[];
  readonly findings: readonly {
    readonly rule: string;
    readonly severity: string;
    readonly message: string;
    readonly hint: string | null;
    readonly route: string | null;
    readonly place: { readonly file: string; readonly line: number; readonly column: number } | null;
  }[];
}

const faulty = `{
  "/api/pay": {"rate": "12", "burst": 0},
  "/api/payments": {"rate": 3, "shadow": "false"},
  "/x": 5
}
`;
const found = [
  ['vanished-entry', 4, 9],
  ['missing-boundary', 2, 3],
  ['coerced-value', 2, 24],
  ['hidden-prefix', 3, 3],
  ['coerced-value', 3, 42],
  ['zero-burst', 2, 39],
] as const;

describe('a file', () => {
  const state = {} as { world: World };
  beforeEach(async () => {
    state.world = await openWorld();
  });
  afterEach(() => state.world.remove());
  const lint = (...args: string[]) => state.world.main(['override', 'lint', ...args]);

  test('is checked without configuration, each finding with its place', async () => {
    await state.world.write('o.json', faulty);
    const ran = await lint('-f', 'o.json', '--json');
    expect(ran).toMatchObject({ code: 3, err: '' });
    const shown = jsonOf<Shown>(ran.out);
    expect(shown).toMatchObject({
      kind: 'OverrideLint',
      environment: null,
      source: 'o.json',
      revision: null,
      entryCount: 3,
      errors: 1,
      warnings: 4,
      notes: 1,
    });
    expect(shown.findings.map(({ rule, place }) => [rule, place?.line, place?.column])).toEqual(found);
    expect(shown.notChecked.map(({ rule }) => rule)).toEqual(['wide-shadow', 'rate-below-traffic']);
    expect(await state.world.files()).toEqual(new Map());
  });

  test('reads the same in every form', async () => {
    await state.world.write('o.json', faulty);
    const { findings } = jsonOf<Shown>((await lint('-f', 'o.json', '--json')).out);
    const lines = (await lint('-f', 'o.json', '-o', 'ndjson')).out.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(findings);
    expect((parseYaml((await lint('-f', 'o.json', '-o', 'yaml')).out) as Shown).findings).toEqual(findings);
    const rules = await lint('-f', 'o.json', '--jq', '.findings[].rule');
    expect(rules).toMatchObject({ code: 3, out: `${findings.map(({ rule }) => rule).join('\n')}\n` });
  });

  test('for people: a line each as compilers write them, a hint below, the sum at the end', async () => {
    await state.world.write('o.json', faulty);
    const { code, out } = await lint('-f', 'o.json');
    expect(code).toBe(3);
    expect(out).toContain(
      'o.json:4:9: error: the server drops "/x" while loading: its value is a number, not an object [vanished-entry]\n  hint: ',
    );
    expect(out).toContain('o.json:3:42: warning: "/api/payments": shadow "false" is read as true [coerced-value]\n');
    expect(out).toMatch(/o\.json: 1 error, 4 warnings, 1 note in 3 overrides\n$/);
  });

  test('a terminal of 80 columns is wide enough', async () => {
    await state.world.write('o.json', faulty);
    const { out } = await state.world.main(['override', 'lint', '-f', 'o.json', '--color', 'never'], { columns: 80 });
    for (const line of out.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(80);
  });

  test.each<[string, readonly string[], number]>([
    ['{"/api/x":{"rate":5,"burst":1}}', [], 0],
    ['{}', [], 0],
    ['{"/api/x":{"burst":0}}', [], 0],
    ['{"/api/x":{"burst":0}}', ['--strict'], 3],
    ['{"/api/x":{"burst":0}}', ['--strict', '--ignore', 'zero-burst'], 0],
    ['{"/":{"burst":1}}', [], 3],
    ['{"/":{"burst":1}}', ['--ignore', 'match-all'], 0],
    ['[1]', [], 3],
    ['', [], 3],
    ['\ufeff{}', [], 3],
    ['overrides: []', [], 3],
  ])('%j %j ends in %d', async (text, args, code) => {
    await state.world.write('o.json', text);
    expect(await lint('-f', 'o.json', ...args)).toMatchObject({ code, err: '' });
  });

  test('a file too large to be a document is a finding, and is not read to its end', async () => {
    await state.world.write('o.json', `{"/a":{}}${' '.repeat(17 * 1024 * 1024)}x`);
    const ran = await lint('-f', 'o.json', '--json');
    expect(ran.code).toBe(3);
    expect(jsonOf<Shown>(ran.out).findings.map(({ rule }) => rule)).toEqual(['too-large']);
  });

  test('bytes that are no text are a finding', async () => {
    const ran = await state.world.main(['override', 'lint', '-f', '-'], {
      stdin: Buffer.from('{"/\xff":{}}', 'latin1'),
    });
    expect(ran).toMatchObject({ code: 3, err: '' });
    expect(ran.out).toMatch(/^stdin:1:4: error: .*invalid UTF-8 \(byte 0xff\)/);
    const { findings } = jsonOf<Shown>(
      (await state.world.main(['override', 'lint', '-f', '-', '--json'], { stdin: '[' })).out,
    );
    expect(findings[0]?.place).toEqual({ file: '-', line: 1, column: 2 });
  });

  test('nothing in it reaches a terminal as it is', async () => {
    await state.world.write('o.json', '{"/\\u001b[31mred\\u202e":{"rate":0}, "/\x9b2J": 1}');
    for (const args of [[], ['--json'], ['--sarif'], ['--github'], ['-o', 'yaml']]) {
      const { out } = await lint('-f', 'o.json', ...args);
      expect(out).not.toMatch(/[\u001b\u009b\u202e]/);
      expect(out).toMatch(/u001b/);
    }
  });

  test('many findings are cut for people, and only for them', async () => {
    const entries = Array.from({ length: 120 }, (_, index) => [`/a/${index}/`, index % 2 === 0 ? 1 : { burst: 0 }]);
    await state.world.write('o.json', JSON.stringify(Object.fromEntries(entries)));
    const { out } = await lint('-f', 'o.json');
    expect(out.match(/error:|note:/g)).toHaveLength(50);
    expect(out.match(/hint:/g)).toHaveLength(1);
    expect(out).toContain('… 70 more findings in --json: 10 vanished-entry, 60 zero-burst');
    expect(jsonOf<Shown>((await lint('-f', 'o.json', '--json')).out).findings).toHaveLength(120);
  });

  test('a configuration that is there tells the routes of buckets, with variables that nobody set', async () => {
    const prod = { redis: '${NOBODY_SET_THIS}', buckets: { financial: { routes: ['/api/payments'] }, read: {} } };
    await state.world.config('rlctl.yaml', { environments: { prod } });
    await state.world.write('o.json', '{"/api/pay":{"shadow":true}}');
    const shown = jsonOf<Shown>((await lint('-f', 'o.json', '--json')).out);
    expect(shown).toMatchObject({ environment: 'prod', notChecked: [{ rule: 'rate-below-traffic' }] });
    expect(shown.findings.map(({ rule }) => rule)).toEqual(['missing-boundary', 'wide-shadow']);
    expect(shown.findings[0]?.message).toContain('"/api/payments" (financial)');
  });

  test('of several environments it takes the one that is named, or none', async () => {
    const bucket = (route: string) => ({ buckets: { read: { routes: [route] } } });
    await state.world.config('rlctl.yaml', { environments: { a: bucket('/api/payments'), b: bucket('/b') } });
    await state.world.write('o.json', '{"/api/pay":{"rate":1}}');
    const lintIn = (...args: string[]) => state.world.main([...args, 'override', 'lint', '-f', 'o.json']);
    expect((await lintIn('-e', 'a')).code).toBe(3);
    expect((await lintIn('-e', 'b')).code).toBe(0);
    expect((await lintIn()).code).toBe(0);
    expect(errorOf(await lintIn('-e', 'c', '--json'))).toMatchObject({ code: 'UNKNOWN_ENVIRONMENT' });
  });

  test.each<[readonly string[], RegExp]>([
    [['-f', 'nowhere.json'], /there is no file nowhere.json/],
    [['-f', '.'], /cannot be read \(EISDIR\)/],
    [['-f', 'o.json', '--ignore', 'match-al'], /no rule "match-al"[^]*match-all/],
    [['-f', 'o.json', '--since', '1h'], /--since/],
    [['--since', 'soon'], /--since: "soon"/],
    [['-f', 'o.json', '--sarif', '--github'], /--sarif and --github would both write to stdout/],
    [['-f', 'o.json', '--sarif', '-o', 'yaml'], /--sarif and -o would both/],
  ])('%j is a usage error', async (args, message) => {
    await state.world.write('o.json', '{}');
    const ran = await lint(...args);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(message);
  });

  describe('a file of kind Overrides', () => {
    const yaml = `apiVersion: rlctl/v1
kind: Overrides
overrides:
  - prefix: /api/pay
    rate: 5
    burst: 0
  # a sibling of it
  - prefix: /é/payments
    json: '{"rate":"12"}'
  - prefix: /api/payments
    rate: 3
`;

    test('is linted as the document that it makes, each finding at its entry', async () => {
      await state.world.write('o.yaml', yaml);
      const shown = jsonOf<Shown>((await lint('-f', 'o.yaml', '--json')).out);
      expect(shown.findings.map(({ rule, place }) => [rule, place?.line, place?.column])).toEqual([
        ['missing-boundary', 4, 5],
        ['coerced-value', 8, 5],
        ['hidden-prefix', 10, 5],
        ['zero-burst', 4, 5],
      ]);
    });

    test('in JSON too, also where its list is empty', async () => {
      const file = { apiVersion: 'rlctl/v1', kind: 'Overrides', overrides: [{ prefix: '/', rate: 5 }] };
      await state.world.write('o.json', JSON.stringify(file, null, 2));
      const shown = jsonOf<Shown>((await lint('-f', 'o.json', '--json')).out);
      expect(shown.findings.map(({ rule, place }) => [rule, place?.line, place?.column])).toEqual([
        ['match-all', 5, 5],
      ]);
      await state.world.write('o.json', JSON.stringify({ ...file, overrides: [] }));
      expect(await lint('-f', 'o.json')).toMatchObject({ code: 0 });
    });

    test('every fault of the file is a finding with its place and cure', async () => {
      await state.world.write('o.yaml', `${yaml}  - prefix: /api/pay\n    rat: 5\n    rate: 99999\n`);
      const shown = jsonOf<Shown>((await lint('-f', 'o.yaml', '--json')).out);
      expect(shown.findings.length).toBeGreaterThanOrEqual(2);
      for (const { rule, place, hint } of shown.findings) {
        expect([rule, place?.file, (place?.line ?? 0) >= 12]).toEqual(['invalid-file', 'o.yaml', true]);
        expect(hint).toMatch(/[^.?][.?]$/);
      }
    });
  });

  describe('reports', () => {
    test('SARIF and annotations into files, beside the table', async () => {
      await state.world.write('o.json', faulty);
      const ran = await lint('-f', 'o.json', '--sarif', 'lint.sarif', '--github', 'lint.txt');
      expect(ran.code).toBe(3);
      expect(ran.out).toMatch(/1 error, 4 warnings/);
      const sarif = jsonOf<{ runs: { tool: { driver: { version: string } }; results: unknown[] }[] }>(
        await readFile(join(state.world.cwd, 'lint.sarif'), 'utf8'),
      );
      expect(sarif.runs[0]?.tool.driver.version).toBe(testVersion);
      expect(sarif.runs[0]?.results).toHaveLength(found.length);
      const annotations = (await readFile(join(state.world.cwd, 'lint.txt'), 'utf8')).trimEnd().split('\n');
      expect(annotations).toHaveLength(found.length);
      expect(annotations[0]).toMatch(
        /^::error file=o\.json,line=4,col=9,title=rlctl%3A vanished-entry::the server drops/,
      );
      expect((await stat(join(state.world.cwd, 'lint.sarif'))).mode & 0o077).toBe(0);
    });

    test('on stdout they take the place of the table', async () => {
      await state.world.write('o.json', faulty);
      const { code, out } = await lint('-f', 'o.json', '--github');
      expect(code).toBe(3);
      expect(
        out
          .trimEnd()
          .split('\n')
          .map((line) => line.split(' ')[0]),
      ).toEqual(['::error', '::warning', '::warning', '::warning', '::warning', '::notice']);
      expect(jsonOf((await lint('-f', 'o.json', '--sarif', '-')).out)['version']).toBe('2.1.0');
    });

    test('where nothing is found they are there, and empty', async () => {
      await state.world.write('o.json', '{}');
      expect(await lint('-f', 'o.json', '--github')).toMatchObject({ code: 0, out: '' });
      const { runs } = jsonOf<{ runs: { results: unknown[] }[] }>((await lint('-f', 'o.json', '--sarif')).out);
      expect(runs[0]?.results).toEqual([]);
    });
  });

  test('rlctl help lint is the table of rules', async () => {
    const { out } = await state.world.main(['help', 'lint']);
    for (const { name, severity, summary } of lintRules) {
      expect(out).toMatch(new RegExp(`^${name} +${severity} `, 'm'));
      expect(out).toContain(summary);
    }
    const { rules } = jsonOf<{ rules: unknown[] }>((await state.world.main(['help', 'lint', '--json'])).out);
    expect(rules).toEqual(lintRules.map(({ name, severity, summary, cure }) => ({ name, severity, summary, cure })));
  });
});

describe('the stored document', () => {
  const state = {} as { lab: Lab };
  beforeAll(async () => {
    state.lab = await openLab();
  });
  afterAll(() => state.lab.stop());
  beforeEach(() => state.lab.reset());
  const lint = (...args: string[]) => state.lab.world.main(['-e', 'lab', 'override', 'lint', ...args]);

  test('is checked with the configured routes, and cured by commands', async () => {
    await state.lab.store('{"/api":{"shadow":true},"/api/search":{"rate":5}}');
    const ran = await lint('--json');
    expect(ran).toMatchObject({ code: 3, err: '' });
    const shown = jsonOf<Shown>(ran.out);
    expect(shown).toMatchObject({ environment: 'lab', source: labKey, entryCount: 2 });
    expect(shown.revision).toMatch(/^[0-9a-f]{40}/);
    expect(shown.findings.map(({ rule, place }) => [rule, place])).toEqual([
      ['wide-shadow', null],
      ['hidden-prefix', null],
    ]);
    const [, command = ''] = shown.findings[1]?.hint?.split(': rlctl ') ?? [];
    expect(command).toMatch(/^-e lab --config \S+ override set \/api\/search --rate 5 --before \/api$/);
    const words = command.split(' ');
    expect((await state.lab.world.main([...words, '--no-verify'])).code).toBe(0);
    const after = jsonOf<Shown>((await lint('--json')).out);
    expect(after.findings.map(({ rule }) => rule)).toEqual(['wide-shadow']);
  });

  test.each([['[]'], [''], ['{"/a":']])('%j is a finding, and the way to repair it', async (text) => {
    await state.lab.store(text);
    const ran = await lint();
    expect(ran).toMatchObject({ code: 3, err: '' });
    expect(ran.out).toMatch(/^error: the server cannot read the document: .* a reload drops every override/);
    expect(ran.out).toMatch(/do not reload before: rlctl -e lab --config \S+ override repair/);
  });

  test('a key of another type is one too; no key is well', async () => {
    await state.lab.redis.cli('DEL', labKey);
    expect((await lint()).code).toBe(0);
    await state.lab.redis.cli('LPUSH', labKey, 'x');
    const ran = await lint('--sarif');
    expect(ran.code).toBe(3);
    expect(ran.out).toContain('the key holds a list, not a string');
    expect(ran.out).not.toContain('physicalLocation');
  });

  test('changes nothing, with --read-only as well', async () => {
    const text = '{"/api":{"rate":"5"}}';
    await state.lab.store(text);
    expect((await lint('--read-only')).code).toBe(3);
    expect(await state.lab.document()).toBe(text);
  });

  test('without a Redis it is a usage error that says so', async () => {
    const world = await openWorld();
    const error = errorOf(await world.main(['override', 'lint', '--json']));
    await world.remove();
    expect(error).toMatchObject({ code: 'NO_REDIS', exitCode: 2 });
  });
});

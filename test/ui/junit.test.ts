import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { junitXml, type JUnitCase } from '../../src/ui/junit.js';

const hostile = 'a"b\'c<d>&e]]>\u0000\u001b[31m\u0008\ufffe\ud800x\ud83d\ude00\t\r\n--><!--%';
const cases: readonly JUnitCase[] = [
  { name: hostile, group: hostile, file: hostile, line: null, state: 'passed', message: '', details: [] },
  { name: 'f', group: 'g', file: 't.yaml', line: 3, state: 'failed', message: hostile, details: [hostile, 'two'] },
  { name: 'e', group: 'g', file: 't.yaml', line: 4, state: 'error', message: 'm', details: [] },
];

const reader = `
import json, sys, xml.etree.ElementTree as tree
root = tree.fromstring(sys.stdin.buffer.read())
suite = root[0]
print(json.dumps({
  'root': root.tag, 'counts': root.attrib, 'suite': suite.attrib['name'],
  'cases': [[c.attrib, [[k.tag, k.attrib, k.text] for k in c]] for c in suite],
}))`;

describe('a JUnit report', () => {
  test('is XML that a parser reads as it was meant, whatever stands in it', (context) => {
    const run = spawnSync('python3', ['-c', reader], { input: junitXml(hostile, cases), encoding: 'utf8' });
    if (run.error !== undefined) context.skip('python3 is not installed');
    expect(run.stderr).toBe('');
    const kept = 'a"b\'c<d>&e]]>[31mx😀\t\r\n--><!--%';
    expect(JSON.parse(run.stdout)).toEqual({
      root: 'testsuites',
      counts: { tests: '3', failures: '1', errors: '1', skipped: '0' },
      suite: kept,
      cases: [
        [{ name: kept, classname: kept, file: kept }, []],
        [
          { name: 'f', classname: 'g', file: 't.yaml', line: '3' },
          [['failure', { message: kept, type: 'failure' }, `${kept}\ntwo`]],
        ],
        [{ name: 'e', classname: 'g', file: 't.yaml', line: '4' }, [['error', { message: 'm', type: 'error' }, null]]],
      ],
    });
  });

  test('counts and closes what has no test', () => {
    expect(junitXml('none', [])).toContain('<testsuite name="none" tests="0" failures="0" errors="0" skipped="0">');
  });
});

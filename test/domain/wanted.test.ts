import { describe, expect, test } from 'vitest';
import { describeCommands } from '../../src/command-tree.js';
import { addressed, addressedCommand } from '../../src/domain/printed-command.js';
import { bareFlags, taken, withWanted } from '../../src/domain/wanted.js';

const prod = { name: 'prod', isProtected: true, requirements: ['reason', 'ticket', 'end'] } as const;

describe('a printed command carries what its environment wants of it', () => {
  test.each([
    ['rlctl panic restore p-1a2b3c4d', '--reason TEXT --ticket ID --confirm prod'],
    ['rlctl panic restore p-1a2b3c4d --leave', '--reason TEXT --ticket ID --confirm prod'],
    ['rlctl override set /api --no-shadow', '--reason TEXT --ticket ID --for 2h --confirm prod'],
    [
      'rlctl override set /api --no-shadow --until 2026-11-22T08:00:00.000Z',
      '--reason TEXT --ticket ID --confirm prod',
    ],
    ['rlctl override undo --if-revision 3f2a9c01d5e7', '--reason TEXT --ticket ID --confirm prod'],
    ['rlctl override apply --plan plan.json', '--for 2h --confirm prod'],
    ["rlctl panic route '/a b' --include-others", '--reason TEXT --ticket ID --confirm prod'],
    ['rlctl rollout abort', '--confirm prod'],
    ['rlctl rollout resume --auto', '--confirm prod'],
    ['rlctl incident end --restore', '--ticket ID --confirm prod'],
    ['rlctl runbook resume r-1 --undo', '--confirm prod'],
    ['rlctl reload --resume --instance-timeout 10s', '--confirm prod'],
    ['rlctl verify --reload', '--confirm prod'],
    ['rlctl -e prod --config /c.yaml override repair', '--reason TEXT --ticket ID --confirm prod'],
  ])('%s', (command, flags) => {
    const full = `${command} ${flags}`;
    expect(withWanted(command, prod)).toBe(full);
    expect(withWanted(full, prod)).toBe(full);
    for (const end of ['.', '; or leave it', ', then look', ' (it writes)', '" and go on', ': that is it'])
      expect(withWanted(`Run: ${command}${end}`, prod)).toBe(`Run: ${full}${end}`);
  });

  test.each([
    'rlctl override list',
    'rlctl verify /api',
    'rlctl doctor --only redis',
    'rlctl rollout resume',
    'rlctl rollout start --dry-run',
    'rlctl override repair --dry-run',
    'rlctl incident end --keep',
    'rlctl shadow on|off BUCKET',
    'rlctl -e other panic restore p-1',
    'rlctl env promote preview prod',
  ])('nothing is wanted of: %s', (command) => {
    expect(withWanted(command, prod)).toBe(command);
  });

  test.each([
    [
      'run rlctl reload with the number of workers set (workers: in rlctl.yaml)',
      'run rlctl reload --confirm prod with the number of workers set (workers: in rlctl.yaml)',
    ],
    [
      '"rlctl rollout undo" takes it back, rlctl reload, then rlctl shadow list',
      '"rlctl rollout undo --confirm prod" takes it back, rlctl reload --confirm prod, then rlctl shadow list',
    ],
    [
      'rlctl panic global --by kill-switch needs no document',
      'rlctl panic global --by kill-switch --reason TEXT --ticket ID --confirm prod needs no document',
    ],
    [
      'store them anew: rlctl override set ROUTE … --force',
      'store them anew: rlctl override set ROUTE … --force --reason TEXT --ticket ID --for 2h --confirm prod',
    ],
  ])('the flags stand where the command ends: %s', (sentence, expected) => {
    expect(withWanted(sentence, prod)).toBe(expected);
    expect(withWanted(expected, prod)).toBe(expected);
  });

  test('and nothing where nothing is wanted; a name is quoted for the shell', () => {
    const lab = { name: 'lab', isProtected: false, requirements: [] };
    expect(withWanted('rlctl panic restore p-1', lab)).toBe('rlctl panic restore p-1');
    const spaced = { ...prod, name: 'our prod', requirements: [] };
    const address = { environment: 'our prod', config: null, wants: spaced };
    const full = "rlctl -e 'our prod' runbook resume r-1 --confirm 'our prod'";
    expect(addressed('rlctl runbook resume r-1', address)).toBe(full);
    expect(addressed(full, address)).toBe(full);
  });

  test('what a word from outside says is no command', () => {
    const address = { environment: 'prod', config: null, wants: { ...prod, requirements: [] } };
    expect(addressedCommand(['override unset', '/x rlctl reload'], address)).toBe(
      "rlctl -e prod override unset '/x rlctl reload' --confirm prod",
    );
  });
});

test('every command that takes a confirmation or an author says what is wanted of it, and no other', async () => {
  const { leaves } = await describeCommands();
  const asking = leaves.filter(({ flags }) =>
    flags.some(({ long }) => ['--confirm', '--reason', '--ticket'].includes(long)),
  );
  expect(asking.map(({ path }) => path).toSorted()).toEqual(Object.keys(taken).toSorted());
  for (const { path, flags, arguments: words } of asking) {
    const takes = taken[path];
    if (takes === null || takes === undefined) continue;
    expect([path, words.some(({ isVariadic }) => isVariadic) ? Infinity : words.length]).toEqual([path, takes.words]);
    const has = (flag: string): boolean => flags.some(({ long }) => long === flag);
    expect([path, has('--confirm')]).toEqual([path, true]);
    for (const need of takes.needs)
      expect([path, need, has(need === 'end' ? '--for' : `--${need}`)]).toEqual([path, need, true]);
    if (takes.onlyWith !== undefined) expect([path, has(takes.onlyWith)]).toEqual([path, true]);
    for (const { long, short, value } of flags)
      for (const flag of [long, ...(short === null ? [] : [short])])
        expect([path, flag, bareFlags.has(flag)]).toEqual([path, flag, value === null]);
  }
});

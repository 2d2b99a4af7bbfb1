import { describe, expect, test } from 'vitest';
import { withWanted } from '../../src/domain/demand.js';

describe('a printed command carries what its environment wants of it', () => {
  const prod = { name: 'prod', isProtected: true, requirements: ['reason', 'ticket', 'end'] } as const;

  test.each([
    ['rlctl panic restore p-1a2b3c4d', '--reason TEXT --ticket ID --confirm prod'],
    ['rlctl override set /api --no-shadow', '--reason TEXT --ticket ID --for 2h --confirm prod'],
    ['rlctl override undo --if-revision 3f2a9c01d5e7', '--reason TEXT --ticket ID --confirm prod'],
    ['rlctl rollout abort', '--ticket ID --confirm prod'],
    ['rlctl incident end --restore', '--ticket ID --confirm prod'],
    ['rlctl runbook resume r-1 --undo', '--confirm prod'],
  ])('%s', (command, flags) => {
    expect(withWanted(command, prod)).toBe(`${command} ${flags}`);
  });

  test('and nothing where nothing is wanted; a name is quoted for the shell', () => {
    expect(withWanted('rlctl panic restore p-1', { name: 'lab', isProtected: false, requirements: [] })).toBe(
      'rlctl panic restore p-1',
    );
    expect(withWanted('rlctl runbook resume r-1', { ...prod, name: 'our prod' })).toContain(`--confirm 'our prod'`);
  });
});

import { describe, expect, test } from 'vitest';
import { RlctlError } from '../../../src/domain/errors.js';
import { partlyBack } from '../../../src/procedures/incident/refusals.js';

describe('an end that stopped between its parts says what was and what was not done', () => {
  const part = { changeId: 'c-1', done: ['read'], left: ['financial'] };

  test('interrupted before the flags were set', () => {
    const error = partlyBack(
      part,
      new RlctlError('interrupted', 'interrupted; nothing was changed', { code: 'INTERRUPTED' }),
    );
    expect(error).toMatchObject({ kind: 'interrupted', exitCode: 130 });
    expect(error.message).toBe(
      'change c-1 has taken the overrides back; flags put back: read; flags not put back: financial (interrupted)',
    );
    expect(error.hint).toContain('rlctl incident end --restore');
  });

  test('interrupted after they were written, or refused: 130 and 8, with the reason', () => {
    const details = { applied: true };
    const cut = partlyBack(
      part,
      new RlctlError('interrupted', 'interrupted after X was written', { code: 'CUT', details }),
    );
    expect(cut.message).toContain('flags not proven: financial (interrupted after X was written)');
    const refused = partlyBack(
      { ...part, changeId: null },
      new RlctlError('conflict', 'X was changed', { code: 'CONFLICT' }),
    );
    expect(refused).toMatchObject({ exitCode: 8 });
    expect(refused.message).toBe('flags put back: read; flags not put back: financial (X was changed)');
  });
});

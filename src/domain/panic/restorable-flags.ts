import { RlctlError, usageError } from '../errors.js';
import { quoteOutside } from '../outside-text.js';
import type { Reach } from '../operation/origin.js';
import { leaveHint } from './restoration.js';
import { declaredElsewhere, restoreWords, type PlacedPanic } from './way-back.js';
import type { KeptFlag } from './kept.js';

/** A flag of a panic, and what stands there now. */
export interface FlagNow {
  readonly flag: KeptFlag;
  /** The value's exact text; `null`: absent. `undefined`: nobody can tell. */
  readonly now: string | null | undefined;
}

/**
 * Throws a conflict, with all three values, where a flag holds neither what the panic wrote nor what stood before it:
 * somebody set it since.
 */
export function assertRestorableFlags(flags: readonly FlagNow[], id: string): void {
  const isBack = ({ flag: { record }, now }: FlagNow): boolean => now !== undefined && now === record.before;
  const isStanding = ({ flag: { record }, now }: FlagNow): boolean => now === undefined || now === record.wrote;
  const changed = flags.filter((each) => !isStanding(each) && !isBack(each));
  if (changed.length > 0) throw changedSince(changed, id);
}

function changedSince(flags: readonly FlagNow[], id: string): RlctlError {
  const names = flags.map(({ flag }) => flag.record.variable).join(', ');
  const texts = flags.map(
    ({ flag: { record }, now }) =>
      `${record.variable} is ${inWords(now ?? null)} now; the panic wrote ${inWords(record.wrote)}, and before it was ${inWords(record.before)}.`,
  );
  return new RlctlError(
    'conflict',
    `the panic ${id} cannot be taken back, ${names}: it no longer holds what the panic wrote; nothing was written`,
    {
      code: 'RESTORE_CONFLICT',
      hint: `${texts.join(' ')} ${leaveHint(id)} See what stands there with: rlctl shadow list; and set these flags with: rlctl shadow on|off BUCKET`,
      details: {
        variables: flags.map(({ flag: { record }, now }) => ({
          variable: record.variable,
          base: record.wrote,
          theirs: now ?? null,
          mine: record.before,
        })),
      },
    },
  );
}

function inWords(text: string | null): string {
  return text === null ? 'not set' : quoteOutside(text, 40);
}

/** Throws a usage error, with the command of where it was declared, where a panic acted in another place than is configured now. */
export function assertSamePlace(flags: readonly KeptFlag[], panic: PlacedPanic, reach: Reach): void {
  const { id } = panic;
  const place = panic.way === 'flags' ? reach.flags : reach.killSwitch;
  const other = flags.find(({ record }) => record.place !== place);
  if (other === undefined) return;
  const there = declaredElsewhere(panic, reach) === null ? '' : `: ${restoreWords(panic, reach)}`;
  throw usageError(
    `the panic ${id} acted through ${other.record.place}, and ${place === null ? 'nothing of the kind' : place} is configured here`,
    `Take it back where that is configured${there}; ${other.record.variable} was ${other.record.before ?? 'not set'} before it.`,
    'PANIC_ELSEWHERE',
  );
}

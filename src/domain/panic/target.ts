import { usageError } from '../errors.js';
import { revisionOf } from '../revision.js';
import { shellWord } from '../shell-words.js';

/** What an emergency rollback is about: every request, those of a bucket, or those of a route prefix. */
export type PanicTarget =
  | { readonly kind: 'global' }
  | { readonly kind: 'bucket'; readonly name: string }
  | { readonly kind: 'route'; readonly route: string };

/** By which means it acts: route overrides, the flags of buckets, or the program of the configuration's `killSwitch`. */
export type PanicWay = 'overrides' | 'flags' | 'kill-switch';

/** The command as it was typed, and as the history keeps it: `panic bucket financial`. */
export function panicCommand(target: PanicTarget): string {
  if (target.kind === 'global') return 'panic global';
  return `panic ${target.kind} ${shellWord(target.kind === 'bucket' ? target.name : target.route)}`;
}

/** The id of a panic, from 8 random hex digits. */
export function panicId(hex: string): string {
  return `p-${hex}`;
}

/** The id of a panic that is declared as the change of an id that was fixed before: declared once more it is the same panic. */
export function panicIdOf(changeId: string): string {
  return panicId(revisionOf(Buffer.from(changeId)).slice(0, 8));
}

/** The text of a panic's id. Throws a usage error for what is none. */
export function parsePanicId(text: string): string {
  if (/^p-[0-9a-f]{8}$/.test(text)) return text;
  throw usageError(
    `"${text.slice(0, 40)}" is not the id of a panic, such as p-1a2b3c4d`,
    'See those that are open with: rlctl panic list',
    'PANIC_ID',
  );
}

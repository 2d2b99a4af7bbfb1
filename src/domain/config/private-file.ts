import { RlctlError } from '../errors.js';
import { shellWord } from '../shell-words.js';

/** What is known of a file that holds a secret, links not followed. */
export interface PrivateFileFacts {
  /** Permission bits, `0o600`. */
  readonly mode: number;
  readonly ownerId: number;
  /** Who runs this; that of the owner where the machine knows no owners. */
  readonly ownId: number;
  readonly isRegular: boolean;
  readonly isSymbolicLink: boolean;
}

/** The facts of what `lstat` says of a file. `ownId`: absent where the machine knows no owners. */
export function privateFileFacts(
  seen: { readonly mode: number; readonly uid: number; isFile(): boolean; isSymbolicLink(): boolean },
  ownId: number | undefined,
): PrivateFileFacts {
  const { mode, uid } = seen;
  return {
    mode: mode & 0o777,
    ownerId: uid,
    ownId: ownId ?? uid,
    isRegular: seen.isFile(),
    isSymbolicLink: seen.isSymbolicLink(),
  };
}

/** A link is another file tomorrow. */
export function symbolicLink(what: string): RlctlError {
  return unsafe(what, 'is a symbolic link', 'Name the file itself.');
}

function unsafe(what: string, why: string, hint: string): RlctlError {
  return new RlctlError('guard', `${what} ${why}`, { code: 'SECRET_FILE_UNSAFE', hint });
}

/**
 * Throws a guard where a file that holds a secret is a link, no regular file, readable by others, or neither one's own nor
 * root's: such a secret is none. `what`: how the message begins, `the secret file PATH`. The hint mends it.
 */
export function assertPrivateFile(what: string, path: string, facts: PrivateFileFacts): void {
  const { mode, ownerId, ownId, isRegular, isSymbolicLink } = facts;
  if (isSymbolicLink) throw symbolicLink(what);
  if (!isRegular) throw unsafe(what, 'is not a regular file', 'Name a regular file.');
  if ((mode & 0o077) !== 0)
    throw unsafe(what, `can be read by others (mode ${mode.toString(8)})`, `Run: chmod 600 ${shellWord(path)}`);
  if (ownerId !== ownId && ownerId !== 0) throw unsafe(what, 'belongs to another user', 'Use a file of your own.');
}

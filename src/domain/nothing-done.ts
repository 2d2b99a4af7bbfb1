import { RlctlError } from './errors.js';

type Done = 'written' | 'changed' | 'sent';

const isSaid = /nothing (?:was|has been)|was not (?:applied|changed)|before anything was/;

/** A message that says what a failure left behind: nothing. One that says so itself stays as it is. */
export function nothingDoneText(message: string, done: Done): string {
  return isSaid.test(message) ? message : `${message.replace(/\.$/, '')}; nothing was ${done}`;
}

/**
 * What has to succeed before anything is written or sent, or fails only while nothing is: that Redis or an API could not be
 * reached (7), or Redis refused it (4), then also says that nothing was done. Every other error, and one that knows of something that was applied, is
 * thrown as it is.
 */
export async function beforeAnything<T>(work: Promise<T>, done: Done): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw withNothingDone(error, done);
  }
}

/** That Redis or an API failed before anything was done. A program that failed is refused as well, and may have done something. */
export function isBefore({ kind, code }: RlctlError): boolean {
  return kind === 'unreachable' || (kind === 'refused' && code.startsWith('REDIS_'));
}

function withNothingDone(error: unknown, done: Done): unknown {
  if (!(error instanceof RlctlError) || !isBefore(error) || error.details?.['applied'] === true) return error;
  const { kind, message, code, hint, details, cause } = error;
  const said = { ...(hint === undefined ? {} : { hint }), ...(details === undefined ? {} : { details }) };
  return new RlctlError(kind, nothingDoneText(message, done), { code, ...said, cause });
}

/**
 * The interrupt as it comes, said of a command that makes one change and had not begun it: that nothing was done. What is cut
 * off after a write says so in words of its own and stays as it is, as does every other error.
 */
export function interruptedBefore(error: unknown, done: Done): unknown {
  if (!(error instanceof RlctlError) || error.message !== `${error.kind}; nothing more was sent`) return error;
  return new RlctlError(error.kind, `${error.kind}; nothing was ${done}`, {
    code: error.code,
    hint: 'Nothing has to be cleaned up: run the command again.',
  });
}

import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import { isUnbegun } from '../../procedures/in-time.js';
import { forgetUnacted } from './kept.js';

/**
 * What ended a panic that is on record. Where it changed nothing the record goes; what was cut off may have acted, so it
 * stays, and the error names it with the way back.
 */
export async function cutOff(context: Context, environment: Environment, id: string, error: unknown): Promise<unknown> {
  const isMaybe = error instanceof RlctlError && ['interrupted', 'terminated', 'unknownOutcome'].includes(error.kind);
  if (!isMaybe || isUnbegun(error, context.deadline)) {
    await forgetUnacted(context, environment, id);
    return error;
  }
  const { kind, message, code, details } = error;
  const restore = `rlctl panic restore ${id}`;
  return new RlctlError(kind, `${message}; it is recorded as panic ${id}`, {
    code,
    hint: `Run "rlctl reload" to make it take hold and to see what the server says; put back what was before with: ${restore}`,
    details: { ...details, panicId: id },
  });
}

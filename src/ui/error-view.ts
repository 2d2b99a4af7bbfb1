import { RlctlError } from '../domain/errors.js';
import { escapeJson, term, termLines } from './term.js';
import type { Theme } from './theme.js';

/** An unexpected throw as an error that can be shown: its message is ours to hide nothing in, its stack only for --debug. */
export function explained(error: unknown): RlctlError {
  if (error instanceof RlctlError) return error;
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new RlctlError('unexpected', `rlctl failed in a way it did not foresee: ${message}`, {
    code: 'UNEXPECTED',
    hint:
      'This is a defect of rlctl. If it was to change something, look first whether it did: rlctl override history. ' +
      'Then run it again with --debug and report what it prints; that holds no secret.',
    cause: error,
  });
}

/** The error for a person: what failed and why, then what to do next. */
export function errorText(error: RlctlError, theme: Theme, isDebug: boolean): string {
  const lines = [`${theme.bad('error:')} ${termLines(error.message)}`];
  lines.push(...conflictLines(error));
  if (error.hint) lines.push(`${theme.accent('hint:')}  ${termLines(error.hint).replaceAll('\n', '\n       ')}`);
  if (isDebug) lines.push(theme.dim(`code:  ${error.code}, exit ${error.exitCode}`));
  if (isDebug && error.cause instanceof Error) lines.push(theme.dim(termLines(error.cause.stack ?? '')));
  return `${lines.join('\n')}\n`;
}

/** Base, theirs and mine of every route in a conflict. */
function conflictLines(error: RlctlError): readonly string[] {
  const routes = error.kind === 'conflict' ? error.details?.['routes'] : undefined;
  if (!Array.isArray(routes)) return [];
  const shown = (raw: string | null): string => (raw === null ? '(no entry)' : term(raw));
  return (
    routes as readonly { route: string; base: string | null; theirs: string | null; mine: string | null }[]
  ).flatMap(({ route, base, theirs, mine }) => [
    `  ${route === '' ? '"" (every route)' : term(route)}`,
    `    base    ${shown(base)}`,
    `    theirs  ${shown(theirs)}`,
    `    mine    ${shown(mine)}`,
  ]);
}

/** The error for a program: one JSON object. */
export function errorJson(error: RlctlError): string {
  const { code, message, hint, details, exitCode } = error;
  return `${escapeJson(JSON.stringify({ error: { code, message, hint: hint ?? null, exitCode, ...(details ? { details } : {}) } }))}\n`;
}

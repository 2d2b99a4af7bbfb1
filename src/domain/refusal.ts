import { RlctlError, type ErrorKind } from './errors.js';
import { readErrorBody, type ErrorBody } from './refusal-body.js';
import { findCause, type RefusalCause, type SeenAnswer } from './refusal-cause.js';

/** An answer that is not the one that was asked for, with its cause and its cure. Never carries a secret. */
export interface Refusal {
  readonly cause: RefusalCause;
  /** Decides the exit code: `refused` (4), or `unreachable` (7) for 429 and 5xx. */
  readonly kind: ErrorKind;
  /** Stable for scripts: `SIGNATURE_REFUSED`. */
  readonly code: string;
  /** The HTTP status. */
  readonly status: number;
  /** What was answered, and what that means; one sentence without a full stop. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
  /** How long the server asks to wait, seconds; `null`: it does not say. */
  readonly retryAfterSeconds: number | null;
}

/** Names the cause of an answer that is not the one that was asked for. */
export function classifyAnswer(answer: SeenAnswer): Refusal {
  const body = readErrorBody(answer.body, answer.headers.get('content-type') ?? '');
  const verdict = findCause(answer, body);
  const retryAfterSeconds = retryAfterOf(answer, body);
  return { kind: 'refused', ...verdict, status: answer.status, retryAfterSeconds };
}

/** The refusal as an error; `what` says what was attempted: `the reload of https://api.example.com`. */
export function refusalError(refusal: Refusal, what: string): RlctlError {
  const { kind, code, hint, cause, status, retryAfterSeconds } = refusal;
  return new RlctlError(kind, `${what}: ${refusal.message}`, {
    code,
    hint,
    details: { cause, status, retryAfterSeconds },
  });
}

function retryAfterOf({ headers, nowMs }: SeenAnswer, body: ErrorBody): number | null {
  const text = headers.get('retry-after')?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const date = text.endsWith(' GMT') ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(date)) return Math.max(0, Math.ceil((date - nowMs) / 1000));
  return body.retryAfterSeconds;
}

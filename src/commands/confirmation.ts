import type { Context } from '../context.js';
import type { Environment } from '../domain/config/environment.js';
import type { Demand } from '../domain/demand.js';
import { RlctlError } from '../domain/errors.js';
import { shellWord } from '../domain/shell-words.js';

export interface Consent {
  readonly isYes: boolean;
  readonly confirm: string | null;
  /** A write wants y/N also where the environment is not protected; absent: it does not. */
  readonly isAsked?: boolean;
}

/** A write on a protected environment wants the environment's name: typed, or given with --confirm. */
async function confirmWrite(context: Context, environment: Environment, consent: Consent): Promise<void> {
  if (!environment.isProtected || consent.confirm === environment.name) return;
  assertNoneOther(environment, consent.confirm);
  if (!canAsk(context)) throw notConfirmed(environment, 'nobody was there to ask');
  const { askText } = await import('../ui/prompt.js');
  const theme = await context.theme();
  const typed = await outsideDeadline(context, () =>
    askText(`"${environment.name}" is protected. Type its name to go on:`, theme),
  );
  if (typed.trim() !== environment.name) throw notConfirmed(environment, `"${typed.trim()}" was typed`);
}

/** What wants no confirmation takes one all the same, and is refused where that names another environment. */
export function assertNoneOther(environment: Environment, confirm: string | null): void {
  if (!environment.isProtected || confirm === null || confirm === environment.name) return;
  throw notConfirmed(environment, `--confirm says "${confirm}"`);
}

/** A reload on a protected environment wants y/N or --yes. */
export async function confirmReload(context: Context, environment: Environment, consent: Consent): Promise<void> {
  if (!environment.isProtected || consent.isYes || consent.confirm === environment.name) return;
  if (!canAsk(context)) throw notConfirmed(environment, 'nobody was there to ask', '--yes');
  const { askYesNo } = await import('../ui/prompt.js');
  const theme = await context.theme();
  const isYes = await outsideDeadline(context, () =>
    askYesNo(`Reload the protected environment "${environment.name}"?`, theme),
  );
  if (!isYes) throw notConfirmed(environment, theAnswerWasNo, null);
}

/** What is to be confirmed. */
export interface ToConfirm {
  /** Nothing is to be written. */
  readonly isNoop: boolean;
  readonly isReloading: boolean;
  /** What would be written, shown before the question. */
  readonly preview: () => Promise<string>;
}

/** A write wants the environment's name; where nothing is to be written, what is left is a reload, and wants what that wants. */
export async function confirmChange(
  context: Context,
  environment: Environment,
  consent: Consent,
  { isNoop, isReloading, preview }: ToConfirm,
): Promise<void> {
  if (!environment.isProtected) {
    if (isNoop || consent.isAsked !== true) return;
    if (!consent.isYes) await showBefore(context, preview);
    return confirmStep(context, 'Write this change?', consent.isYes);
  }
  if (isNoop) {
    if (isReloading) await confirmReload(context, environment, consent);
    return;
  }
  if (consent.confirm !== environment.name) await showBefore(context, preview);
  await confirmWrite(context, environment, consent);
}

/** What is asked about is part of the question; where nobody is asked it is a remark like any other. */
async function showBefore(context: Context, preview: ToConfirm['preview']): Promise<void> {
  if (!canAsk(context)) return context.note(await preview());
  context.progress.clear();
  await context.host.stderr.write(`${await preview()}\n`);
}

/**
 * What `confirmChange` would refuse without a question, because the flags say something else or nobody is there to ask;
 * `null`: it would not.
 */
export function confirmationDemand(
  context: Context,
  { name, isProtected }: Environment,
  { confirm, isYes }: Consent,
  { isNoop, isReloading }: Pick<ToConfirm, 'isNoop' | 'isReloading'>,
): Demand | null {
  if (!isProtected || confirm === name || (isNoop && (isYes || !isReloading))) return null;
  const isAsked = canAsk(context) && (isNoop || confirm === null);
  if (isAsked) return null;
  const why = isNoop || confirm === null ? 'nobody was there to ask' : `--confirm says "${confirm}"`;
  const flag = isNoop ? '--yes' : `--confirm ${shellWord(name)}`;
  return {
    code: 'NOT_CONFIRMED',
    message: `${notConfirmedText(name, why)}; nothing was changed`,
    clause: notConfirmedText(name, why),
    hint: unaskedBy(flag).hint ?? null,
    cures: [],
    needs: [],
    flags: [flag],
  };
}

/** A step outside any environment wants y/N or --yes. */
export async function confirmStep(context: Context, question: string, isYes: boolean): Promise<void> {
  if (isYes) return;
  const refused = (why: string, flag: string | null): RlctlError =>
    new RlctlError('guard', `not confirmed: ${why}; nothing was changed`, unaskedBy(flag));
  if (!canAsk(context)) throw refused('nobody was there to ask', '--yes');
  const { askYesNo } = await import('../ui/prompt.js');
  const theme = await context.theme();
  if (!(await outsideDeadline(context, () => askYesNo(question, theme)))) throw refused(theAnswerWasNo, null);
}

/** Whether somebody is there to ask. */
export function canAsk({ host, options }: Context): boolean {
  return options.isInputAllowed && host.stdin.isTTY && host.stderr.isTTY;
}

/** The time somebody takes to answer, or to edit, does not count. */
export async function outsideDeadline<T>(context: Context, ask: () => Promise<T>): Promise<T> {
  context.progress.clear();
  const startedMs = context.clock.monotonicMs();
  try {
    return await ask();
  } finally {
    context.deadline.extend(context.clock.monotonicMs() - startedMs);
  }
}

/** Whoever said it knows how to say yes. */
const theAnswerWasNo = 'the answer was no';

/** `flag`: what confirms it without a question; `null`: somebody was asked, and said no. */
function unaskedBy(flag: string | null): { readonly code: string; readonly hint?: string } {
  const hint = flag === null ? {} : { hint: `To confirm it without a terminal, add ${flag}.` };
  return { code: 'NOT_CONFIRMED', ...hint };
}

function notConfirmedText(name: string, why: string): string {
  return `"${name}" is protected and the change was not confirmed: ${why}`;
}

function notConfirmed(
  environment: Environment,
  why: string,
  flag: string | null = `--confirm ${shellWord(environment.name)}`,
): RlctlError {
  const message = `${notConfirmedText(environment.name, why)}; nothing was changed`;
  return new RlctlError('guard', message, unaskedBy(flag));
}

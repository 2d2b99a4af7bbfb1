import type { Context } from '../context.js';
import type { RlctlError } from '../domain/errors.js';
import { parseRefusedSignatures, withAnswers, type RefusedSignatures } from '../domain/fleet/refused-signatures.js';

/** What a signed reload came to at one address, as far as it tells of the signature. */
export interface ReloadAnswer {
  /** The name of the instance, or the origin. */
  readonly target: string;
  /** Absent: no reload was sent to it. */
  readonly outcome: string | undefined;
  readonly error: RlctlError | null;
}

/** Which addresses of an environment refused the signature when they were last reloaded from here. */
export async function refusedSignatures(context: Context, environment: Named): Promise<RefusedSignatures> {
  return parseRefusedSignatures(await context.files.readText(await pathOf(context, environment)));
}

/** Keeps which of these have accepted or refused a signature; one that gave no answer has accepted none since. */
export async function keepAnswers(
  context: Context,
  environment: Named,
  answers: readonly ReloadAnswer[],
): Promise<void> {
  const told = answers
    .map(({ target, outcome, error }) => ({ target, isAccepted: outcome === 'accepted', error }))
    .filter(({ isAccepted, error }) => isAccepted || error?.code === 'SIGNATURE_REFUSED');
  if (told.length === 0) return;
  const known = await refusedSignatures(context, environment);
  const now = withAnswers(known, told, new Date(context.clock.nowMs()).toISOString());
  const path = await pathOf(context, environment);
  if (now === known) return;
  if (now.size === 0) await context.files.remove(path);
  else await context.files.writePrivate(path, `${JSON.stringify(Object.fromEntries(now))}\n`);
}

/** Forgets them with the environment. */
export async function forgetAnswers(context: Context, environment: Named): Promise<void> {
  await context.files.remove(await pathOf(context, environment));
}

interface Named {
  readonly name: string;
}

/** The same name in another file is another environment. */
async function pathOf(context: Context, { name }: Named): Promise<string> {
  const [{ refusedSignaturesPath }, { path }] = await Promise.all([import('../config.js'), context.config()]);
  return refusedSignaturesPath(context.host.env, `${name} ${path ?? ''}`);
}

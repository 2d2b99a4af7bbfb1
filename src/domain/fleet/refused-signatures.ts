/** The addresses that refused the signature when they were last reloaded from here, by name, each with when, RFC 3339. */
export type RefusedSignatures = ReadonlyMap<string, string>;

/** Reads what is kept of them; what is none is nothing. */
export function parseRefusedSignatures(text: string | null): RefusedSignatures {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    const entries = Object.entries(Object(value) as Record<string, unknown>);
    return new Map(entries.flatMap(([name, at]) => (isDate(at) ? [[name, at]] : [])));
  } catch {
    return new Map();
  }
}

function isDate(value: unknown): value is string {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}

/** What a signed reload came to at one address. */
export interface SignatureAnswer {
  /** The name of the instance, or the origin. */
  readonly target: string;
  /** True: it accepted the signature. False: it refused it. Any other answer says nothing of it. */
  readonly isAccepted: boolean;
}

/** More than a whole fleet: those that are gone for good are forgotten at last. */
const mostKept = 10_000;

/** What is known once these have answered; the same where that is no news. */
export function withAnswers(
  known: RefusedSignatures,
  answers: readonly SignatureAnswer[],
  at: string,
): RefusedSignatures {
  const news = answers.filter(({ target, isAccepted }) => !isAccepted || known.has(target));
  if (news.length === 0) return known;
  const now = new Map(known);
  for (const { target, isAccepted } of news) {
    now.delete(target);
    if (!isAccepted) now.set(target, at);
  }
  return new Map([...now].slice(-mostKept));
}

/** What it says of several. */
export const refusedBefore = 'refused the signature when last reloaded from here';

/** What it says of one. */
export function refusedText(at: string): string {
  return `it refused the signature when it was last reloaded from here, at ${at}`;
}

/** What that means for one that is in step all the same. */
export const nextFails = 'the next reload or change fails there';

/** A reload alone would be refused again. */
export const refusedCure =
  'compare the CONFIG_RELOAD_SECRET there with the secret of this environment, restart that server, then run: rlctl reload';

/** The reload of those that differ; where one of `targets` refused the signature, what it takes to have it accepted. */
export function reloadCure(targets: readonly string[], refused: RefusedSignatures): string {
  const refusing = targets.filter((target) => refused.has(target));
  const [first] = refusing;
  if (first === undefined) return 'run: rlctl reload';
  if (targets.length === 1) return `${refusedText(refused.get(first) ?? '')}: ${refusedCure}`;
  const more = refusing.length > 1 ? ` and ${refusing.length - 1} more` : '';
  return `${first}${more} ${refusedBefore}: ${refusedCure}`;
}

import type { RlctlError } from '../domain/errors.js';
import { partOf, valueOf } from '../domain/part.js';
import type { Deadline } from '../ports/deadline.js';
import { inParallel } from './reload/in-parallel.js';

/** Instances that are asked at the same time. */
export const mostAtOnce = 32;

/** Instances that answered alike. */
export interface Alike<Answer> {
  /** What the first of them said. */
  readonly answer: Answer;
  readonly targets: readonly string[];
}

/** What all instances answered to one question. */
export interface EachAnswer<Answer> {
  readonly total: number;
  /** True where every instance answered, and all alike. */
  readonly isUnanimous: boolean;
  /** The distinct answers, the commonest first; at least one. */
  readonly answers: readonly [Alike<Answer>, ...Alike<Answer>[]];
  /** Those that did not answer, in their order. */
  readonly failures: readonly { readonly target: string; readonly error: RlctlError }[];
}

/**
 * Asks every instance the same, a bounded number at once; `keyOf` is the same for answers that say the same. What does not
 * answer is told beside the answers; where nothing answers, the first cause is thrown.
 */
export async function askEach<Answer>(
  { interrupted }: Pick<Deadline, 'interrupted'>,
  targets: readonly string[],
  ask: (target: string) => Promise<Answer>,
  keyOf: (answer: Answer) => string,
): Promise<EachAnswer<Answer>> {
  const parts = await inParallel(targets, mostAtOnce, async (target) => ({
    target,
    part: await partOf(() => ask(target)),
  }));
  if (interrupted.aborted) throw interrupted.reason;
  const failures = parts.flatMap(({ target, part }) =>
    part.state === 'failed' ? [{ target, error: part.error }] : [],
  );
  const groups = new Map<string, { answer: Answer; targets: string[] }>();
  for (const { target, part } of parts) {
    const answer = valueOf(part);
    if (answer === null) continue;
    const group = groups.get(keyOf(answer)) ?? { answer, targets: [] };
    group.targets.push(target);
    groups.set(keyOf(answer), group);
  }
  const [first, ...others] = [...groups.values()].toSorted((left, right) => right.targets.length - left.targets.length);
  if (first === undefined) throw failures[0]?.error ?? new TypeError('there is no instance to ask');
  const isUnanimous = others.length === 0 && failures.length === 0;
  return { total: targets.length, isUnanimous, answers: [first, ...others], failures };
}

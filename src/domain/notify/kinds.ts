/** What can be told: a receiver names those it wants. */
export const eventKinds = ['change', 'panic', 'rollout', 'incident', 'reload'] as const;

export type EventKind = (typeof eventKinds)[number];

/** What a receiver is told that names none: a reload that changes nothing is told only where somebody asks for it. */
export const usualEvents: readonly EventKind[] = ['change', 'panic', 'rollout', 'incident'];

import { term } from './term.js';
import type { View } from './view.js';

/** A result that one sentence tells. */
export function messageView(kind: string, data: Readonly<Record<string, unknown>>, text: string): View {
  return { kind, data, human: () => term(text) };
}

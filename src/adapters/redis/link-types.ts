import type { ReplyFailure } from './failure.js';

export type CommandWords = readonly [name: string, ...args: (string | Buffer)[]];
export type ReplyValue = Buffer | number | null | readonly ReplyValue[];
export type Reply =
  { readonly kind: 'value'; readonly value: ReplyValue } | { readonly kind: 'error'; readonly failure: ReplyFailure };

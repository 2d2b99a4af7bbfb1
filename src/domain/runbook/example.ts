import { placeholderOf } from './input.js';
import type { Runbook } from './runbook.js';
import type { Values } from './template.js';

/** Values that fit the types of all inputs, optional ones too: for a look at what would be run. */
export function exampleValues({ inputs }: Runbook): Values {
  const ours = [
    ['environment', 'prod'],
    ['namespace', 'app'],
  ] as const;
  return new Map([
    ...ours,
    ...inputs.map((input) => {
      const { name, type, choices } = input;
      const example = type === 'choice' ? (choices[0] ?? '') : type === 'identity' ? 'user:42' : placeholderOf(input);
      return [name, input.default ?? example] as const;
    }),
  ]);
}

import { fieldText, type Act, type RunbookStep, type Words } from '../domain/runbook/runbook.js';
import type { ResolvedAct } from '../domain/runbook/resolve.js';
import { shellWords, templateWords } from '../domain/shell-words.js';

// What a step runs, sends or asks for, as one line.

/** An act as its file says it, `{{input}}` and all; what may be left out stands in brackets. */
export function actText(act: Act): string {
  switch (act.kind) {
    case 'rlctl':
      return `rlctl ${wordsText(act.words)}`;
    case 'http':
      return `${act.method} ${act.target.text}${answerText(act)}`;
    case 'promql':
      return promqlText(act);
    case 'manual':
      return `by hand: ${act.text}`;
    case 'exec':
      return `run ${wordsText(act.words)}`;
  }
}

/** An act with its values, exactly as it is run or sent; `origin`: where the environment's API stands. */
export function resolvedText(act: ResolvedAct, origin: string): string {
  switch (act.kind) {
    case 'rlctl':
      return `rlctl ${shellWords(act.argv)}`;
    case 'http':
      return `${act.method} ${act.target.kind === 'path' ? origin : ''}${act.target.text}${answerText(act)}`;
    case 'promql':
      return promqlText(act);
    case 'manual':
      return `by hand: ${act.text}`;
    case 'exec':
      return `run ${shellWords(act.argv)}`;
  }
}

function wordsText(words: Words): string {
  return words.map((each) => (typeof each === 'string' ? templateWords([each]) : `[${templateWords(each)}]`)).join(' ');
}

function answerText({ statuses, contains }: Extract<Act, { kind: 'http' }>): string {
  const holding = contains === null ? '' : ` with ${JSON.stringify(contains)} in it`;
  return ` answers ${statuses.join(' or ')}${holding}`;
}

function promqlText({ query, bound, isNoDataGood }: Extract<Act, { kind: 'promql' }>): string {
  return `PromQL ${query}: ${bound.kind} ${bound.value}${isNoDataGood ? ', or no data' : ''}`;
}

/** What else of a command is looked at, in words; empty: its exit code alone. */
export function wantedText(act: Act | ResolvedAct): string {
  if (act.kind !== 'rlctl') return '';
  const fields = act.fields.map(fieldText);
  const exits = act.exits.length === 1 && act.exits[0] === 0 ? [] : [`exit code ${act.exits.join(' or ')}`];
  return [...exits, ...fields].join(', ');
}

/** When a step is come to at all, in words; empty: always. */
export function conditionText({ when, onlyIfNoEffect }: RunbookStep): string {
  const inputs = [...(when ?? [])].map(([name, values]) =>
    values.includes('*') ? `${name} is given` : `${name} is ${values.join(' or ')}`,
  );
  const earlier = onlyIfNoEffect.length === 0 ? [] : [`${onlyIfNoEffect.join(' or ')} had no effect`];
  return [...inputs, ...earlier].join(', and ');
}

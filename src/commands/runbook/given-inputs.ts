import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError, usageError } from '../../domain/errors.js';
import { inputsAsked, parseInput, placeholderOf, valuesOf } from '../../domain/runbook/input.js';
import type { Runbook, RunbookInput } from '../../domain/runbook/runbook.js';
import type { Values } from '../../domain/runbook/template.js';
import { canAsk, outsideDeadline } from '../confirmation.js';

/** The inputs as given with --input NAME=VALUE; throws a usage error for one that is no such pair, or comes twice. */
export function givenInputs(pairs: readonly string[]): Values {
  const values = new Map<string, string>();
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, at);
    if (at < 1) throw usageError(`--input: "${pair}" is no NAME=VALUE`, 'Write it as --input route=/api/search.');
    if (values.has(name)) throw usageError(`--input: ${name} is given twice`, 'Give each input once.');
    values.set(name, pair.slice(at + 1));
  }
  return values;
}

/** All values of a run: what is missing is asked for where somebody is there to ask, and everything is checked. */
export async function completeInputs(
  context: Context,
  environment: Environment,
  runbook: Runbook,
  given: Values,
): Promise<Values> {
  const values = new Map(given);
  if (canAsk(context)) {
    for (const { name } of runbook.inputs) {
      const asked = inputsAsked(runbook, withDefaults(runbook, values)).find((each) => each.name === name);
      if (asked === undefined || values.has(name) || asked.isOptional || asked.default !== null) continue;
      values.set(name, await ask(context, environment, asked));
    }
  }
  const ours = [
    ['environment', environment.name],
    ['namespace', environment.namespace ?? ''],
  ] as const;
  return new Map([...valuesOf(runbook, values, environment), ...ours]);
}

function withDefaults({ inputs }: Runbook, values: Values): Values {
  const fallbacks = inputs.flatMap(({ name, default: value }) => (value === null ? [] : [[name, value] as const]));
  return new Map([...fallbacks, ...values]);
}

/** Asks until the answer is one. */
async function ask(context: Context, environment: Environment, input: RunbookInput): Promise<string> {
  const { askText } = await import('../../ui/prompt.js');
  const { term } = await import('../../ui/term.js');
  const question = term(`${input.description ?? input.name} (${placeholderOf(input)}):`);
  const theme = await context.theme();
  for (;;) {
    const text = (await outsideDeadline(context, () => askText(question, theme))).trim();
    try {
      return parseInput(input, text, environment);
    } catch (error) {
      if (!(error instanceof RlctlError)) throw error;
      await context.note(term(error.message));
    }
  }
}

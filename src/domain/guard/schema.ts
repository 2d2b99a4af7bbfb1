import * as z from 'zod/mini';
import { nearNames } from '../near-names.js';
import { guardedCommands, isExempt } from './commands.js';
import { parseFreeze } from './freeze.js';

const limits = ['rate', 'burst', 'window', 'factor', 'never', 'require', 'freeze', 'deny', 'only'] as const;

/** The list `guards` of an environment, strictly: a rule that says less than somebody believes would guard nothing. */
export function guardsSchema() {
  const text = z.string().check(z.minLength(1));
  const texts = z.array(text).check(z.minLength(1));
  const whole = z.int().check(z.gte(0), z.lte(1_000_000_000));
  const factor = z.number().check(z.gte(1));
  const bounds = z
    .strictObject({ min: z.optional(whole), max: z.optional(whole) })
    .check(refusing(({ min, max }) => [boundsFault(min, max)]));
  const window = z
    .strictObject({ from: text, to: text, zone: z.optional(text) })
    .check(refusing((value) => [freezeFault(value)]));
  const commands = texts.check(refusing((names) => names.map(commandFault)));
  const rule = z
    .strictObject({
      name: z.optional(text.check(z.regex(/^\w[\w.:-]{0,63}$/, 'may hold letters, digits, "_", ".", ":" and "-"'))),
      buckets: z.optional(texts),
      routes: z.optional(texts.check(refusing((routes) => routes.map(routeFault)))),
      commands: z.optional(commands),
      rate: z.optional(bounds),
      burst: z.optional(bounds),
      window: z.optional(bounds),
      factor: z.optional(
        z.union([
          factor,
          z.strictObject({ rate: z.optional(factor), burst: z.optional(factor), window: z.optional(factor) }),
        ]),
      ),
      never: z.optional(z.enum(['enforce', 'shadow'])),
      require: z.optional(z.array(z.enum(['reason', 'ticket', 'end'])).check(z.minLength(1))),
      freeze: z.optional(z.union([window, z.array(window).check(z.minLength(1))])),
      deny: z.optional(z.literal(true)),
      only: z.optional(commands),
      overridable: z.optional(z.boolean()),
    })
    .check(refusing((value) => ruleFaults(value)));
  return z.array(rule).check(refusing((rules) => repeatedNames(rules)));
}

export type GuardFile = z.infer<ReturnType<typeof guardsSchema>>[number];

/** The keys that a rule may have: what a misspelt one is compared with. */
export const guardKeys: readonly string[] = ['name', 'buckets', 'routes', 'commands', ...limits, 'overridable'];

/** A check that says every fault of a value in a sentence of its own; `null` and nothing: there is none. */
function refusing<T>(faultsOf: (value: T) => readonly (string | null)[]) {
  return z.check<T>((context) => {
    for (const message of faultsOf(context.value)) {
      if (message !== null)
        context.issues.push({ code: 'custom', message, input: context.value, path: [], continue: true });
    }
  });
}

function boundsFault(min: number | undefined, max: number | undefined): string | null {
  if (min === undefined && max === undefined) return 'needs min or max';
  return min !== undefined && max !== undefined && min > max ? `min ${min} is greater than max ${max}` : null;
}

function freezeFault(value: Parameters<typeof parseFreeze>[0]): string | null {
  const parsed = parseFreeze(value);
  return 'fault' in parsed ? parsed.fault : null;
}

function commandFault(name: string): string | null {
  if (guardedCommands.some((each) => each === name)) return null;
  if (isExempt(name)) return `"${name}" is never refused, because it brings back what was`;
  const near = nearNames(name, guardedCommands);
  const list = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `there are: ${guardedCommands.join(', ')}`;
  return `"${name}" is no command that a guard can be about; ${list}`;
}

function routeFault(route: string): string | null {
  return route.startsWith('/') ? null : `"${route}" is no route prefix: it does not start with /`;
}

function ruleFaults(rule: Readonly<Record<string, unknown>>): readonly (string | null)[] {
  const isEmpty = limits.every((limit) => rule[limit] === undefined);
  const both = rule['only'] !== undefined && rule['commands'] !== undefined;
  return [
    isEmpty ? `has no limit; give one of ${limits.join(', ')}` : null,
    both ? 'has only and commands: only already says which commands may pass' : null,
  ];
}

function repeatedNames(rules: readonly { readonly name?: string | undefined }[]): readonly string[] {
  const names = rules.map((rule, index) => guardName(rule, index));
  return names.flatMap((name, index) => {
    const first = names.indexOf(name);
    return first === index ? [] : [`[${index}] has the name "${name}", which [${first}] has already`];
  });
}

/** A rule's name: its own, or that of its position. */
export function guardName({ name }: { readonly name?: string | undefined }, index: number): string {
  return name ?? `guard-${index + 1}`;
}

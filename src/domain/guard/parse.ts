import { parseFreeze, type FreezeText, type FreezeWindow } from './freeze.js';
import { fieldName, guardFields, type Bounds, type GuardField, type GuardRule } from './rule.js';
import { guardName, type GuardFile } from './schema.js';

/** The rules of an environment, as the schema has checked them; `place`: where their list stands. */
export function parseGuards(rules: readonly GuardFile[], place: string): readonly GuardRule[] {
  return rules.map((rule, index) => ({
    name: guardName(rule, index),
    index,
    place: `${place}[${index}]`,
    buckets: rule.buckets ?? null,
    routes: rule.routes ?? null,
    commands: rule.commands ?? null,
    bounds: boundsOf(rule),
    factors: factorsOf(rule.factor),
    never: rule.never ?? null,
    requirements: rule.require ?? [],
    freeze: [rule.freeze ?? []].flat().map(windowOf),
    isDenied: rule.deny === true,
    only: rule.only ?? null,
    isOverridable: rule.overridable ?? true,
  }));
}

function boundsOf(rule: GuardFile): ReadonlyMap<GuardField, Bounds> {
  return new Map(
    guardFields.flatMap((field) => {
      const bounds = rule[fieldName(field)];
      return bounds === undefined ? [] : [[field, { min: bounds.min ?? null, max: bounds.max ?? null }] as const];
    }),
  );
}

/** One number holds for every field. */
function factorsOf(factor: GuardFile['factor']): ReadonlyMap<GuardField, number> {
  return new Map(
    guardFields.flatMap((field) => {
      const most = typeof factor === 'number' ? factor : factor?.[fieldName(field)];
      return most === undefined ? [] : [[field, most] as const];
    }),
  );
}

function windowOf(text: FreezeText): FreezeWindow {
  const parsed = parseFreeze(text);
  if ('fault' in parsed) throw new TypeError(`a freeze that the schema let through: ${parsed.fault}`);
  return parsed;
}

import { fieldName, isUnscoped, type Bounds, type GuardRule } from './rule.js';

/** Every key of a rule, in words: help reads this table, and a test compares it with what is accepted. */
export const guardKeyTable = [
  { key: 'name', form: 'payments', meaning: 'how it is called in refusals; default: guard-1, by its position' },
  { key: 'buckets', form: '[financial]', meaning: 'about the routes of these buckets, and their flags' },
  { key: 'routes', form: '[/api/payments]', meaning: 'about these prefixes; neither: about everything' },
  { key: 'commands', form: '[override set]', meaning: 'about these commands only; default: every change' },
  { key: 'rate', form: '{min: 1, max: 10}', meaning: 'bounds of what a change sets; so burst and window' },
  { key: 'burst', form: '{max: 5}', meaning: 'bounds of the requests beyond the first' },
  { key: 'window', form: '{min: 60}', meaning: 'bounds of the displayed window, seconds' },
  {
    key: 'factor',
    form: '4 or {rate: 4}',
    meaning: 'greatest change, both ways: of rate and window as they are, of burst + 1, which is what may come at once',
  },
  { key: 'never', form: 'enforce, shadow', meaning: 'an override must always, or never, say shadow: true' },
  { key: 'require', form: '[ticket, end]', meaning: 'what a change must carry: reason, ticket, end' },
  {
    key: 'freeze',
    form: '{from, to, zone}',
    meaning: 'no change from "Fri 16:00" to "Mon 08:00" each week, or between two dates; a list holds several',
  },
  { key: 'deny', form: 'true', meaning: 'no change at all; with commands: none by these' },
  { key: 'only', form: '[shadow on]', meaning: 'no change but by these commands' },
  { key: 'overridable', form: 'false', meaning: '--override-guard does not help; default: true' },
] as const;

/** What a rule is about: `buckets financial; routes /api/x; by override set`. */
export function scopeInWords(rule: GuardRule): string {
  const parts = [
    ...(rule.buckets === null ? [] : [`buckets ${rule.buckets.join(', ')}`]),
    ...(rule.routes === null ? [] : [`routes ${rule.routes.join(', ')}`]),
    ...(isUnscoped(rule) ? ['everything'] : []),
    ...(rule.commands === null ? [] : [`by ${rule.commands.join(', ')}`]),
  ];
  return parts.join('; ');
}

/** What a rule does not let happen: `rate 1 to 10; factor 4; never enforce`. */
export function limitsInWords(rule: GuardRule): string {
  const factors = [...rule.factors].map(([field, most]) => `${fieldName(field)} ${most}`);
  const isSame = new Set(rule.factors.values()).size === 1 && rule.factors.size === 3;
  const parts = [
    ...[...rule.bounds].map(([field, bounds]) => `${fieldName(field)} ${boundsInWords(bounds)}`),
    ...(factors.length === 0 ? [] : [`factor ${isSame ? [...rule.factors.values()][0] : factors.join(', ')}`]),
    ...(rule.never === null ? [] : [`never ${rule.never}`]),
    ...(rule.requirements.length === 0 ? [] : [`requires ${rule.requirements.join(', ')}`]),
    ...rule.freeze.map(({ words }) => `frozen ${words}`),
    ...(rule.isDenied ? ['denied'] : []),
    ...(rule.only === null ? [] : [`only ${rule.only.join(', ')}`]),
  ];
  return parts.join('; ');
}

function boundsInWords({ min, max }: Bounds): string {
  if (min === null) return `up to ${max}`;
  return max === null ? `from ${min}` : `${min} to ${max}`;
}

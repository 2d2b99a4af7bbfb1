import { fieldNames, type Meaning } from '../domain/compare/difference.js';
import { policyInWords } from '../domain/policy/gcra.js';
import type { PlacedDifference } from './compare-view.js';

/** One difference as programs get it; a field that is `null` is the bucket's own. */
export function differenceJson(each: PlacedDifference): Readonly<Record<string, unknown>> {
  const { route, methods, template, region, before, after, fields, effects } = each;
  return {
    route,
    methods,
    template,
    region,
    before: meaningJson(before),
    after: meaningJson(after),
    fields,
    effects,
  };
}

function meaningJson({ matched, fields }: Meaning): Readonly<Record<string, unknown>> {
  const { ratePerMin, burst, isShadow } = fields;
  const isKnown = ratePerMin !== undefined && burst !== undefined;
  return {
    matched,
    ...Object.fromEntries(fieldNames.map((name) => [name, fields[name] ?? null])),
    inWords: isKnown ? policyInWords({ ratePerMin, burst, ...(isShadow === undefined ? {} : { isShadow }) }) : null,
  };
}

import { overrideBounds, wireNames } from '../override/entry.js';
import { fileHead, headFields, ownerPattern, remarkFields, revisionPattern } from './read-file.js';
import { recordedField } from './read-entry.js';

type JsonSchema = Readonly<Record<string, unknown>>;

const fieldTexts = {
  ratePerMin: 'Requests per minute.',
  burst: 'Requests beyond the first that may come at once.',
  windowSeconds: 'Displayed window, seconds.',
  isShadow: 'true: count, never block.',
} as const;

function fieldSchema(field: (typeof wireNames)[number][0]): JsonSchema {
  const description = fieldTexts[field];
  if (field === 'isShadow') return { description, type: 'boolean' };
  const { min, max } = overrideBounds[field];
  return { description, type: 'integer', minimum: min, maximum: max };
}

const prefixText = 'Every route that starts with it is meant; of several the first in the list wins.';
const recorded = { [recordedField]: { description: 'What rlctl recorded; read past.' } };

/** An entry is one of these: fields of which at least one is there, or the exact text. */
function entrySchemas(): readonly JsonSchema[] {
  const fields = Object.fromEntries(wireNames.map(([field, name]) => [name, fieldSchema(field)]));
  const byFields = {
    type: 'object',
    properties: { prefix: { description: prefixText, type: 'string', pattern: '^/[^?#]*$' }, ...fields, ...recorded },
    additionalProperties: false,
  };
  const json = {
    description: 'The exact JSON text of the value, instead of the fields: for what they cannot say.',
    type: 'string',
  };
  const exact = {
    type: 'object',
    properties: { prefix: { description: prefixText, type: 'string' }, json, ...recorded },
    required: ['prefix', 'json'],
    additionalProperties: false,
  };
  return [...Object.keys(fields).map((name) => ({ ...byFields, required: ['prefix', name] })), exact];
}

/** The JSON Schema (draft 2020-12) of a file of overrides, made from the tables by which such a file is read. */
export function overridesFileSchema(): JsonSchema {
  const known = {
    apiVersion: { const: fileHead.apiVersion },
    kind: { const: fileHead.kind },
    owner: {
      description: 'What manages these entries; "override sync" removes what it managed and the file no longer names.',
      type: ['string', 'null'],
      pattern: ownerPattern.source,
    },
    overrides: {
      description: 'In the order in which the server matches them.',
      type: 'array',
      items: { anyOf: entrySchemas() },
    },
  } satisfies Record<(typeof headFields)[number], JsonSchema>;
  const remarks = {
    environment: { description: 'Where the file was dumped.' },
    revision: {
      description:
        'What the document was when the file was dumped: what changed since is said before it is overwritten.',
      type: ['string', 'null'],
      pattern: revisionPattern.source,
    },
  } satisfies Partial<Record<(typeof remarkFields)[number], JsonSchema>>;
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Route overrides of a rate limiter, for rlctl',
    type: 'object',
    properties: { ...known, ...Object.fromEntries(remarkFields.map((name) => [name, {}])), ...remarks },
    required: ['apiVersion', 'kind', 'overrides'],
    additionalProperties: false,
  };
}

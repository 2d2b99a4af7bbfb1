import { overrideBounds, wireNames } from '../override/entry.js';
import { fileHead, headFields, ownerPattern, remarkFields } from './read-file.js';
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

function entrySchema(): JsonSchema {
  const fields = wireNames.map(([field, name]) => [name, fieldSchema(field)] as const);
  const names = fields.map(([name]) => name);
  return {
    type: 'object',
    properties: {
      prefix: {
        description: 'Every route that starts with it is meant; of several the first in the list wins.',
        type: 'string',
      },
      ...Object.fromEntries(fields),
      json: {
        description: 'The exact JSON text of the value, instead of the fields: for what they cannot say.',
        type: 'string',
      },
      [recordedField]: { description: 'What rlctl recorded; read past.' },
    },
    required: ['prefix'],
    additionalProperties: false,
    oneOf: [
      {
        anyOf: names.map((name) => ({ required: [name] })),
        not: { required: ['json'] },
        properties: { prefix: { pattern: '^/[^?#]*$' } },
      },
      { required: ['json'], not: { anyOf: names.map((name) => ({ required: [name] })) } },
    ],
  };
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
    overrides: { description: 'In the order in which the server matches them.', type: 'array', items: entrySchema() },
  } satisfies Record<(typeof headFields)[number], JsonSchema>;
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Route overrides of a rate limiter, for rlctl',
    type: 'object',
    properties: { ...known, ...Object.fromEntries(remarkFields.map((name) => [name, {}])) },
    required: ['apiVersion', 'kind', 'overrides'],
    additionalProperties: false,
  };
}

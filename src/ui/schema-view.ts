import type { View } from './view.js';

/** A JSON Schema, as it stands in a file. */
export function schemaView(schema: Readonly<Record<string, unknown>>): View {
  const text = JSON.stringify(schema, null, 2);
  return { kind: 'JsonSchema', data: schema, raw: Buffer.from(`${text}\n`), human: () => text };
}

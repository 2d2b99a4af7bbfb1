import type { View } from './view.js';

/** A JSON Schema: as text it is the schema itself, fit to be kept in a file. */
export function schemaView(kind: string, schema: Readonly<Record<string, unknown>>): View {
  const text = JSON.stringify(schema, null, 2);
  return { kind, data: { schema }, raw: Buffer.from(`${text}\n`), human: () => text };
}

import { stringify } from 'yaml';

/** YAML in which every text is double-quoted, so that nothing reads as a number, a date or a truth by accident. */
export function toYaml(document: unknown): string {
  const plain: unknown = JSON.parse(JSON.stringify(document));
  return stringify(plain, { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0 });
}

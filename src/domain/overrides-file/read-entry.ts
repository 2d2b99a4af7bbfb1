import { RlctlError } from '../errors.js';
import { scanDocument } from '../override/document.js';
import { isPlainNumber, overrideBounds, parseRoutePrefix, rangeInWords, wireNames } from '../override/entry.js';
import { nearNames } from '../near-names.js';
import type { FaultList } from './fault-list.js';
import type { FileEntry } from './read-file.js';
import type { TextPlace } from '../text-places.js';
import type { FileMember, FileNode } from './tree.js';

/** What a dump says of an entry beside its value; read past. */
export const recordedField = 'recorded';

const valueFields: readonly string[] = wireNames.map(([, name]) => name);
const entryFields: readonly string[] = ['prefix', ...valueFields, 'json', recordedField];

const exactCure = `To store it all the same, give the value's exact text: json: '{"rate": 5}'.`;

type PlaceOf = (at: number) => TextPlace;
type Fields = ReadonlyMap<string, FileMember>;

/** One entry of the list `overrides`; `null`: it is wrong, and the faults say how. */
export function readEntry(item: FileNode, faults: FaultList, placeOf: PlaceOf): FileEntry | null {
  if (item.kind !== 'map') {
    const what = item.kind === 'unfit' ? `${item.why} stands for an entry` : 'an entry is no mapping';
    faults.add(item.at, what, 'Write "- prefix: /route" and its fields under it.');
    return null;
  }
  const fields = faults.fieldsOf(item.members());
  for (const [name, { key }] of fields) if (!entryFields.includes(name)) addUnknown(name, key.at, faults);
  const prefix = prefixOf(item, fields.get('prefix')?.value, faults);
  const json = fields.get('json');
  const raw = json === undefined ? typedValue(item, fields, faults) : exactValue(json.value, fields, faults);
  if (prefix === null || raw === null) return null;
  if (json === undefined && !isRoute(prefix, fields.get('prefix')?.value.at ?? item.at, faults)) return null;
  return { prefix, raw, isExact: json !== undefined, place: placeOf(item.at) };
}

function addUnknown(name: string, at: number, faults: FaultList): void {
  const [near] = nearNames(name, entryFields);
  const known = `An entry has ${entryFields.slice(0, -1).join(', ')}.`;
  const cure = near === undefined ? `${known} ${exactCure}` : `Did you mean "${near}"?`;
  faults.add(at, `an entry has no field ${JSON.stringify(name)}`, cure);
}

function prefixOf(item: FileNode, node: FileNode | undefined, faults: FaultList): string | null {
  if (node?.kind === 'text') return node.text;
  const cure = 'Write the prefix as the server sees it, in quotes if need be: prefix: "/api/search".';
  if (node === undefined) faults.add(item.at, 'an entry has no prefix', cure);
  else faults.add(node.at, `prefix ${shown(node)} is no text`, cure);
  return null;
}

/** What `override set` would refuse is refused here too; the exact form may say anything that the document can hold. */
function isRoute(prefix: string, at: number, faults: FaultList): boolean {
  try {
    parseRoutePrefix(prefix, 'prefix');
    return true;
  } catch (error) {
    if (!(error instanceof RlctlError)) throw error;
    faults.add(at, error.message, `${error.hint ?? ''} ${exactCure}`);
    return false;
  }
}

function typedValue(item: FileNode, fields: Fields, faults: FaultList): string | null {
  const given = [...fields].filter(([name]) => valueFields.includes(name));
  if (given.length === 0) {
    const cure = `Give at least one of ${valueFields.join(', ')}, or json: '{}' for a value that is empty.`;
    faults.add(item.at, 'an entry sets no field', cure);
    return null;
  }
  const raws = given.map(([name, { value }]) => [name, fieldValue(name, value, faults)] as const);
  if (raws.some(([, raw]) => raw === null)) return null;
  return `{${raws.map(([name, raw]) => `"${name}":${raw}`).join(',')}}`;
}

function fieldValue(name: string, node: FileNode, faults: FaultList): string | null {
  const field = wireNames.find(([, wire]) => wire === name)?.[0] ?? 'isShadow';
  if (field === 'isShadow') {
    if (node.kind === 'truth') return node.text.toLowerCase();
    faults.add(node.at, `${name} ${shown(node)} is neither true nor false`, `Write ${name}: true or ${name}: false.`);
    return null;
  }
  const { min, max } = overrideBounds[field];
  if (node.kind === 'number' && isPlainNumber(node.text) && Number(node.text) >= min && Number(node.text) <= max)
    return node.text;
  const range = rangeInWords(field);
  faults.add(node.at, `${name} ${shown(node)} is not ${range}`, `Write ${range}, without quotes.`);
  return null;
}

function exactValue(node: FileNode, fields: Fields, faults: FaultList): string | null {
  const beside = valueFields.find((name) => fields.has(name));
  if (beside !== undefined) {
    faults.add(node.at, `an entry has both json and ${beside}`, 'Keep json, which is the whole value, or the fields.');
    return null;
  }
  const raw = node.kind === 'text' ? jsonTextOf(node.text) : null;
  if (raw === null) {
    const cure = `Give the value's exact JSON text in single quotes: json: '{"rate": "5"}'.`;
    faults.add(node.at, `json ${shown(node)} is no JSON text`, cure);
  }
  return raw;
}

/** One well-formed JSON value and nothing else, without the white space around it; `null`: it is none. */
function jsonTextOf(text: string): string | null {
  if (/\p{Surrogate}/u.test(text)) return null;
  try {
    const { bytes, members } = scanDocument(Buffer.from(`{"":${text}}`));
    const [only] = members;
    if (only === undefined || members.length > 1) return null;
    return Buffer.from(bytes.subarray(only.valueStart, only.valueEnd)).toString('utf8');
  } catch (error) {
    if (error instanceof RlctlError) return null;
    throw error;
  }
}

const longestShown = 80;

function shown(node: FileNode): string {
  if (node.kind === 'map') return '(a mapping)';
  if (node.kind === 'list') return '(a list)';
  if (node.kind === 'unfit') return `(${node.why})`;
  if (node.kind === 'null') return '(nothing)';
  const text = node.text.length > longestShown ? `${node.text.slice(0, longestShown - 1)}…` : node.text;
  return node.kind === 'text' ? JSON.stringify(text) : text;
}

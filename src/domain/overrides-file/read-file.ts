import { RlctlError } from '../errors.js';
import type { Revision } from '../revision.js';
import { nearNames } from '../near-names.js';
import { decodeKey, latin1Text, utf8Text } from '../override/scanned-text.js';
import { byteOf, scanObject, skipWhitespace, strictDialect } from '../override/scanner.js';
import { FaultList } from './fault-list.js';
import { jsonTree } from './json-tree.js';
import { readEntry } from './read-entry.js';
import { bytePlaces, unitPlaces, type TextPlace } from '../text-places.js';
import type { BrokenText, FileMember, FileNode, FileTree, ReadYaml } from './tree.js';

/** What `apiVersion` and `kind` of such a file say. */
export const fileHead = { apiVersion: 'rlctl/v1', kind: 'Overrides' } as const;

/** One override as a file wants it. */
export interface FileEntry {
  readonly prefix: string;
  /** The JSON text of the value. */
  readonly raw: string;
  /** True where the file gives the JSON text itself; false: fields, and how they are spaced is the document's affair. */
  readonly isExact: boolean;
  /** Where the entry starts in the file. */
  readonly place: TextPlace;
}

/** What a file of overrides says, in its order. */
export interface OverridesFile {
  /** What manages the entries that `sync` applies; `null`: the file does not say. */
  readonly owner: string | null;
  readonly entries: readonly FileEntry[];
  /** What the file says that it was dumped from; `null`: it says no revision. */
  readonly dumpedFrom: DumpedFrom | null;
}

/** What a dump says of where it comes from. */
export interface DumpedFrom {
  /** At least 8 hex digits, or `none`. */
  readonly revision: Revision;
  /** The environment by its name at the time; `null`: it does not say. */
  readonly environment: string | null;
}

export interface FileSource {
  /** How the file was named on the command line; `-`: stdin. */
  readonly file: string;
  readonly readYaml: ReadYaml;
}

/** The size over which a file is refused: that of the largest document. */
export const maxFileBytes = 16 * 1024 * 1024;

const form = 'See its form with: rlctl override schema';
/** What a dump says beside the overrides; all but the revision and its environment is read past. */
export const remarkFields = ['environment', 'key', 'revision', 'takenAt'] as const;
export const headFields = ['apiVersion', 'kind', 'owner', 'overrides'] as const;
const knownFields: ReadonlySet<string> = new Set([...headFields, ...remarkFields]);

/**
 * Reads a file of overrides: YAML or JSON of kind `Overrides`, or a bare document as Redis holds it (JSON, prefix →
 * value). Throws RlctlError `usage` / `OVERRIDES_FILE_INVALID` that names every fault with its place and cure; `details`
 * has file and faults [{line, column, message, cure}].
 */
export function readOverridesFile(bytes: Uint8Array, { file, readYaml }: FileSource): OverridesFile {
  const text = decoded(bytes, file);
  const isJson = /^[ \t\r\n]*\{/.test(text);
  const units = isJson ? Buffer.from(text) : null;
  const placeOf = units === null ? unitPlaces(text) : bytePlaces(units);
  const faults = new FaultList(file, placeOf);
  const read = readRoot(units === null ? readYaml(text) : jsonTree(units), faults, placeOf, units);
  faults.assertNone();
  return read;
}

/** The text of a file; a byte order mark, as some editors put it there, is no part of it. */
function decoded(bytes: Uint8Array, file: string): string {
  const faults = new FaultList(file, () => ({ line: 1, column: 1 }));
  if (bytes.length > maxFileBytes) {
    faults.add(0, `it is ${bytes.length} bytes long; the limit is ${maxFileBytes}`, 'Name a file of overrides.');
    faults.assertNone();
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    faults.add(0, 'it is no UTF-8 text', 'Save it as UTF-8.');
    faults.assertNone();
    throw new RlctlError('unexpected', 'unreachable', { code: 'UNEXPECTED' });
  }
}

type PlaceOf = (at: number) => TextPlace;

/** `json`: the bytes of a file that is JSON; `null`: it is none. */
function readRoot(tree: FileTree, faults: FaultList, placeOf: PlaceOf, json: Uint8Array | null): OverridesFile {
  for (const { at, message, cure } of tree.faults) faults.add(at, message, cure);
  const { root } = tree;
  const nothing = { owner: null, entries: [], dumpedFrom: null };
  if (root === null) return nothing;
  if (root.kind !== 'map') {
    const what = root.kind === 'null' ? 'it is empty' : 'it holds no mapping at its top';
    faults.add(root.at, what, `${form}; a file that wants no override says "overrides: []".`);
    return nothing;
  }
  const members = [...root.members()];
  return json !== null && !isOverridesKind(members)
    ? { ...nothing, entries: readBare(json, faults, placeOf) }
    : readKind(root, members, faults, placeOf);
}

/**
 * True for JSON that is the document itself and no file of kind `Overrides`; also where it is broken JSON, since it may be
 * either. Never throws.
 */
export function isBareDocument(bytes: Uint8Array): boolean {
  const mark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  if (bytes[skipWhitespace(bytes, mark)] !== byteOf.openBrace) return false;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Hardly any document holds these words, and reading one as a tree takes a while.
  if (!text.includes('"apiVersion"') && !text.includes('"overrides"')) return true;
  const { root } = jsonTree(bytes);
  return root?.kind !== 'map' || !isOverridesKind([...root.members()]);
}

/** A document as Redis holds it has routes for keys, and no value of a route is a text or a list that anybody meant. */
function isOverridesKind(members: readonly FileMember[]): boolean {
  return members.some(
    ({ key, value }) =>
      key.kind === 'text' &&
      ((key.text === 'apiVersion' && value.kind === 'text') || (key.text === 'overrides' && value.kind === 'list')),
  );
}

/** The entries of a bare document, each value byte for byte. */
function readBare(bytes: Uint8Array, faults: FaultList, placeOf: PlaceOf): readonly FileEntry[] {
  const latin1 = latin1Text(bytes);
  const [entries, offsets]: [FileEntry[], number[]] = [[], []];
  scanObject(bytes, strictDialect, (keyStart, keyEnd, start, end, isPlain) => {
    const prefix = decodeKey(bytes, latin1, keyStart, keyEnd, isPlain);
    entries.push({ prefix, raw: utf8Text(bytes, start, end), isExact: true, place: placeOf(keyStart) });
    offsets.push(keyStart);
  });
  return unique(entries, offsets, faults);
}

function readKind(root: FileNode, members: readonly FileMember[], faults: FaultList, placeOf: PlaceOf): OverridesFile {
  const fields = faults.fieldsOf(members);
  for (const [name, { key }] of fields) {
    if (knownFields.has(name)) continue;
    const [near] = nearNames(name, headFields);
    const cure = near === undefined ? form : `Did you mean "${near}"?`;
    faults.add(key.at, `there is no field ${JSON.stringify(name)}`, cure);
  }
  for (const [name, wanted] of Object.entries(fileHead))
    assertHead(root, fields.get(name)?.value, name, wanted, faults);
  const owner = ownerOf(fields.get('owner')?.value, faults);
  const dumpedFrom = dumpedFromOf(fields, faults);
  const list = fields.get('overrides');
  if (list?.value.kind !== 'list') {
    const at = list?.value.at ?? root.at;
    const what = list === undefined ? 'the list "overrides" is missing' : '"overrides" is no list';
    faults.add(
      at,
      what,
      'Write "overrides:" and its entries, each starting with "- prefix:"; "overrides: []" for none.',
    );
    return { owner, entries: [], dumpedFrom };
  }
  return { owner, entries: readList(list.value.items(), faults, placeOf), dumpedFrom };
}

function assertHead(
  root: FileNode,
  value: FileNode | undefined,
  name: string,
  wanted: string,
  faults: FaultList,
): void {
  if (value?.kind === 'text' && value.text === wanted) return;
  if (value === undefined) faults.add(root.at, `${name} is missing`, `Write "${name}: ${wanted}" at the top.`);
  else faults.add(value.at, `${name} is not ${wanted}`, `Write "${name}: ${wanted}".`);
}

/** What an owner may be called. */
export const ownerPattern = /^[A-Za-z0-9][A-Za-z0-9._/@-]{0,99}$/;

function ownerOf(node: FileNode | undefined, faults: FaultList): string | null {
  if (node === undefined || node.kind === 'null') return null;
  if (node.kind === 'text' && ownerPattern.test(node.text)) return node.text;
  const shown = 'text' in node ? JSON.stringify(node.text) : 'what stands there';
  faults.add(node.at, `owner: ${shown} is no name`, 'Use letters, digits and . _ / @ -, such as "team-search".');
  return null;
}

/** How a dump spells a revision. */
export const revisionPattern = /^(?:[0-9a-f]{8,64}|none)$/;

function dumpedFromOf(fields: ReadonlyMap<string, FileMember>, faults: FaultList): DumpedFrom | null {
  const said = fields.get('revision')?.value;
  if (said === undefined || said.kind === 'null') return null;
  const revision = said.kind === 'text' ? said.text : '';
  if (!revisionPattern.test(revision)) {
    const shown = 'text' in said ? JSON.stringify(revision) : 'what stands there';
    faults.add(
      said.at,
      `revision: ${shown} is no revision`,
      'Write the one that a dump says, in quotes, or leave it out.',
    );
    return null;
  }
  const environment = fields.get('environment')?.value;
  return { revision, environment: environment?.kind === 'text' ? environment.text : null };
}

function readList(items: Iterable<FileNode | BrokenText>, faults: FaultList, placeOf: PlaceOf): readonly FileEntry[] {
  const [entries, offsets]: [FileEntry[], number[]] = [[], []];
  for (const item of items) {
    if (item.kind === 'broken') {
      for (const { at, message, cure } of item.faults) faults.add(at, message, cure);
      break;
    }
    const entry = readEntry(item, faults, placeOf);
    if (entry === null) continue;
    entries.push(entry);
    offsets.push(item.at);
  }
  return unique(entries, offsets, faults);
}

function unique(entries: readonly FileEntry[], offsets: readonly number[], faults: FaultList): readonly FileEntry[] {
  const seen = new Map<string, TextPlace>();
  for (const [index, { prefix, place }] of entries.entries()) {
    const first = seen.get(prefix);
    if (first === undefined) seen.set(prefix, place);
    else {
      const message = `prefix ${JSON.stringify(prefix)} stands there twice, first at ${first.line}:${first.column}`;
      faults.add(offsets[index] ?? 0, message, 'Keep one of them.');
    }
  }
  return entries;
}

/** The document that a file's entries make, in their order and nothing else in it. */
export function documentOf({
  entries,
}: {
  readonly entries: readonly Pick<FileEntry, 'prefix' | 'raw'>[];
}): Uint8Array {
  return Buffer.from(`{${entries.map(({ prefix, raw }) => `${JSON.stringify(prefix)}:${raw}`).join(',')}}`);
}

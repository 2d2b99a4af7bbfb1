import { isAlias, isMap, isScalar, isSeq, parseDocument, type Node, type Pair } from 'yaml';
import { findList, listName, type TextList } from './long-list.js';
import { tooDeepAt } from './nesting.js';
import type { BrokenText, FileFault, FileMember, FileNode, FileTree } from '../../domain/overrides-file/tree.js';

/** Faults of the syntax after the first ones follow from them. */
const mostFaults = 20;

/**
 * YAML 1.2 by its core schema, whatever a directive says. What only few readers agree on (anchors, aliases, tags) is
 * handed on as unfit, so that nothing is ever expanded or constructed.
 */
export function readYaml(text: string): FileTree {
  return readInParts(text) ?? readWhole(text);
}

/**
 * A file with a long list, of which only a part is there as a tree at any time: all but the list, and the list when its
 * items are asked for. `null`: it cannot be told apart without reading it, or what is not the list is wrong.
 */
function readInParts(text: string): FileTree | null {
  const list = findList(text);
  if (list === null) return null;
  const { start, end } = list;
  const rest = parse(text.slice(0, start) + text.slice(end));
  if (rest.faults.length > 0 || !isMap(rest.contents)) return null;
  const root = nodeOf(rest.contents, { at: 0, placeOf: (at) => (at < start ? at : at + end - start) });
  if (root.kind !== 'map') return null;
  const members = [...root.members()];
  const index = members.findIndex(({ key }) => key.kind === 'text' && key.text === listName);
  const member = members[index];
  if (member?.value.kind !== 'null' || member.value.text !== '') return null;
  const value: FileNode = { kind: 'list', at: start, items: () => itemsOf(text, list) };
  const all = members.with(index, { key: member.key, value });
  return { root: { ...root, members: () => all }, faults: [] };
}

/** The items part by part; where one is wrong, the text as a whole says why. */
function* itemsOf(text: string, { parts }: TextList): Generator<FileNode | BrokenText> {
  const done = { count: 0 };
  for (const [start, end] of parts) {
    const { contents, faults } = parse(text.slice(start, end));
    if (faults.length > 0 || !isSeq(contents)) return yield* itemsOfWhole(text, done.count);
    for (const item of contents.items) yield nodeOf(item, { at: start, placeOf: (at) => start + at });
    done.count += contents.items.length;
  }
}

function* itemsOfWhole(text: string, done: number): Generator<FileNode | BrokenText> {
  const { root, faults } = readWhole(text);
  if (root?.kind !== 'map') return yield { kind: 'broken', faults };
  const list = [...root.members()].find(({ key }) => key.kind === 'text' && key.text === listName)?.value;
  if (list?.kind === 'list') yield* [...list.items()].slice(done);
}

function readWhole(text: string): FileTree {
  const { contents, faults } = parse(text);
  return { root: faults.length > 0 ? null : nodeOf(contents, { at: 0, placeOf: (at) => at }), faults };
}

function parse(text: string): { readonly contents: unknown; readonly faults: readonly FileFault[] } {
  const deep = tooDeepAt(text);
  if (deep !== null) return { contents: null, faults: [tooDeep(deep)] };
  const { contents, errors } = parseDocument(text, {
    schema: 'core',
    uniqueKeys: false,
    prettyErrors: false,
    keepSourceTokens: false,
  });
  return {
    contents,
    faults: errors.slice(0, mostFaults).map(({ code, message, pos }) => faultOf(code, message, pos[0])),
  };
}

function tooDeep(at: number): FileFault {
  return { at, message: 'this is nested too deeply', cure: 'Name a file of overrides.' };
}

function faultOf(code: string, message: string, at: number): FileFault {
  if (code === 'RESOURCE_EXHAUSTION') return tooDeep(at);
  if (code === 'MULTIPLE_DOCS')
    return { at, message: 'a second document starts here', cure: 'Keep one document in a file.' };
  return { at, message: `this is no YAML: ${message}`, cure: 'Correct the YAML at this place.' };
}

/** Where what has no place of its own is said to stand, and where in the file a place of the parsed text is. */
interface Origin {
  readonly at: number;
  readonly placeOf: (at: number) => number;
}

function nodeOf(node: unknown, origin: Origin): FileNode {
  if (node === null || node === undefined) return { kind: 'null', at: origin.at, text: '' };
  const own = (node as Node).range?.[0];
  const at = own === undefined ? origin.at : origin.placeOf(own);
  if (isAlias(node)) return { kind: 'unfit', at, why: `an alias (*${node.source})` };
  const { anchor, tag } = node as { anchor?: string; tag?: string };
  if (anchor !== undefined) return { kind: 'unfit', at, why: `an anchor (&${anchor})` };
  if (tag !== undefined) return { kind: 'unfit', at, why: `a tag (${tag})` };
  const within = { ...origin, at };
  if (isMap(node)) return { kind: 'map', at, members: () => node.items.map((pair) => memberOf(pair, within)) };
  if (isSeq(node)) return { kind: 'list', at, items: () => node.items.map((item) => nodeOf(item, within)) };
  if (isScalar(node)) return scalarOf(node.value, node.source, at);
  return { kind: 'unfit', at, why: 'something that is no value' };
}

function memberOf({ key, value }: Pair, origin: Origin): FileMember {
  const name = nodeOf(key, origin);
  return { key: name, value: nodeOf(value, { ...origin, at: name.at }) };
}

function scalarOf(value: unknown, source: string | undefined, at: number): FileNode {
  if (typeof value === 'string') return { kind: 'text', at, text: value };
  if (typeof value === 'boolean') return { kind: 'truth', at, text: source ?? String(value) };
  if (value === null) return { kind: 'null', at, text: source ?? '' };
  return { kind: 'number', at, text: source ?? JSON.stringify(value) };
}

import { isAlias, isMap, isScalar, isSeq, parseDocument, type Node, type Pair } from 'yaml';
import { tooDeepAt } from './nesting.js';
import type { FileFault, FileMember, FileNode, FileTree } from '../../domain/overrides-file/tree.js';

/** Faults of the syntax after the first ones follow from them. */
const mostFaults = 20;

/**
 * YAML 1.2 by its core schema, whatever a directive says. What only few readers agree on (anchors, aliases, tags) is
 * handed on as unfit, so that nothing is ever expanded or constructed.
 */
export function readYaml(text: string): FileTree {
  const deep = tooDeepAt(text);
  if (deep !== null) return { root: null, faults: [tooDeep(deep)] };
  const document = parseDocument(text, {
    schema: 'core',
    uniqueKeys: false,
    prettyErrors: false,
    keepSourceTokens: false,
  });
  if (document.errors.length > 0)
    return {
      root: null,
      faults: document.errors.slice(0, mostFaults).map(({ code, message, pos }) => faultOf(code, message, pos[0])),
    };
  return { root: nodeOf(document.contents, 0), faults: [] };
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

function nodeOf(node: unknown, parentAt: number): FileNode {
  if (node === null || node === undefined) return { kind: 'null', at: parentAt, text: '' };
  const at = (node as Node).range?.[0] ?? parentAt;
  if (isAlias(node)) return { kind: 'unfit', at, why: `an alias (*${node.source})` };
  const { anchor, tag } = node as { anchor?: string; tag?: string };
  if (anchor !== undefined) return { kind: 'unfit', at, why: `an anchor (&${anchor})` };
  if (tag !== undefined) return { kind: 'unfit', at, why: `a tag (${tag})` };
  if (isMap(node)) return { kind: 'map', at, members: () => node.items.map((pair) => memberOf(pair, at)) };
  if (isSeq(node)) return { kind: 'list', at, items: () => node.items.map((item) => nodeOf(item, at)) };
  if (isScalar(node)) return scalarOf(node.value, node.source, at);
  return { kind: 'unfit', at, why: 'something that is no value' };
}

function memberOf({ key, value }: Pair, at: number): FileMember {
  const name = nodeOf(key, at);
  return { key: name, value: nodeOf(value, name.at) };
}

function scalarOf(value: unknown, source: string | undefined, at: number): FileNode {
  if (typeof value === 'string') return { kind: 'text', at, text: value };
  if (typeof value === 'boolean') return { kind: 'truth', at, text: source ?? String(value) };
  if (value === null) return { kind: 'null', at, text: source ?? '' };
  return { kind: 'number', at, text: source ?? JSON.stringify(value) };
}

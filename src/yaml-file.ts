import {
  Composer,
  CST,
  isDocument,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  Parser,
  visit,
  type Document,
  type Node,
} from 'yaml';
import { RlctlError } from './domain/errors.js';
import { jsonOffsets, lineFinder, type OffsetFinder } from './domain/placed-json.js';
import { placeText, type PlacedFile } from './domain/placed-file.js';

// Files that somebody wrote in YAML or JSON: what they hold, and where each part of it stands.

/** The largest files that are read: YAML takes a hundred times as long to read as JSON. */
const largest = { yaml: 8 * 1024 * 1024, json: 64 * 1024 * 1024 } as const;

/**
 * Reads YAML or JSON. Throws usage errors that name file, line and column: on syntax, repeated keys, more than one
 * document, references that would blow up, nesting that no stack holds, and files over 8 MiB (JSON: 64 MiB). Tags make
 * nothing: there are only texts, numbers, truths, lists and maps.
 */
export function readPlacedFile(text: string, file: string): PlacedFile {
  const lines = lineFinder(text);
  const placed = (value: unknown, offsets: () => OffsetFinder): PlacedFile => {
    const known: { finder?: OffsetFinder } = {};
    return { file, value, placeOf: (path) => ({ file, ...lines((known.finder ??= offsets())(path)) }) };
  };
  const json = parsedJson(text, file);
  if (json !== undefined) return placed(json, () => jsonOffsets(text));
  assertSize(text, file, 'yaml');
  const document = parsedYaml(text, file, (offset) => placeText({ file, ...lines(offset) }));
  return placed(document.value, () => (path) => yamlOffset(document.root, path));
}

/** `undefined`: it is no JSON, and may be YAML. */
function parsedJson(text: string, file: string): unknown {
  if (!/^\s*[{[]/.test(text)) return undefined;
  assertSize(text, file, 'json');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function assertSize(text: string, file: string, kind: keyof typeof largest): void {
  if (text.length <= largest[kind]) return;
  const cure = kind === 'yaml' ? 'Give it as JSON, which may be larger, or split it.' : 'Split it.';
  throw fault(
    `${file} is ${text.length} characters long; the limit for ${kind.toUpperCase()} is ${largest[kind]}`,
    cure,
  );
}

function parsedYaml(text: string, file: string, place: (offset: number) => string): { value: unknown; root: Document } {
  // Repeated keys are looked for below: the library's own way takes the square of their number.
  const composer = new Composer({ uniqueKeys: false, prettyErrors: false, logLevel: 'silent' });
  const [root, second] = composer.compose(shallowTokens(text, place), true, text.length);
  if (!isDocument(root)) throw fault(`${file} holds no YAML`, 'Write it as YAML or JSON.');
  const [error] = root.errors;
  if (error !== undefined)
    throw fault(`${place(error.pos[0])}: ${error.message}`, 'Correct the YAML at the place named.');
  if (second !== undefined)
    throw fault(`${place(second.range[0])}: a second document begins here`, 'Keep one document in the file.');
  assertUniqueKeys(root, place);
  try {
    return { value: root.toJS() as unknown, root };
  } catch (cause) {
    if (!(cause instanceof ReferenceError)) throw cause;
    throw fault(`${file} cannot be taken apart: ${cause.message}`, 'Write out what its *references stand for.');
  }
}

/** Limits of nesting that nobody reaches by hand, and that the library's recursion stands. */
const deepest = { flow: 200, indicators: 64, indent: 400 } as const;

/**
 * The tokens of a text, up to the first place that is nested too deeply. The library takes nested parts apart by
 * recursion, and a few kilobytes of brackets or dashes would end the process.
 */
function* shallowTokens(text: string, place: (offset: number) => string): Generator<CST.Token> {
  const parser = new Parser();
  const depth = { flow: 0, indicators: 0, indent: 0 };
  let isContent = false;
  let offset = 0;
  for (const lexeme of new Lexer().lex(text)) {
    const type: string | null = isContent ? contentType(lexeme) : CST.tokenType(lexeme);
    isContent = type === 'scalar';
    deepen(depth, type, lexeme);
    if (depth.flow > deepest.flow || depth.indicators > deepest.indicators || depth.indent > deepest.indent)
      throw fault(`${place(offset)}: this is nested too deeply to be read`, 'Write it with less nesting.');
    yield* parser.next(lexeme);
    // These stand for no character of the text.
    if (!markers.has(lexeme)) offset += lexeme.length;
  }
  yield* parser.end();
}

const markers: ReadonlySet<string> = new Set([CST.DOCUMENT, CST.FLOW_END, CST.SCALAR]);

/** Of a text in several lines the last line's end counts like any other. */
function contentType(text: string): string {
  return text.includes('\n') ? 'newline' : 'content';
}

function deepen(
  depth: { flow: number; indicators: number; indent: number },
  type: string | null,
  lexeme: string,
): void {
  switch (type) {
    case 'flow-map-start':
    case 'flow-seq-start':
      depth.flow += 1;
      break;
    case 'flow-map-end':
    case 'flow-seq-end':
      depth.flow = Math.max(0, depth.flow - 1);
      break;
    case 'seq-item-ind':
    case 'explicit-key-ind':
    case 'map-value-ind':
      if (depth.flow === 0) depth.indicators += 1;
      break;
    case 'space':
      if (depth.indicators === 0 && depth.indent === 0) depth.indent = lexeme.length;
      break;
    case 'newline':
      depth.indicators = 0;
      depth.indent = 0;
  }
}

function assertUniqueKeys(root: Document, place: (offset: number) => string): void {
  visit(root, {
    Map: (_, map) => {
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        const name = isScalar(key) ? key.value : key;
        if (seen.has(name)) {
          const at = place((key as Node).range?.[0] ?? 0);
          throw fault(`${at}: the key ${JSON.stringify(name)} stands here a second time`, 'Leave one of them out.');
        }
        seen.add(name);
      }
    },
  });
}

function yamlOffset(root: Document, path: readonly PropertyKey[]): number {
  let node: unknown = root.contents;
  let at = root.contents?.range?.[0] ?? 0;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(part));
      if (pair === undefined) break;
      at = (pair.key as Node).range?.[0] ?? at;
      node = pair.value;
    } else if (isSeq(node) && node.items[Number(part)] !== undefined) {
      node = node.items[Number(part)];
      at = (node as Node).range?.[0] ?? at;
    } else break;
  }
  return at;
}

function fault(message: string, hint: string): RlctlError {
  return new RlctlError('usage', message, { code: 'FILE_SYNTAX', hint });
}

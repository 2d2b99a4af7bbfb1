import { Composer, isDocument, isMap, isScalar, isSeq, Parser, visit, type Document, type Node } from 'yaml';
import { tooDeepAt } from './adapters/yaml/nesting.js';
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
  const deep = tooDeepAt(text);
  if (deep !== null) throw fault(`${place(deep)}: this is nested too deeply to be read`, 'Write it with less nesting.');
  const [root, second] = composer.compose(new Parser().parse(text), true, text.length);
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

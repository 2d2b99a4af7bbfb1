import { decodeString, utf8Text } from '../override/scanned-text.js';
import { byteOf, JsonFault, scanItems, scanMembers, scanObject, strictDialect } from '../override/scanner.js';
import type { FileMember, FileNode, FileTree } from './tree.js';

function membersOf(bytes: Uint8Array, at: number): readonly FileMember[] {
  const members: FileMember[] = [];
  scanMembers(bytes, at, strictDialect, 1, (keyStart, keyEnd, valueStart, valueEnd) => {
    const key = { kind: 'text', at: keyStart, text: decodeString(bytes, keyStart, keyEnd) } as const;
    members.push({ key, value: jsonNode(bytes, valueStart, valueEnd) });
  });
  return members;
}

function itemsOf(bytes: Uint8Array, at: number): readonly FileNode[] {
  const items: FileNode[] = [];
  scanItems(bytes, at, strictDialect, 1, (start, end) => items.push(jsonNode(bytes, start, end)));
  return items;
}

/** A well-formed JSON value between two offsets. */
function jsonNode(bytes: Uint8Array, start: number, end: number): FileNode {
  switch (bytes[start]) {
    case byteOf.openBrace:
      return { kind: 'map', at: start, members: () => membersOf(bytes, start) };
    case byteOf.openBracket:
      return { kind: 'list', at: start, items: () => itemsOf(bytes, start) };
    case byteOf.quote:
      return { kind: 'text', at: start, text: decodeString(bytes, start, end) };
    default: {
      const text = utf8Text(bytes, start, end);
      const kind = text === 'null' ? 'null' : text === 'true' || text === 'false' ? 'truth' : 'number';
      return { kind, at: start, text };
    }
  }
}

/** Reads JSON whose value is an object; never throws. Offsets count bytes. Repeated keys are the reader's to refuse. */
export function jsonTree(bytes: Uint8Array): FileTree {
  try {
    const { open, close } = scanObject(bytes, strictDialect, () => undefined);
    return { root: jsonNode(bytes, open, close + 1), faults: [] };
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    const message = `this is no JSON: ${error.reason}`;
    return { root: null, faults: [{ at: error.offset, message, cure: 'Correct the JSON at this place.' }] };
  }
}

import { CST, Lexer } from 'yaml';

/** Limits of nesting that nobody reaches by hand, and that the library's recursion stands. */
const deepest = { flow: 200, indicators: 64, indent: 400 } as const;

/** Short lines and no brackets hold too few of anything: most texts need no closer look. */
const mayBeDeep = /[[{]|[^\n]{65}/;

/**
 * Where a text is nested too deeply to be read; `null`: nowhere. The library takes nested parts apart by recursion, and a
 * few kilobytes of brackets or dashes would end the process: ask this before anything is handed to it.
 */
export function tooDeepAt(text: string): number | null {
  if (!mayBeDeep.test(text)) return null;
  const depth = { flow: 0, indicators: 0, indent: 0 };
  let isContent = false;
  let offset = 0;
  for (const lexeme of new Lexer().lex(text)) {
    const type: string | null = isContent ? contentType(lexeme) : CST.tokenType(lexeme);
    isContent = type === 'scalar';
    deepen(depth, type, lexeme);
    if (depth.flow > deepest.flow || depth.indicators > deepest.indicators || depth.indent > deepest.indent)
      return offset;
    // These stand for no character of the text.
    if (!markers.has(lexeme)) offset += lexeme.length;
  }
  return null;
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

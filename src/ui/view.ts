import { gathered, jsonLines, jsonPieces } from './json-pieces.js';
import { withoutPasteMarks } from './pasted.js';
import type { Theme } from './theme.js';

export const outputFormats = ['table', 'json', 'yaml', 'ndjson'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** A result ready to be shown, the same data for people and for programs. */
export interface View {
  /** Names the shape of `data`: `OverrideList`. */
  readonly kind: string;
  /** JSON-safe; `apiVersion` and `kind` are added in front. Within a major version fields are only added. */
  readonly data: Readonly<Record<string, unknown>>;
  /** The lines of `ndjson`; absent: the whole document is the one line. */
  readonly items?: Iterable<unknown>;
  /** What a pipe gets instead of the text for people, byte for byte; absent: the same text. */
  readonly raw?: Uint8Array;
  /** Text for people, without the last newline; outside text in it has passed `term`. */
  human(theme: Theme): string | Promise<string>;
  /**
   * The same text line by line or in larger pieces, for a pipe whose reader may want only the first of them; each piece
   * without its last newline. Absent: it is short enough to be made at once.
   */
  readonly pieces?: ((theme: Theme) => AsyncIterable<string>) | undefined;
}

export interface RenderOptions {
  readonly format: OutputFormat;
  /** A jq program over the JSON document; `null`: none. */
  readonly jq: string | null;
}

/** The text of a view in the pieces in which it is to be written: more than one only of a long one that no terminal shows. */
export async function* renderPieces(view: View, options: RenderOptions, theme: Theme): AsyncGenerator<string> {
  const { escapeJson, onlyColours } = await import('./term.js');
  const json = jsonOf(view, options);
  if (json !== null) {
    for (const piece of gathered(json)) yield escapeJson(piece);
  } else if (view.pieces === undefined || theme.isTerminal || options.format !== 'table' || options.jq !== null) {
    yield await render(view, options, theme);
  } else {
    for await (const piece of view.pieces(theme)) yield `${onlyColours(withoutPasteMarks(piece))}\n`;
  }
}

function documentOf({ kind, data }: View): Record<string, unknown> {
  return { apiVersion: 'rlctl/v1', kind, ...data };
}

/** A view as JSON, piece by piece; `null`: something else is wanted. */
function jsonOf(view: View, { format, jq }: RenderOptions): Iterable<string> | null {
  if (jq !== null || (format !== 'json' && format !== 'ndjson')) return null;
  return format === 'json' ? jsonPieces(documentOf(view)) : jsonLines(view.items ?? [documentOf(view)]);
}

/** The text of a view in the wanted format, with its last newline; empty where there is nothing to say. */
export async function render(view: View, options: RenderOptions, theme: Theme): Promise<string> {
  const { escapeJson, onlyColours } = await import('./term.js');
  const json = jsonOf(view, options);
  if (json !== null) return escapeJson([...json].join(''));
  if (options.jq !== null) {
    const { runJq } = await import('./jq.js');
    return escapeJson(await runJq(documentOf(view), options.jq));
  }
  if (options.format === 'yaml') return escapeJson((await import('./yaml.js')).toYaml(documentOf(view)));
  const text = await view.human(theme);
  if (text === '') return '';
  const fitted = theme.isTerminal ? await (await import('./prose.js')).wrapProse(text, theme.width) : text;
  return `${onlyColours(withoutPasteMarks(fitted))}\n`;
}

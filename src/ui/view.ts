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
  readonly items?: readonly unknown[];
  /** What a pipe gets instead of the text for people, byte for byte; absent: the same text. */
  readonly raw?: Uint8Array;
  /** Text for people, without the last newline; outside text in it has passed `term`. */
  human(theme: Theme): string | Promise<string>;
}

export interface RenderOptions {
  readonly format: OutputFormat;
  /** A jq program over the JSON document; `null`: none. */
  readonly jq: string | null;
}

/** The text of a view in the wanted format, with its last newline; empty where there is nothing to say. */
export async function render(view: View, options: RenderOptions, theme: Theme): Promise<string> {
  const { escapeJson, onlyColours } = await import('./term.js');
  const document = (): Record<string, unknown> => ({ apiVersion: 'rlctl/v1', kind: view.kind, ...view.data });
  if (options.jq !== null) {
    const { runJq } = await import('./jq.js');
    return escapeJson(await runJq(document(), options.jq));
  }
  switch (options.format) {
    case 'json':
      return `${escapeJson(JSON.stringify(document(), null, 2))}\n`;
    case 'ndjson':
      return (view.items ?? [document()]).map((item) => `${escapeJson(JSON.stringify(item))}\n`).join('');
    case 'yaml':
      return escapeJson((await import('./yaml.js')).toYaml(document()));
    case 'table': {
      const text = await view.human(theme);
      if (text === '') return '';
      const fitted = theme.isTerminal ? await (await import('./prose.js')).wrapProse(text, theme.width) : text;
      return `${onlyColours(withoutPasteMarks(fitted))}\n`;
    }
  }
}

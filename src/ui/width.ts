/** How many columns of a terminal a text takes, colours aside. */
export type Measure = (text: string) => number;

const colours = /\u001b\[[0-9;]*m/g;

/**
 * Text in which every character takes one column: ASCII, Latin, the punctuation, arrows and marks that rlctl itself
 * writes. Nothing in these ranges is wide, combines with a neighbour or takes no room.
 */
const plain = /^[ -~\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2190-\u2193\u2713\u2717]*$/;

/** Most texts hold no colour, and looking for one is much cheaper than replacing none. */
function uncoloured(text: string): string {
  return text.includes('\u001b') ? text.replaceAll(colours, '') : text;
}

/**
 * A measure that fits these texts. Knowing the width of every character costs more to load than a command takes, so it
 * is loaded only where a text holds one that is not obvious.
 */
export async function measureFor(texts: readonly string[]): Promise<Measure> {
  const isPlain = texts.every((text) => plain.test(text) || plain.test(uncoloured(text).replaceAll('\n', '')));
  if (!isPlain) return (await import('string-width')).default;
  return (text) => uncoloured(text).length;
}

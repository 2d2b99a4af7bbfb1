const readable = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0', 'x', 'z', 'q', 'X', 'Z', 'Q', '~'];
const firstOther = 0x100;

/** A character that none of the texts holds, readable where there is one: no prefix among them reaches past it. */
export function freshCharacter(texts: readonly string[]): string {
  const taken = new Set(texts.flatMap((text) => [...new Set(text)]));
  const found = readable.find((character) => !taken.has(character));
  if (found !== undefined) return found;
  for (let code = firstOther; ; code += 1) {
    const character = String.fromCodePoint(code);
    if (!taken.has(character)) return character;
  }
}

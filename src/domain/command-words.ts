/** The global flags that take a value in the next word. */
const valuedGlobals = new Set(['-e', '--env', '-o', '--output', '--jq', '--timeout', '--color', '--config']);

/** The first words of a command line, which name its command: flags and their values left out. */
export function commandWords(argv: readonly string[], most = 2): readonly string[] {
  const words: string[] = [];
  for (let index = 0; index < argv.length && words.length < most; index += 1) {
    const word = argv[index] ?? '';
    if (valuedGlobals.has(word)) index += 1;
    else if (!word.startsWith('-')) words.push(word);
  }
  return words;
}

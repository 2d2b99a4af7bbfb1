/** The global flags that take a value in the next word. */
const valuedGlobals = new Set(['-e', '--env', '-o', '--output', '--jq', '--timeout', '--color', '--config']);

/** The words of a command line that name its command, two at most: flags and their values left out. */
export function commandWords(argv: readonly string[]): readonly string[] {
  const words: string[] = [];
  for (let index = 0; index < argv.length && words.length < 2; index += 1) {
    const word = argv[index] ?? '';
    if (valuedGlobals.has(word)) index += 1;
    else if (!word.startsWith('-')) words.push(word);
  }
  return words;
}

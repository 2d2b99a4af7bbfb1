/**
 * A command as somebody can paste it into a POSIX shell: each word that is not plain stands in single quotes, so that a
 * shell sees exactly these words and runs nothing that stands in them.
 */
export function shellWords(argv: readonly string[]): string {
  return argv.map(shellWord).join(' ');
}

/** One word as a shell takes it. */
export function shellWord(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * The words of a command line as a variable such as EDITOR holds it: split at white space, quotes keep a word together,
 * and nothing else means anything. An unfinished quote ends with the text.
 */
export function splitWords(text: string): readonly string[] {
  return [...text.matchAll(/(?:[^\s"']+|"[^"]*"?|'[^']*'?)+/g)].map(([word]) =>
    word.replaceAll(/"([^"]*)"?|'([^']*)'?/g, (_, double?: string, single?: string) => double ?? single ?? ''),
  );
}

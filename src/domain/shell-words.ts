/**
 * A command as somebody can paste it into a POSIX shell: each word that is not plain stands in single quotes, so that a
 * shell sees exactly these words and runs nothing that stands in them.
 */
export function shellWords(argv: readonly string[]): string {
  return argv.map(shellWord).join(' ');
}

const plainWord = /^[\w./:=@%+,-]+$/;

/** One word as a shell takes it. */
export function shellWord(word: string): string {
  return plainWord.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * The same of words that hold places for values, `{{route}}` or `{value}`: a place needs no quotes by itself, and what stands
 * around it is quoted as anywhere else, so that one argument is seen to be one.
 */
export function templateWords(argv: readonly string[]): string {
  return argv
    .map((word) => (plainWord.test(word.replaceAll(/\{\{[a-z][\w-]*\}\}|\{[a-z]+\}/gi, '_')) ? word : shellWord(word)))
    .join(' ');
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

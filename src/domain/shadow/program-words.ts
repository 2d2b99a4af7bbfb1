/** What the placeholders in a program's arguments stand for. */
export interface ProgramWords {
  readonly variable: string;
  readonly value: string;
  readonly bucket?: string;
}

/** True where the arguments tell the program what to set. */
export function holdsValue(argv: readonly string[]): boolean {
  return argv.some((item) => item.includes('{value}'));
}

/** The arguments with their placeholders filled in, in one pass, so that a value that looks like a placeholder is none. */
export function filledIn(argv: readonly string[], words: ProgramWords): readonly string[] {
  return argv.map((item) =>
    item.replaceAll(
      /\{(bucket|variable|value)\}/g,
      (placeholder, name: keyof ProgramWords) => words[name] ?? placeholder,
    ),
  );
}

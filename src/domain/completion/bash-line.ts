import type { TypedLine } from './candidates.js';

/** How the word at the cursor is quoted: not, or by a quote that is still open. */
export type BashQuote = 'none' | 'single' | 'double' | 'ansi';

/** A command line of bash up to the cursor, taken apart without running any of it. */
export interface BashLine extends TypedLine {
  /** The part of `current` that readline keeps as it stands; what it replaces begins behind it. */
  readonly head: string;
  readonly quote: BashQuote;
  /** The word is the file of a redirection. */
  readonly isRedirection: boolean;
  /** The line holds an expansion or a second command: what bash makes of it, only bash knows. */
  readonly isOpaque: boolean;
}

const ansiEscapes = new Map(
  Object.entries({ a: '\u0007', b: '\b', e: '\u001b', E: '\u001b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }),
);

/**
 * Takes a command line apart as bash would: words, quotes, backslashes, `$'…'`. `wordBreaks` are readline's word breaks
 * (`COMP_WORDBREAKS`): of the word at the cursor readline replaces only what stands behind the last unquoted one, or behind
 * an open quote. Expansions are never carried out; they make the line opaque.
 */
export function readBashLine(line: string, wordBreaks: string): BashLine {
  return new BashReader(line, wordBreaks).read();
}

class BashReader {
  private at = 0;
  private value = '';
  private head = '';
  private outerHead = '';
  private isInWord = false;
  private isTarget = false;
  private isOpaque = false;
  private quote: BashQuote = 'none';
  private readonly words: string[] = [];

  constructor(
    private readonly line: string,
    private readonly wordBreaks: string,
  ) {}

  read(): BashLine {
    while (this.at < this.line.length) {
      if (this.quote === 'none') this.bare();
      else this.quoted(this.quote);
    }
    return {
      // The first word is the program itself.
      words: this.words.slice(1),
      current: this.value,
      head: this.head,
      quote: this.quote,
      isRedirection: this.isTarget,
      isOpaque: this.isOpaque,
    };
  }

  /** Takes `count` characters of the line. */
  private take(count = 1): string {
    const text = this.line.slice(this.at, this.at + count);
    this.at += count;
    return text;
  }

  private add(text: string): void {
    this.value += text;
    this.isInWord = true;
  }

  private endWord(): void {
    if (this.isInWord && !this.isTarget) this.words.push(this.value);
    if (this.isInWord) this.isTarget = false;
    this.value = '';
    this.head = '';
    this.isInWord = false;
  }

  private open(quote: BashQuote, length: number): void {
    this.take(length);
    this.quote = quote;
    this.outerHead = this.head;
    this.head = this.value;
    this.isInWord = true;
  }

  private bare(): void {
    const rest = this.line.slice(this.at, this.at + 2);
    const char = rest[0] ?? '';
    if (char === "'") this.open('single', 1);
    else if (char === '"') this.open('double', 1);
    else if (rest === "$'") this.open('ansi', 2);
    else if (rest === '$"') this.open('double', 2);
    else if (char === '\\') this.add(this.take(2).slice(1).replace('\n', ''));
    else if (/[<>]/.test(char) || rest === '&>') this.redirection();
    else if (/[\s|&;()]/.test(char)) this.boundary(char);
    else {
      this.noticeExpansion(rest);
      this.add(this.take());
      if (this.wordBreaks.includes(char)) this.head = this.value;
    }
  }

  private boundary(char: string): void {
    if (!/[ \t]/.test(char)) this.isOpaque = true;
    this.take();
    this.endWord();
  }

  private redirection(): void {
    if (/^\d+$/.test(this.value)) this.isInWord = false; // the descriptor in 2>file
    this.endWord();
    const operator = /^[<>&|]+/.exec(this.line.slice(this.at))?.[0] ?? '';
    this.take(operator.length);
    if (this.line[this.at] === '(' || operator.startsWith('<<')) this.isOpaque = true;
    this.isTarget = true;
  }

  /** Backquotes, `$(…)`, `${…}` and variables: inside double quotes as well. */
  private noticeExpansion(rest: string): void {
    if (/^(?:`|\$[({[\w@*#?!$-])/.test(rest)) this.isOpaque = true;
  }

  private quoted(quote: BashQuote): void {
    const char = this.take();
    if (char === (quote === 'double' ? '"' : "'")) this.close();
    else if (quote === 'double') this.inDouble(char);
    else if (quote === 'ansi' && char === '\\') this.add(this.ansiEscape());
    else this.add(char);
  }

  /** Behind a closed quote readline goes back to the last word break before it; none inside it counts. */
  private close(): void {
    this.quote = 'none';
    this.head = this.outerHead;
  }

  private inDouble(char: string): void {
    this.noticeExpansion(char + (this.line[this.at] ?? ''));
    const next = this.line[this.at] ?? '';
    if (char !== '\\' || !/[\\"$`\n]/.test(next)) this.add(char);
    else this.add(this.take().replace('\n', ''));
  }

  private ansiEscape(): string {
    const rest = this.line.slice(this.at);
    const code = /^(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8}))/.exec(rest);
    const octal = /^[0-7]{1,3}(?:\\[0-7]{1,3})*/.exec(rest)?.[0];
    if (octal) {
      // Several in a row are the bytes of one character.
      const runs = this.take(octal.length).split('\\');
      return Buffer.from(runs.map((each) => Number.parseInt(each, 8) & 0xff)).toString('utf8');
    }
    const char = this.take(code?.[0].length ?? 1);
    if (!code) return ansiEscapes.get(char) ?? (/[\\'"?]/.test(char) ? char : `\\${char}`);
    const point = Number.parseInt(code[1] ?? code[2] ?? code[3] ?? '0', 16);
    return point > 0x10ffff ? '' : String.fromCodePoint(point);
  }
}

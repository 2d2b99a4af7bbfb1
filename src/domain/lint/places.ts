/** Line and column of a byte, both from 1; columns in characters, as editors count. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/**
 * Tells the places of bytes in a text. Asked in rising order it goes through the text once, however many are asked for and
 * however long its lines are; a smaller offset starts anew.
 */
export class TextPlaces {
  readonly #bytes: Uint8Array;
  #offset = 0;
  #line = 1;
  #column = 1;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  placeOf(offset: number): TextPlace {
    if (offset < this.#offset) [this.#offset, this.#line, this.#column] = [0, 1, 1];
    for (; this.#offset < offset; this.#offset += 1) this.#pass(this.#bytes[this.#offset] ?? 0);
    return { line: this.#line, column: this.#column };
  }

  /** Bytes that continue a UTF-8 sequence are no column of their own. */
  #pass(byte: number): void {
    if (byte === 0x0a) {
      this.#line += 1;
      this.#column = 1;
    } else if (byte < 0x80 || byte >= 0xc0) this.#column += 1;
  }
}

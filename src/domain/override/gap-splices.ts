import { rawValue, type DocumentMember, type OverrideDocument } from './document.js';
import type { Splice } from './history.js';
import { utf8Text } from './scanned-text.js';
import { styleOfDocument } from './style.js';

/** A member that is to be inserted. */
export interface Inserted {
  readonly prefix: string;
  /** `"key":value` */
  readonly text: string;
}

/**
 * The splices, the last one first, that leave of a document its `base` members alone and put others between them. `gaps`: by
 * the position in the base before which they go; its length: at the end. `valueOf`: the new value of a base member, `null`:
 * it is not touched. Each splice removes one member at most, so that the history can tell whose it was.
 */
export function gapSplices(
  document: OverrideDocument,
  base: readonly DocumentMember[],
  gaps: ReadonlyMap<number, readonly Inserted[]>,
  valueOf: (member: DocumentMember) => string | null,
): readonly Splice[] {
  const writer = new GapWriter(document);
  for (let position = base.length; position >= 0; position -= 1) {
    const items = gaps.get(position) ?? [];
    const [previous, next] = [base[position - 1], base[position]];
    if (next !== undefined) writer.before(next, (previous?.index ?? -1) + 1, items);
    else if (previous !== undefined) writer.after(previous, items);
    else writer.whole(items);
    if (previous !== undefined) writer.value(previous, valueOf(previous));
  }
  return writer.splices;
}

class GapWriter {
  readonly splices: Splice[] = [];
  readonly #gap: string;

  constructor(readonly document: OverrideDocument) {
    this.#gap = styleOfDocument(document).gap;
  }

  value(member: DocumentMember, inserted: string | null): void {
    const removed = inserted === null ? null : rawValue(this.document, member);
    if (inserted !== removed && removed !== null) this.#add(member.valueStart, member.valueEnd, inserted ?? '');
  }

  /** Between what stands before index `first` and a member that stays: the ones from `first` on go. */
  before(next: DocumentMember, first: number, items: readonly Inserted[]): void {
    const { members } = this.document;
    this.#add(next.start, next.start, items.map(({ text }) => `${text},${this.#gap}`).join(''));
    for (let index = next.index - 1; index >= first; index -= 1) {
      this.#add(members[index]?.start ?? 0, members[index + 1]?.start ?? 0, '');
    }
  }

  /** After the last member that stays: the others go. */
  after(previous: DocumentMember, items: readonly Inserted[]): void {
    const { members } = this.document;
    for (let index = members.length - 1; index > previous.index; index -= 1) {
      this.#add(members[index - 1]?.valueEnd ?? 0, members[index]?.valueEnd ?? 0, '');
    }
    this.#add(previous.valueEnd, previous.valueEnd, items.map(({ text }) => `,${this.#gap}${text}`).join(''));
  }

  /** No member stays. */
  whole(items: readonly Inserted[]): void {
    const { members, open } = this.document;
    const [first, last] = [members[0], members.at(-1)];
    const joined = items.map(({ text }) => text).join(`,${this.#gap}`);
    if (first === undefined || last === undefined) {
      if (joined !== '') this.#add(open + 1, open + 1, styleOfDocument(this.document).lead + joined);
      return;
    }
    this.#add(last.start, last.valueEnd, joined);
    for (let index = last.index - 1; index >= 0; index -= 1) {
      this.#add(members[index]?.start ?? 0, members[index + 1]?.start ?? 0, '');
    }
    if (joined === '') this.#add(open + 1, first.start, '');
  }

  #add(at: number, end: number, inserted: string): void {
    const removed = utf8Text(this.document.bytes, at, end);
    if (removed !== inserted) this.splices.push({ at, removed, inserted });
  }
}

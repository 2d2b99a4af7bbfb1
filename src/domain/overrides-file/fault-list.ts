import { RlctlError } from '../errors.js';
import type { TextPlace } from '../text-places.js';
import type { FileMember } from './tree.js';

/** More than this in a message is for `--json`, which has them all. */
const mostShown = 20;
/** A file that is wrong from end to end need not be told a hundred thousand times. */
const mostKept = 1000;

interface PlacedFault extends TextPlace {
  readonly message: string;
  readonly cure: string;
}

/** Everything that is wrong with one file, in its order. */
export class FaultList {
  readonly #faults: { readonly at: number; readonly message: string; readonly cure: string }[] = [];
  #count = 0;

  constructor(
    readonly file: string,
    readonly placeOf: (at: number) => TextPlace,
  ) {}

  add(at: number, message: string, cure: string): void {
    this.#count += 1;
    if (this.#faults.length < mostKept) this.#faults.push({ at, message, cure });
  }

  /** The members of a mapping by name, each once; what repeats, or is no name, is a fault. */
  fieldsOf(members: Iterable<FileMember>): ReadonlyMap<string, FileMember> {
    const fields = new Map<string, FileMember>();
    for (const member of members) {
      const { key } = member;
      if (key.kind === 'unfit') this.add(key.at, `${key.why} stands for a field’s name`, 'Write the name itself.');
      else if (!('text' in key)) this.add(key.at, 'a field’s name is no text', 'Write a name.');
      else if (fields.has(key.text)) {
        const first = this.placeOf(fields.get(key.text)?.key.at ?? 0);
        const message = `the field ${JSON.stringify(key.text)} stands there twice, first at ${first.line}:${first.column}`;
        this.add(key.at, message, 'Keep one of them.');
      } else fields.set(key.text, member);
    }
    return fields;
  }

  /** Throws `OVERRIDES_FILE_INVALID` where there is any fault. */
  assertNone(): void {
    if (this.#count === 0) return;
    const faults = this.#faults
      .toSorted((left, right) => left.at - right.at)
      .map(({ at, message, cure }): PlacedFault => ({ ...this.placeOf(at), message, cure }));
    throw invalid(this.file, faults, this.#count);
  }
}

function invalid(file: string, faults: readonly PlacedFault[], count: number): RlctlError {
  const name = file === '-' ? 'stdin' : file;
  const [first] = faults;
  const placed = ({ line, column, message }: PlacedFault): string => `${name}:${line}:${column}: ${message}`;
  const details = { file, count, faults };
  if (first !== undefined && count === 1) {
    return new RlctlError('usage', placed(first), { code: 'OVERRIDES_FILE_INVALID', hint: first.cure, details });
  }
  const shown = faults.slice(0, mostShown).map((fault) => `  ${placed(fault)}. ${fault.cure}`);
  const left = count > mostShown ? [`  … and ${count - mostShown} more`] : [];
  return new RlctlError('usage', [`${name} has ${count} faults:`, ...shown, ...left].join('\n'), {
    code: 'OVERRIDES_FILE_INVALID',
    hint: 'Correct them, then run the command again. See the form of such a file with: rlctl override schema',
    details,
  });
}

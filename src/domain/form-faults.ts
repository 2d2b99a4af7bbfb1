import type * as z from 'zod/mini';
import { nearNames } from './near-names.js';
import type { FilePlace } from './located-finding.js';
import type { PlacedFile } from './placed-file.js';

/** Something of a file that somebody wrote that has not the form it should have. */
export interface FormFault {
  /** Where it stands; of an unknown name the name itself. */
  readonly path: readonly PropertyKey[];
  /** What is wrong, to be read after the path: `must be a text`. */
  readonly text: string;
  /** What was probably meant, without a capital: `did you mean soak?`; `null`: nothing is known. */
  readonly aside: string | null;
}

/** How the faults of one kind of file are told. */
export interface FormWords {
  /** The names that the part at this path may hold, by which a slip is recognised. */
  readonly knownAt: (path: readonly PropertyKey[]) => readonly string[];
  /** What types are called here where that is not what they are called elsewhere. */
  readonly types?: Readonly<Record<string, string>>;
  /** What is said of an issue before anything else; `null`: what is said everywhere. */
  readonly say?: (issue: z.core.$ZodIssue) => string | null;
  /** What is said where nothing else is. */
  readonly otherwise: string;
}

/** What a check of the form found, an unknown name at a time. The check has to have been asked to report its input. */
export function formFaults(issues: readonly z.core.$ZodIssue[], words: FormWords): readonly FormFault[] {
  return issues.flatMap((issue): readonly FormFault[] => {
    if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, text: faultText(issue, words), aside: null }];
    const known = words.knownAt(issue.path);
    return issue.keys.map((key) => ({ path: [...issue.path, key], text: 'is unknown', aside: nearText(key, known) }));
  });
}

/** The same faults with the place of each, in the order of the file. `at`: where the part that was checked stands in it. */
export function placedFaults<Fault extends Pick<FormFault, 'path'>>(
  faults: readonly Fault[],
  placed: PlacedFile,
  at: readonly PropertyKey[] = [],
): readonly (Fault & { readonly place: FilePlace })[] {
  return faults
    .map((fault) => ({ ...fault, place: placed.placeOf([...at, ...fault.path]) }))
    .sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column);
}

/** What is wrong with what was probably meant, on one line: `is unknown; did you mean soak?` */
export function faultLine({ text, aside }: Pick<FormFault, 'text' | 'aside'>): string {
  return aside === null ? text : `${text}; ${aside}`;
}

/** What was probably meant as a sentence of its own: `Did you mean soak?` */
export function asideSentence({ aside }: Pick<FormFault, 'aside'>): string | null {
  if (aside === null) return null;
  return `${aside.slice(0, 1).toUpperCase()}${aside.slice(1)}${aside.endsWith('?') ? '' : '.'}`;
}

function faultText(issue: z.core.$ZodIssue, words: FormWords): string {
  const said = words.say?.(issue) ?? null;
  if (said !== null) return said;
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined && issue.path.length > 0) return 'is missing';
      return `must be ${words.types?.[issue.expected] ?? typeNames[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      if (issue.message.startsWith('must')) return issue.message;
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    default:
      return issue.message.startsWith('must') ? issue.message : words.otherwise;
  }
}

const typeNames: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  string: 'a text',
  array: 'a list',
  object: 'a map of names and values',
  record: 'a map of names and values',
};

function nearText(key: string, known: readonly string[]): string {
  const [near] = nearNames(key, known);
  return near === undefined ? `there are: ${known.join(', ')}` : `did you mean ${near}?`;
}

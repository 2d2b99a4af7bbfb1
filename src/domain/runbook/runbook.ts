/** What a runbook asks for; every value is checked by its type before anything runs. */
export type InputType = 'string' | 'integer' | 'duration' | 'route' | 'bucket' | 'identity' | 'choice';

/** Holds where every input named has one of these values, of which `*` is any value at all; `null`: always. */
export type Condition = ReadonlyMap<string, readonly string[]> | null;

/** One input of a runbook. */
export interface RunbookInput {
  readonly name: string;
  readonly type: InputType;
  /** What it is, for people; `null`: its name says it. */
  readonly description: string | null;
  /** The value where none is given; `null`: there is none. */
  readonly default: string | null;
  /** A value as one is likely to be given, for examples; `null`: any that fits. */
  readonly example: string | null;
  /** It may be left out; groups of words that name it are then left out with it. */
  readonly isOptional: boolean;
  /** The values of a choice; empty for the other types. */
  readonly choices: readonly string[];
  /** The bounds of an integer; `null`: none. */
  readonly min: number | null;
  readonly max: number | null;
  /** What a string must match as a whole; `null`: anything printable. */
  readonly pattern: string | null;
  /** When it is asked for. */
  readonly when: Condition;
}

/** The words of a command; a group in it is left out as a whole where an optional input that it names is not given. */
export type Words = readonly (string | readonly string[])[];

/** A field of a Result and what it must be: `reloads.*.isShadow`, where `*` is every item of a list. */
export interface FieldCheck {
  readonly path: string;
  /** Exactly this text, or a number that is no more or no less than it; a number that is not known (`null`) is within. */
  readonly how: 'is' | 'atMost' | 'atLeast';
  readonly wanted: string;
}

/** `burst is at most 40` */
export function fieldText({ path, how, wanted }: FieldCheck): string {
  return `${path} ${{ is: 'is', atMost: 'is at most', atLeast: 'is at least' }[how]} ${wanted}`;
}

/** Something that is done or looked at. Texts in it still hold `{{input}}`. */
export type Act =
  | {
      readonly kind: 'rlctl';
      readonly words: Words;
      /** The exit codes that count as done. */
      readonly exits: readonly number[];
      readonly fields: readonly FieldCheck[];
    }
  | {
      readonly kind: 'http';
      readonly method: 'GET' | 'HEAD';
      /** A path on the environment's own API, or an address. */
      readonly target: { readonly kind: 'path' | 'url'; readonly text: string };
      readonly statuses: readonly number[];
      /** What the body must hold; `null`: anything. */
      readonly contains: string | null;
    }
  | {
      readonly kind: 'promql';
      readonly query: string;
      /** What every number of the answer must be. */
      readonly bound: Bound;
      /** Whether no answer at all is as good as a right one. */
      readonly isNoDataGood: boolean;
    }
  | { readonly kind: 'manual'; readonly text: string }
  | {
      readonly kind: 'exec';
      readonly words: Words;
      /** Doing it twice is as good as doing it once. */
      readonly isRepeatable: boolean;
    };

/** `below` and `above` exclude the value itself. */
export interface Bound {
  readonly kind: 'below' | 'above' | 'equals';
  readonly value: number;
}

/** One step: what must hold before, what is done, what must be seen after, and how it is taken back. */
export interface RunbookStep {
  readonly id: string;
  readonly title: string;
  /** Why, for the handbook page; `null`: the title says it. */
  readonly why: string | null;
  readonly when: Condition;
  /** Only where one of these earlier steps turned out to have no effect; empty: in any case. */
  readonly onlyIfNoEffect: readonly string[];
  readonly precheck: readonly Act[];
  readonly action: Act;
  readonly postcheck: readonly Act[];
  /** `null`: changes of overrides are taken back from the history, and everything else needs nothing. */
  readonly undo: Act | null;
  /** Its runbook says that there is nothing to take back. */
  readonly isNothingToUndo: boolean;
  /** What a run does where the step turns out to have no effect. */
  readonly ifNoEffect: 'stop' | 'continue';
}

/** A procedure of the handbook that can be run. */
export interface Runbook {
  readonly name: string;
  readonly title: string;
  /** What it is for, in a sentence or two. */
  readonly summary: string;
  readonly inputs: readonly RunbookInput[];
  /** Of each of these groups of inputs at least one is to be given. */
  readonly oneOf: readonly (readonly string[])[];
  readonly steps: readonly RunbookStep[];
}

/** The acts of a step in the order in which they are done, without its way back. */
export function actsOf(step: RunbookStep): readonly Act[] {
  return [...step.precheck, step.action, ...step.postcheck];
}

/** The texts of an act in which inputs are filled in. */
export function textsOf(act: Act): readonly string[] {
  switch (act.kind) {
    case 'rlctl':
      return [...act.words.flat(), ...act.fields.flatMap(({ path, wanted }) => [path, wanted])];
    case 'http':
      return [act.target.text, ...(act.contains === null ? [] : [act.contains])];
    case 'promql':
      return [act.query];
    case 'manual':
      return [act.text];
    case 'exec':
      return act.words.flat();
  }
}

/** What every runbook may name beside its inputs. */
export const givenNames = ['environment', 'namespace'] as const;

import type { CommandTree, FlagShape, LeafShape, ValueKind, ValueShape } from './command-tree.js';

/** A word that may stand where the cursor is. */
export interface Candidate {
  readonly value: string;
  /** Empty: nothing is to be said about it. */
  readonly description: string;
}

/** The command line behind the program's name, quotes taken away. */
export interface TypedLine {
  /** The words before the one the cursor is in. */
  readonly words: readonly string[];
  /** The word the cursor is in, as far as it is typed; empty where a new one begins. */
  readonly current: string;
}

/** What may stand at the cursor. */
export interface Wanted {
  /** `word`: `candidates` are all there is. `any`: nothing can be said. Else names or paths that have to be looked up. */
  readonly kind: ValueKind | 'word';
  /** What stands in front of each of them in the same word: `--env=`; else empty. */
  readonly prefix: string;
  readonly candidates: readonly Candidate[];
  /** False where a name that starts with a dash would be taken for a flag. */
  readonly mayStartWithDash: boolean;
  /** The environment (by an argument, else by its flag) and the configuration that the line names; `null`: not named. */
  readonly environment: string | null;
  readonly config: string | null;
}

interface Walk {
  noun: string | null;
  leaf: LeafShape | null;
  /** Words that name neither a command nor a flag. */
  readonly positionals: string[];
  /** A word stands where a command's name belongs, and there is no such command. */
  isLost: boolean;
  isAfterDashes: boolean;
  pending: FlagShape | null;
  readonly used: Set<string>;
  readonly values: Map<string, string>;
}

/** What may stand at the cursor of a command line. Pure: names that live elsewhere are only asked for. */
export function wantedAt(tree: CommandTree, line: TypedLine): Wanted {
  const walk = walkTo(tree, line);
  const wanted = wantedAfter(tree, walk, line.current);
  return { ...wanted, environment: environmentAmong(walk, wanted.kind) ?? wanted.environment };
}

function walkTo(tree: CommandTree, { words }: TypedLine): Walk {
  const walk: Walk = {
    noun: null,
    leaf: null,
    positionals: [],
    isLost: false,
    isAfterDashes: false,
    pending: null,
    used: new Set(),
    values: new Map(),
  };
  for (const word of words) step(tree, walk, word);
  return walk;
}

function wantedAfter(tree: CommandTree, walk: Walk, current: string): Wanted {
  const common = {
    prefix: '',
    candidates: [],
    environment: walk.values.get('--env') ?? null,
    config: walk.values.get('--config') ?? null,
  };
  if (walk.pending?.value) return { ...common, ...ofValue(walk.pending.value), mayStartWithDash: true };
  if (!walk.isAfterDashes && current.startsWith('-')) {
    const flag = attached(tree, walk.leaf, current);
    if (flag?.value) {
      return { ...common, ...ofValue(flag.value), prefix: `${flag.long}=`, mayStartWithDash: true };
    }
    return { ...common, kind: 'word', candidates: flagsLeft(tree, walk), mayStartWithDash: true };
  }
  return { ...common, ...positional(tree, walk), mayStartWithDash: walk.isAfterDashes };
}

/**
 * The environment that the arguments of a command name: overrides are those of the first, everything else belongs to the
 * last, which is the one that is changed.
 */
function environmentAmong({ leaf, positionals }: Walk, kind: Wanted['kind']): string | null {
  if (kind === 'environment') return null;
  const named = positionals.filter((_, index) => leaf?.arguments[index]?.kind === 'environment');
  return (kind === 'override' ? named[0] : named.at(-1)) ?? null;
}

function ofValue({ kind, choices }: ValueShape): Pick<Wanted, 'kind' | 'candidates'> {
  return choices.length === 0
    ? { kind, candidates: [] }
    : { kind: 'word', candidates: choices.map((value) => ({ value, description: '' })) };
}

function step(tree: CommandTree, walk: Walk, word: string): void {
  if (walk.pending) {
    walk.values.set(walk.pending.long, word);
    walk.pending = null;
  } else if (walk.isAfterDashes || !/^-./s.test(word)) positionalStep(tree, walk, word);
  else if (word === '--') walk.isAfterDashes = true;
  else flagStep(tree, walk, word);
}

function flagStep(tree: CommandTree, walk: Walk, word: string): void {
  const equals = word.indexOf('=');
  const name = equals < 0 ? word : word.slice(0, equals);
  const flag = flagsOf(tree, walk.leaf).find(({ long, short }) => long === name || short === name);
  if (!flag) return;
  walk.used.add(flag.long);
  if (flag.value === null) return;
  if (equals < 0) walk.pending = flag;
  else walk.values.set(flag.long, word.slice(equals + 1));
}

function positionalStep(tree: CommandTree, walk: Walk, word: string): void {
  if (walk.leaf) {
    walk.positionals.push(word);
    return;
  }
  const path = walk.noun === null ? word : `${walk.noun} ${word}`;
  walk.leaf = tree.leaves.find((leaf) => leaf.path === path) ?? null;
  if (walk.leaf) return;
  const noun = tree.nouns.find(({ name, aliases }) => name === word || aliases.includes(word));
  if (walk.noun === null && noun) walk.noun = noun.name;
  else walk.isLost = true;
}

function flagsOf(tree: CommandTree, leaf: LeafShape | null): readonly FlagShape[] {
  return [...(leaf?.flags ?? []), ...tree.globals];
}

/** The flag whose value is being typed in the same word, as in `--env=pre`. */
function attached(tree: CommandTree, leaf: LeafShape | null, word: string): FlagShape | null {
  const equals = word.indexOf('=');
  if (equals < 0) return null;
  return flagsOf(tree, leaf).find(({ long }) => long === word.slice(0, equals)) ?? null;
}

function flagsLeft(tree: CommandTree, { leaf, used, noun, isLost }: Walk): readonly Candidate[] {
  const alone = leaf || noun !== null || isLost || used.size > 0 ? [] : tree.alone;
  return [...flagsOf(tree, leaf), ...alone]
    .filter(({ long, isRepeatable }) => isRepeatable || !used.has(long))
    .map(({ long, description }) => ({ value: long, description }));
}

function positional(tree: CommandTree, walk: Walk): Pick<Wanted, 'kind' | 'candidates'> {
  if (walk.isLost) return { kind: 'any', candidates: [] };
  const { leaf, noun } = walk;
  if (leaf) {
    const argument = leaf.arguments[walk.positionals.length] ?? leaf.arguments.findLast(({ isVariadic }) => isVariadic);
    return argument ? ofValue(argument) : { kind: 'any', candidates: [] };
  }
  const start = noun === null ? '' : `${noun} `;
  const below = tree.leaves
    .filter(({ path }) => path.startsWith(start) && !path.slice(start.length).includes(' '))
    .map(({ path, summary }) => ({ value: path.slice(start.length), description: summary }));
  const nouns = noun === null ? tree.nouns.map(({ name, summary }) => ({ value: name, description: summary })) : [];
  return { kind: 'word', candidates: [...nouns, ...below] };
}

import { nearNames } from './near-names.js';

/**
 * What was probably meant by words that name no command, in one sentence: near verbs of the same noun, the same verb of
 * another noun, a near noun; and the help that lists what there is. `paths` are the commands (`override set`), `words`
 * the first two of the command line, a noun by its own name.
 */
export function commandHint(words: readonly string[], paths: readonly string[]): string {
  const [first = '', second = ''] = words;
  const verbs = paths.flatMap((path) => (path.startsWith(`${first} `) ? [path.slice(first.length + 1)] : []));
  const isNoun = verbs.length > 0;
  const meant = isNoun ? verbsMeant(first, second, verbs, paths) : nounsMeant(first, second, paths);
  const see = `See: rlctl ${isNoun ? `${first} ` : ''}--help`;
  const names = meant.map((path) => `"${path}"`);
  return names.length === 0 ? see : `Did you mean ${names.join(' or ')}? ${see}`;
}

function verbsMeant(noun: string, verb: string, verbs: readonly string[], paths: readonly string[]): readonly string[] {
  const elsewhere = paths.filter((path) => path.endsWith(` ${verb}`));
  return elsewhere.length > 0 ? elsewhere : nearNames(verb, verbs).map((each) => `${noun} ${each}`);
}

function nounsMeant(noun: string, verb: string, paths: readonly string[]): readonly string[] {
  const near = nearNames(noun, new Set(paths.map((path) => path.split(' ')[0] ?? '')));
  const whole = near.map((each) => (paths.includes(`${each} ${verb}`) ? `${each} ${verb}` : each));
  return whole.length > 0 ? whole : paths.filter((path) => path.endsWith(` ${noun}`)).slice(0, 3);
}

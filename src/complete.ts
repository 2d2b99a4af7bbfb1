import { guardProcessStreams, processHost } from './adapters/system/host.js';
import { readBashLine } from './domain/completion/bash-line.js';
import { wantedAt, type Candidate, type TypedLine, type Wanted } from './domain/completion/candidates.js';
import type { CommandTree } from './domain/completion/command-tree.js';
import { shells, type Shell } from './domain/completion/shells.js';
import type { Host } from './ports/host.js';
import { encodeAnswer, encodeForBash, type Answer } from './ui/completion-answer.js';
import { createRedactor, type Redactor } from './ui/redactor.js';

// The hidden command behind TAB, `rlctl __complete`, an entry of its own: words that the command tree knows are answered from
// plain data, before the command-line parser or any command is loaded.

/** More than this nobody reads; then only what starts with the typed word is handed over, and no more than this. */
const mostCandidates = 1000;

/** Whatever hangs, and wherever: then there are no names. */
const longestWaitMs = 1500;

interface World {
  readonly host: Host;
  readonly redactor: Redactor;
}

/**
 * Answers one TAB in the real process. Silent whatever happens: a failure is no candidates, and the exit code is 0.
 * `argv` is what follows `__complete`, see `completionFor`.
 */
export async function startCompletion(argv: readonly string[], tree: CommandTree): Promise<void> {
  // The Redis library would print every command with its arguments, passwords included.
  delete process.env['DEBUG'];
  const redactor = createRedactor();
  guardProcessStreams(redactor);
  const host = processHost();
  await host.stdout.write(await completionFor(argv, { host, redactor }, tree)).catch(() => undefined);
  // The answer has been taken. A look-up that still hangs somewhere must not keep the shell waiting.
  host.leave(0);
}

/**
 * The answer to `[SHELL] -- WORDS…`: the words behind the program's name, the last one being the word at the cursor as far as
 * it is typed (empty for a new one). Two shells cannot hand over words and give one text instead: bash the line up to the
 * cursor, its word breaks before the `--`; PowerShell base64 of the words, joined by NUL. Never throws.
 */
export async function completionFor(argv: readonly string[], world: World, tree: CommandTree): Promise<string> {
  const dashes = argv.indexOf('--');
  const [named = '', wordBreaks = ''] = argv.slice(0, Math.max(0, dashes));
  const shell = shells.find((each) => each === named) ?? null;
  const words = argv.slice(dashes + 1);
  if (shell !== 'bash') return encodeAnswer(await answerTo(typedLine(shell, words), shell, world, tree), shell);
  const line = readBashLine(words[0] ?? '', wordBreaks);
  const answer: Answer = line.isRedirection ? { kind: 'file' } : await answerTo(line, shell, world, tree);
  return encodeForBash(answer, line);
}

function typedLine(shell: Shell | null, given: readonly string[]): TypedLine {
  const words =
    shell === 'powershell'
      ? Buffer.from(given[0] ?? '', 'base64')
          .toString('utf8')
          .split('\0')
      : given;
  return { words: words.slice(0, -1), current: words.at(-1) ?? '' };
}

async function answerTo(line: TypedLine, shell: Shell | null, world: World, tree: CommandTree): Promise<Answer> {
  const wanted = wantedAt(tree, line);
  if (wanted.kind === 'file') return { kind: 'file' };
  const candidates = (await lookedUp(wanted, world))
    .filter(({ value }) => isPossible(value) && (wanted.mayStartWithDash || !value.startsWith('-')))
    .map(({ value, description }) => ({ value: wanted.prefix + value, description }));
  // zsh and fish choose by rules of their own, which may be more generous than the beginning of the word.
  const isChosenByShell = (shell === 'zsh' || shell === 'fish') && candidates.length <= mostCandidates;
  const fitting = isChosenByShell ? candidates : candidates.filter(({ value }) => value.startsWith(line.current));
  return { kind: 'word', candidates: fitting.slice(0, mostCandidates) };
}

/** A word that a command line can carry: not empty, no NUL, no half surrogate. */
function isPossible(value: string): boolean {
  return value !== '' && !value.includes('\0') && !/\p{Surrogate}/u.test(value);
}

async function lookedUp(wanted: Wanted, world: World): Promise<readonly Candidate[]> {
  if (wanted.kind === 'word' || wanted.kind === 'any') return wanted.candidates;
  const names = import('./dynamic-names.js').then(({ dynamicNames }) => dynamicNames(wanted, world));
  const patience = new Promise<readonly Candidate[]>((resolve) => {
    setTimeout(resolve, longestWaitMs, []).unref();
  });
  return Promise.race([names, patience]).catch(() => []);
}

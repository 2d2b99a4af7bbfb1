import { missingFlags, type Need } from './demand.js';
import { shellWord } from './shell-words.js';

/** What an environment wants of every change, beside its values. */
export interface Wanting {
  readonly name: string;
  readonly isProtected: boolean;
  readonly requirements: readonly Need[];
}

/** What a command takes of what its environment wants. */
export interface Taking {
  /** How many words that are no flags it takes at most: what follows them in a sentence is no part of it. */
  readonly words: number;
  /** What it wants of the author's words; empty: none of it, or it knows them already. */
  readonly needs: readonly Need[];
  /** A flag without which it only reads, or was confirmed already; absent: it always writes. */
  readonly onlyWith?: string;
}

const author: readonly Need[] = ['reason', 'ticket'];
const authorAndEnd: readonly Need[] = ['reason', 'ticket', 'end'];

/**
 * By path, every command that takes --confirm, --reason or --ticket; `null`: nothing is asked of it, or the environment
 * that it changes is one of its words.
 */
export const taken: Readonly<Record<string, Taking | null>> = {
  reload: { words: 0, needs: [] },
  verify: { words: Infinity, needs: [], onlyWith: '--reload' },
  doctor: { words: 0, needs: [], onlyWith: '--reload' },
  'override set': { words: 1, needs: authorAndEnd },
  'override unset': { words: 1, needs: author },
  'override edit': { words: 1, needs: authorAndEnd },
  'override plan': null,
  'override apply': { words: 0, needs: authorAndEnd },
  'override sync': { words: 0, needs: authorAndEnd },
  'override undo': { words: 0, needs: author },
  'override expire': null,
  'override repair': { words: 0, needs: author },
  'shadow on': { words: 1, needs: authorAndEnd },
  'shadow off': { words: 1, needs: author },
  'env promote': null,
  'idem clear': { words: 1, needs: [] },
  'lock clear': { words: 2, needs: [] },
  'runbook run': { words: 1, needs: author },
  'runbook resume': { words: 1, needs: [] },
  'panic global': { words: 0, needs: author },
  'panic bucket': { words: 1, needs: author },
  'panic route': { words: 1, needs: author },
  'panic restore': { words: 1, needs: author },
  'incident start': null,
  'incident note': null,
  'incident end': { words: 0, needs: ['ticket'] },
  'rollout start': { words: 1, needs: author },
  'rollout promote': { words: 0, needs: [] },
  'rollout resume': { words: 0, needs: [], onlyWith: '--auto' },
  'rollout pause': null,
  'rollout abort': { words: 0, needs: [] },
  'rollout undo': { words: 0, needs: [] },
};

/** The flags of these commands that are followed by no value. */
export const bareFlags: ReadonlySet<string> = new Set(
  [
    '--all --adopt --allow-unsafe --auto --detach --dry-run --fix --force --include-others --keep',
    '--leave --no-notify --no-reload --no-shadow --no-verify --permanent --print-request --prune',
    '--reload --restore --resume --shadow --skip-rest --take-over --undo --yes -y',
  ].flatMap((line) => line.split(' ')),
);

/** With one of these a command writes nothing, or nothing that anything is wanted of. */
const unasked = new Set(['--dry-run', '--print-request', '--keep']);

/** The flags that answer a need. */
const answers: Readonly<Record<Need, readonly string[]>> = {
  reason: ['--reason'],
  ticket: ['--ticket'],
  end: ['--for', '--until', '--permanent'],
};

const place = String.raw`(?:-e (?<environment>'[^']*'|[^\s']+) )?(?:--config (?:'[^']*'|[^\s'])+ )?`;
const longestFirst = Object.keys(taken).sort((a, b) => b.length - a.length);
const commandPattern = new RegExp(String.raw`\brlctl ${place}(?<path>${longestFirst.join('|')})(?![\w|-])`, 'g');
/** A word as a shell takes it; what closes a sentence or its part behind it is none of it. */
const wordPattern = /^ ((?:"[^"]*"|(?:\\.|'[^']*'|[^\s"'()\\])+?))(?=[.,;:]*(?:[\s"'()]|$))/;

/**
 * A sentence of rlctl's own with every command in it completed by what this environment wants of it:
 * `rlctl -e prod panic restore ID` → `rlctl -e prod panic restore ID --reason TEXT --confirm prod`. What a command says
 * already is not said twice; one that names another environment stays as it is.
 */
export function withWanted(sentence: string, wanting: Wanting): string {
  const parts: string[] = [];
  let end = 0;
  for (const match of sentence.matchAll(commandPattern)) {
    const { path = '', environment } = match.groups ?? {};
    const takes = taken[path];
    // One that stands within the words of another is what a route or a reason is called.
    if (takes === null || takes === undefined || match.index < end) continue;
    const behind = match.index + match[0].length;
    const { flags, length } = rest(sentence.slice(behind), takes.words);
    const isElsewhere = environment !== undefined && environment !== shellWord(wanting.name);
    const added = isElsewhere ? [] : flagsFor(takes, wanting, flags);
    parts.push([sentence.slice(end, behind + length), ...added].join(' '));
    end = behind + length;
  }
  return [...parts, sentence.slice(end)].join('');
}

/** How far a command goes on behind its path, and which flags it holds. */
function rest(text: string, most: number): { readonly flags: ReadonlySet<string>; readonly length: number } {
  const flags = new Set<string>();
  let length = 0;
  let words = 0;
  let isValue = false;
  for (;;) {
    const word = wordPattern.exec(text.slice(length))?.[1];
    if (word === undefined) break;
    const isFlag: boolean = !isValue && /^--?[a-z]/.test(word);
    const isArgument = !isValue && !isFlag && word !== '…';
    if (isArgument && (words += 1) > most) break;
    if (isFlag) flags.add(word.split('=')[0] ?? word);
    isValue = isFlag && !word.includes('=') && !bareFlags.has(word);
    length += 1 + word.length;
  }
  return { flags, length };
}

function flagsFor(
  { needs, onlyWith }: Taking,
  { name, isProtected, requirements }: Wanting,
  given: ReadonlySet<string>,
): readonly string[] {
  const isAsked = onlyWith === undefined || given.has(onlyWith);
  if (!isAsked || [...unasked].some((flag) => given.has(flag))) return [];
  // A plan carries what was said when it was made.
  const wanted = requirements.filter(
    (need) =>
      needs.includes(need) &&
      !answers[need].some((flag) => given.has(flag)) &&
      (need === 'end' || !given.has('--plan')),
  );
  const flags = isProtected && !given.has('--confirm') ? [`--confirm ${shellWord(name)}`] : [];
  return missingFlags([{ needs: wanted, flags }]);
}

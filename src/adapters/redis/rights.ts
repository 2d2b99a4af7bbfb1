import type { RightFacts } from '../../ports/redis-inspector.js';
import type { DocumentKeys } from './attempt.js';
import type { Budget } from './budget.js';
import type { RedisLink } from './link.js';
import type { CommandWords, Reply, ReplyValue } from './link-types.js';

/** What the user may do, and how that was found out. */
export interface Rights {
  readonly rights: readonly RightFacts[];
  readonly source: string;
}

/** Every command that reading and changing send, on the keys that it is sent for. */
function neededCommands({ document, history, metadata }: DocumentKeys): readonly CommandWords[] {
  return [
    ['TYPE', document],
    ['STRLEN', document],
    ['GETRANGE', document, '0', '1'],
    ['PTTL', document],
    ['XREVRANGE', history, '+', '-'],
    ['XRANGE', history, '-', '+'],
    ['GETRANGE', metadata, '0', '1'],
    ['TIME'],
    ['GET', document],
    ['GET', metadata],
    ['SET', document, '{}', 'KEEPTTL'],
    ['SET', metadata, '{}', 'KEEPTTL'],
    ['XADD', history, '*', 'kind', 'change'],
    ['XDEL', history, '0-1'],
    ['EVAL', 'return 1', '3', document, history, metadata],
    ['WATCH', document, history, metadata],
    ['MULTI'],
    ['EXEC'],
  ];
}

/**
 * Asks the server what a user may do: by ACL DRYRUN, which tries a command without running it (from Redis 7 on), else from
 * the user's own rules. Nothing is written to find out. `null`: this user may not ask.
 */
export async function askRights(
  link: RedisLink,
  keys: DocumentKeys,
  user: string,
  budget: Budget,
): Promise<Rights | null> {
  const needed = neededCommands(keys);
  const tries = await link.run(
    needed.map((command): CommandWords => ['ACL', 'DRYRUN', user, ...command]),
    budget,
  );
  if (tries.every((reply) => reply.kind === 'value')) {
    return { source: 'ACL DRYRUN', rights: needed.map((command, index) => triedRight(command, tries[index])) };
  }
  const [rules] = await link.run([['ACL', 'GETUSER', user]], budget);
  const fields = rules?.kind === 'value' ? fieldsOf(rules.value) : null;
  const commands = fields?.get('commands');
  if (fields === null || commands === undefined) return null;
  return { source: 'ACL GETUSER', rights: needed.map((command) => ruledRight(command, commands)) };
}

/** DRYRUN answers OK, or in words why not: about a key where it names one. */
function triedRight(command: CommandWords, reply: Reply | undefined): RightFacts {
  const said = reply?.kind === 'value' ? String(reply.value) : '';
  const [name, first] = command;
  const isAllowed = said === 'OK';
  const named = /'([^']*)' key/.exec(said)?.[1] ?? (/\bkeys?\b/.test(said) && typeof first === 'string' ? first : null);
  return { command: name, key: isAllowed ? null : named, isAllowed };
}

function fieldsOf(value: ReplyValue): ReadonlyMap<string, string> {
  const parts = Array.isArray(value) ? (value as readonly ReplyValue[]) : [];
  const texts = parts.map((part) => (Array.isArray(part) ? (part as readonly ReplyValue[]).join(' ') : String(part)));
  return new Map(texts.flatMap((text, index) => (index % 2 === 0 ? [[text, texts[index + 1] ?? ''] as const] : [])));
}

/** The rules in their order, the last one that is about this command counts. What a category holds is not known here. */
function ruledRight([name]: CommandWords, rules: string): RightFacts {
  const about = rules.split(' ').filter((rule) => /^[+-]@all$/.test(rule) || rule.slice(1) === name.toLowerCase());
  const hasCategories = /[+]@(?!all\b)/.test(rules);
  return { command: name, key: null, isAllowed: about.at(-1)?.startsWith('+') === true || hasCategories };
}

import type { Found } from '../../domain/doctor/report.js';
import { quoteOutside } from '../../domain/outside-text.js';
import type { RightFacts } from '../../ports/redis-inspector.js';
import { NotChecked, type Answer, type Facts } from './facts.js';
import { redisCli } from '../../domain/redis-cli.js';

/** Reads the history from its beginning, which nothing but trimming and the audit does. */
const auditCommand = 'XRANGE';
const readCommands = new Set(['TYPE', 'STRLEN', 'GETRANGE', 'PTTL', 'XREVRANGE', 'TIME']);

/** What a change needs is EVAL, or else WATCH, MULTI and EXEC. Nothing is written to find out. */
export async function checkRights(facts: Facts): Promise<Answer> {
  const seen = await facts.restsOn(facts.redis(), 'redis.reachable');
  const { rights, rightsSource, refusedReads, user, server, keys } = seen;
  const denied = (rights ?? []).filter(({ isAllowed }) => !isAllowed);
  const cannotRead = distinct([...refusedReads, ...denied.filter(({ command }) => readCommands.has(command))]);
  const cannotChange = distinct(neededForChange(denied));
  const evidence = `user ${user}: ${rights === null ? 'not permitted to ask what it may do' : `by ${rightsSource}`}`;
  const grant = (missing: readonly RightFacts[]): string => {
    const patterns = [...new Set(missing.some(({ key }) => key !== null) ? keys.map(({ key }) => `~${key}`) : [])];
    const names = missing.map(({ command }) => `+${command.toLowerCase()}`);
    const administrator = { ...seen, hasPassword: false };
    return `As an administrator: ${redisCli(administrator, 'ACL', 'SETUSER', user, ...patterns, ...new Set(names))}`;
  };
  const finding = (code: string, what: string, missing: readonly RightFacts[]): Found => ({
    code,
    part: server,
    message: `the user "${user}" ${what}: it may not run ${missing.map(rightText).join(', ')}`,
    evidence,
    cure: grant(missing),
  });
  if (cannotRead.length > 0)
    return { evidence, found: [finding('REDIS_CANNOT_READ', 'cannot read overrides', cannotRead)] };
  if (rights === null) throw new NotChecked(`reading works; ${evidence.replace(/^.*: /, '')}`);
  const cannotAudit = distinct(denied.filter(({ command }) => command === auditCommand));
  const found = [
    ...(cannotChange.length > 0 ? [finding('REDIS_CANNOT_CHANGE', 'cannot change overrides', cannotChange)] : []),
    ...(cannotAudit.length > 0
      ? [finding('REDIS_CANNOT_AUDIT', 'cannot verify or export the history, or trim it exactly', cannotAudit)]
      : []),
  ];
  return { evidence, found };
}

/** Without EVAL a transaction does; with it nobody needs one. */
function neededForChange(denied: readonly RightFacts[]): readonly RightFacts[] {
  const isDenied = (command: string): boolean => denied.some((each) => each.command === command);
  const transaction = ['WATCH', 'MULTI', 'EXEC'];
  const hasTransaction = !transaction.some(isDenied);
  return denied.filter(({ command }) => {
    if (transaction.includes(command) || command === auditCommand) return false;
    return command !== 'EVAL' || !hasTransaction;
  });
}

function distinct(rights: readonly RightFacts[]): readonly RightFacts[] {
  return [...new Map(rights.map((each) => [rightText(each), each])).values()];
}

function rightText({ command, key }: RightFacts): string {
  return key === null ? command : `${command} on ${quoteOutside(key, 60)}`;
}

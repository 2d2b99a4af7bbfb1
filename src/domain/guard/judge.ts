import { needFlags } from '../demand.js';
import { canEnd, isPastFreeze } from './commands.js';
import { frozenUntil, momentInWords } from './freeze.js';
import { judgeBounds, judgeFactors, judgeNever, judgeNeverFlag, unsaid, type Judged } from './judge-values.js';
import { isUnscoped, type GuardRule } from './rule.js';
import { flagsInScope, routesInScope, type GuardedRoute, type GuardSituation } from './situation.js';
import type { GuardVerdict, Violation } from './verdict.js';

/**
 * What every rule says that is about a change, in the order of the configuration; a rule that is not about it says nothing.
 * All limits of all rules are judged, so that nobody is refused twice. Pure: the time is part of the situation.
 */
export function judgeGuards(rules: readonly GuardRule[], situation: GuardSituation): readonly GuardVerdict[] {
  return rules.filter((rule) => isAbout(rule, situation)).map((rule) => judgeRule(rule, situation));
}

/**
 * A reload changes no override: a rule of some buckets or routes is about it only where it names the command, because
 * what it makes take hold may be anything.
 */
function isAbout(rule: GuardRule, { command, routes, flags, isReloadOnly }: GuardSituation): boolean {
  const isNamed = rule.commands?.includes(command);
  if (isNamed === false) return false;
  if (isReloadOnly) return isNamed === true || isUnscoped(rule);
  if (isUnscoped(rule)) return true;
  return routesInScope(rule, routes).length > 0 || flagsInScope(rule, flags).length > 0;
}

function judgeRule(rule: GuardRule, situation: GuardSituation): GuardVerdict {
  const whole = [...deniedBy(rule, situation), ...frozenBy(rule, situation)];
  if (situation.isReloadOnly) return { rule, violations: whole, unjudged: [], standing: [] };
  const routes = routesInScope(rule, situation.routes);
  const judged: readonly Judged[] = [
    ...routes.flatMap((route) => [judgeBounds(rule, route), judgeFactors(rule, route), judgeNever(rule, route)]),
    ...flagsInScope(rule, situation.flags).map((flag) => judgeNeverFlag(rule, flag)),
  ];
  return {
    rule,
    violations: [...whole, ...missingBy(rule, situation, routes), ...judged.flatMap(({ violations }) => violations)],
    unjudged: judged.flatMap(({ unjudged }) => unjudged),
    standing: judged.flatMap(({ standing }) => standing),
  };
}

function deniedBy({ isDenied, only }: GuardRule, { command }: GuardSituation): readonly Violation[] {
  const cure = 'do it where the configuration allows it, or change the rule';
  if (isDenied) return [{ ...unsaid, limit: 'deny', text: `"${command}" is not allowed here`, cure }];
  if (only === null || only.includes(command)) return [];
  return [{ ...unsaid, limit: 'only', text: `"${command}" is not allowed here, only ${only.join(', ')}`, cure }];
}

/** A sentence for each rule whose freeze holds now and does not hold for the command, because it is an emergency. */
export function passedFreezes(rules: readonly GuardRule[], situation: GuardSituation): readonly string[] {
  if (!isPastFreeze(situation.command)) return [];
  return rules.flatMap((rule) => {
    const found = isAbout(rule, situation) ? frozenUntil(rule.freeze, situation.nowMs) : null;
    if (found === null) return [];
    const until = momentInWords(found.untilMs, found.window.zone);
    return [`the freeze of "${rule.name}" (until ${until}) does not hold for a panic`];
  });
}

function frozenBy({ freeze }: GuardRule, { nowMs, command }: GuardSituation): readonly Violation[] {
  if (isPastFreeze(command)) return [];
  const found = frozenUntil(freeze, nowMs);
  if (found === null) return [];
  const { untilMs, window } = found;
  const until = momentInWords(untilMs, window.zone);
  const text = `frozen from ${window.words}, until ${until}`;
  return [{ ...unsaid, limit: 'freeze', untilMs, text, cure: `wait until ${until}` }];
}

function missingBy(
  { requirements }: GuardRule,
  { given, command }: GuardSituation,
  routes: readonly GuardedRoute[],
): readonly Violation[] {
  // What only goes away, or is set outside the document, has no end that could be given.
  const isLasting = canEnd(command) && routes.some(({ isOwn, winner, route }) => isOwn && winner === route);
  const missing = requirements.filter((each) => !given.has(each) && (each !== 'end' || isLasting));
  return missing.map((each) => ({
    ...unsaid,
    limit: 'require',
    requirement: each,
    text: `${each === 'end' ? 'an' : 'a'} ${each} is missing`,
    cure: `add ${needFlags[each]}`,
  }));
}

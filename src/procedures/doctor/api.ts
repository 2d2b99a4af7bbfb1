import { settingSentence } from '../../domain/config/setting-cure.js';
import { onlyAsked, type CheckId } from '../../domain/doctor/checks.js';
import type { Found } from '../../domain/doctor/report.js';
import type { RlctlError } from '../../domain/errors.js';
import { formatDuration } from '../../domain/duration.js';
import { quoteOutside } from '../../domain/outside-text.js';
import { refusalError } from '../../domain/refusal.js';
import { assertReloadable } from '../reload/safely.js';
import type { TargetReload } from '../reload/send.js';
import { siteModeError } from '../reload/walk.js';
import { limiterOffHint } from '../status/force-findings.js';
import { isUnwell, whatItSays } from '../status/findings.js';
import { refusalOf, type TargetFacts } from './ask-target.js';
import { NotChecked, foundError, well, type Answer, type Facts } from './facts.js';

/** Failures that a check of the network tells better. */
const toldByNetwork: Readonly<Record<string, CheckId>> = {
  API_DNS: 'network.dns',
  API_TLS: 'network.tls',
  API_INSECURE: 'network.plain',
};

/** Whether anything answers at all; what it answers is for the others. */
export async function checkReachable(facts: Facts): Promise<Answer> {
  const { environment } = facts;
  if (!facts.hasApi) {
    const cure = 'Set environments.NAME.api in rlctl.yaml, or RLCTL_API.';
    const message = `the environment "${environment.name}" has no API address: nothing can be reloaded or proven`;
    const evidence = 'api is not set';
    return { evidence, found: [{ code: 'NO_API', part: 'api', message, evidence, cure }] };
  }
  const all = await facts.targets();
  const failed = all.flatMap((each) => {
    const error = errorOf(each);
    return error === null ? [] : [{ target: each.target, error }];
  });
  const own = failed.filter(({ error }) => !isToldByNetwork(facts, error));
  if (own.length === 0 && failed.length > 0) {
    const [first] = failed;
    throw new NotChecked(`see ${toldByNetwork[first?.error.code ?? ''] ?? 'network.dns'}`);
  }
  const answered = all.filter((each) => errorOf(each) === null);
  return {
    evidence: `${answered.length} of ${all.length} answer${
      answered.length === 0
        ? ''
        : `: ${answered
            .map(({ target }) => target)
            .slice(0, 3)
            .join(', ')}`
    }`,
    found: own.map(({ target, error }) => foundError(error, target)),
  };
}

function isToldByNetwork(facts: Facts, { code }: RlctlError): boolean {
  const id = toldByNetwork[code];
  return id !== undefined && facts.isSelected(id);
}

/** Why no answer came; `null`: one did. */
function errorOf({ policy }: TargetFacts): RlctlError | null {
  return 'error' in policy ? policy.error : null;
}

/** The addresses that answered; not checked where none did. */
async function answering(facts: Facts): Promise<readonly TargetFacts[]> {
  const all = await facts.restsOn(facts.targets(), 'api.reachable');
  const answered = all.filter((each) => 'answer' in each.policy);
  if (answered.length === 0) throw new NotChecked('no address answers');
  return answered;
}

/** The path of the internal endpoints, and whatever stands in front of them. */
export async function checkPaths(facts: Facts): Promise<Answer> {
  const { environment } = facts;
  const all = await answering(facts);
  const found = all.flatMap((each): Found[] => {
    const refusal = refusalOf(each.policy);
    if (refusal === null || refusal.cause === 'generalLimiter') return [];
    const found = foundError(refusalError(refusal, `${each.target} was asked for a policy`), each.target);
    const isSet = refusal.cause === 'wrongPath' && (environment.sources.get('basePath') ?? 'default') !== 'default';
    const cure = `${settingSentence(environment, 'basePath', 'PATH')}; usual are /internal and /api/v1/internal`;
    return [isSet ? { ...found, cure } : found];
  });
  const paths = all.filter(({ policy }) => refusalOf(policy) === null).map(({ basePath }) => basePath);
  return { evidence: [...new Set(paths)].join(', ') || 'no policy was answered', found };
}

/** Whether this is the site that the environment means. */
export async function checkSiteMode(facts: Facts): Promise<Answer> {
  const { environment } = facts;
  const all = await answering(facts);
  const said = all.map(({ target, policy }) => ({ target, mode: 'answer' in policy ? policy.answer.siteMode : null }));
  const modes = [...new Set(said.flatMap(({ mode }) => mode ?? []))].map((mode) => quoteOutside(mode, 40));
  if (environment.siteMode !== null) return checkConfigured(facts, all);
  if (modes.length === 0) return well('no X-Site-Mode is sent');
  const evidence = `X-Site-Mode: ${modes.join(', ')}`;
  const [first = ''] = modes;
  const cure = `Set siteMode: ${modes.length === 1 ? first : 'MODE'} in environments.${environment.name} of rlctl.yaml`;
  const suspect = isOther(environment.name, first);
  const message = suspect
    ? `the environment is called "${environment.name}", and the server says that it is "${first}"`
    : `the server says that it is "${first}", and nothing checks that before a write`;
  const code = suspect ? 'SITE_MODE_SUSPECT' : 'SITE_MODE_UNCHECKED';
  return { evidence, found: [{ code, part: said[0]?.target ?? 'api', message, evidence, cure }] };
}

/** What is configured is not checked where no server says which site it is: that is told, and never taken for well. */
function checkConfigured({ environment }: Facts, all: readonly TargetFacts[]): Answer {
  const modes = all.flatMap(({ policy }) => ('answer' in policy ? (policy.answer.siteMode ?? []) : []));
  const evidence =
    modes.length === 0
      ? 'no X-Site-Mode is sent'
      : `X-Site-Mode: ${[...new Set(modes)].map((mode) => quoteOutside(mode, 40)).join(', ')}`;
  const wrong = wrongSites(environment, all).map((each): Found => ({ ...each, evidence, cure: wrongSiteCure }));
  const own = all.filter(({ policy }) => refusalOf(policy) === null);
  const silent = own.filter(({ policy }) => 'answer' in policy && policy.answer.siteMode === null);
  if (own.length === 0 && modes.length === 0) throw new NotChecked('no policy was answered, which would tell');
  if (silent.length === 0) return { evidence, found: wrong };
  const who = silent.length === all.length ? 'the server does' : `${silent.length} of ${all.length} addresses do`;
  const message = `siteMode is "${environment.siteMode}", and ${who} not say which site it is: nothing can check it before a write`;
  const cure =
    'Let the server send X-Site-Mode; where it cannot, check api of this environment yourself: rlctl env show';
  const part = silent[0]?.target ?? 'api';
  return { evidence, found: [...wrong, { code: 'SITE_MODE_UNSAID', part, message, evidence, cure }] };
}

function wrongSites(environment: Facts['environment'], all: readonly TargetFacts[]): readonly Found[] {
  return all.flatMap(({ target, policy }) => {
    const error = 'answer' in policy ? siteModeError(environment, target, policy.answer) : null;
    return error === null ? [] : [foundError(error, target)];
  });
}

const wrongSiteCure = 'Check api and siteMode of this environment (rlctl env show), or choose another one with -e NAME';

const production = /^prod/i;
const others = /^(preview|stag|test|dev|sandbox|local)/i;

/** One is production by its name, and the other something else by its. */
function isOther(name: string, mode: string): boolean {
  return (production.test(name) && others.test(mode)) || (others.test(name) && production.test(mode));
}

/** Behind a limiter that counts the operator's own questions, a proof has to wait in the worst moment. */
export async function checkLimiter(facts: Facts): Promise<Answer> {
  const all = await answering(facts);
  const found: Found[] = [];
  for (const { target, policy, headers } of all) {
    const refusal = refusalOf(policy);
    const answer = 'answer' in headers ? headers.answer : null;
    const limit = answer?.limit ?? null;
    const counts = `X-RateLimit-Limit ${limit ?? '-'}, -Remaining ${answer?.remaining ?? '-'} on the policy endpoint`;
    if (refusal?.cause === 'generalLimiter' || answer?.status === 429) {
      const seconds = refusal?.retryAfterSeconds ?? answer?.retryAfterSeconds ?? null;
      const wait = seconds === null ? '' : ` for ${formatDuration(seconds * 1000)}`;
      found.push({
        code: 'API_RATE_LIMITED',
        part: target,
        message: `a general limiter in front of ${target} refuses the operator's own requests${wait} (429)`,
        evidence: refusal?.message ?? 'answered 429 to the second request',
        cure: 'Exempt the internal endpoints from it, or wait and give --timeout more time.',
      });
    } else if (limit !== null) {
      const isClose = (answer?.remaining ?? limit) < Math.min(40, limit / 2);
      found.push({
        code: isClose ? 'LIMITER_CLOSE' : 'LIMITER_COUNTS',
        part: target,
        message: `a general limiter counts the requests to the internal endpoints of ${target}${isClose ? ', and little is left for a proof' : ''}`,
        evidence: counts,
        cure: 'Exempt the internal endpoints from it.',
      });
    }
  }
  return { evidence: found[0]?.evidence ?? 'the internal endpoints are not counted', found };
}

const driftMs = 5000;
/** The window within which a timestamped signature is accepted, to either side. */
const windowMs = 300_000;

/** The Date header counts whole seconds, and the answer has travelled: only what lies outside of both is a difference. */
export async function checkClock(facts: Facts): Promise<Answer> {
  const all = await answering(facts);
  const found: Found[] = [];
  const seen: string[] = [];
  for (const { target, policy, sentMs, receivedMs } of all) {
    const serverMs = 'answer' in policy ? policy.answer.serverTimeMs : null;
    if (serverMs === null) continue;
    const skew = serverMs > receivedMs ? serverMs - receivedMs : Math.min(0, serverMs + 1000 - sentMs);
    const evidence = `${target}: Date ${new Date(serverMs).toISOString()}, here ${new Date(receivedMs).toISOString()}`;
    seen.push(evidence);
    if (Math.abs(skew) <= driftMs) continue;
    const how = `this clock is ${formatDuration(Math.abs(skew))} ${skew > 0 ? 'behind' : 'ahead of'} that of ${target}`;
    const isOutside = Math.abs(skew) > windowMs;
    found.push({
      code: isOutside ? 'CLOCK_SKEW' : 'CLOCK_DRIFT',
      part: target,
      message: isOutside
        ? `${how}: every timestamped signature is refused (more than ${formatDuration(windowMs)})`
        : how,
      evidence,
      cure: 'Set the clock that is wrong: timedatectl set-ntp true (see both with: date -u)',
    });
  }
  return { evidence: seen[0] ?? 'no Date header', found };
}

/** What the bodies of the health endpoints say; their HTTP status says less. */
export async function checkHealth(facts: Facts): Promise<Answer> {
  const all = await answering(facts);
  const found: Found[] = [];
  const seen: string[] = [];
  for (const { target, policy, health } of all) {
    for (const [check, told] of Object.entries(health)) {
      const path = `${target}/health/${check}`;
      const refusal = refusalOf(told);
      if ('error' in told) {
        if (!found.some(({ message }) => message === told.error.message)) found.push(foundError(told.error, path));
      } else if (refusal !== null && refusalOf(policy) === null && refusal.cause !== 'generalLimiter') {
        found.push(foundError(refusalError(refusal, path), path));
      } else if (told.answer.kind === 'health') {
        const { health: report } = told.answer;
        seen.push(`${check} ${quoteOutside(report.said, 20)}`);
        if (!isUnwell(report)) continue;
        const says = whatItSays(report);
        if (found.some(({ evidence }) => evidence === says)) continue;
        found.push({
          code: report.status === 'degraded' ? 'DEGRADED' : 'UNHEALTHY',
          part: path,
          message: `${path}: ${says}`,
          evidence: says,
          cure: `Look at what the component depends on, and at the log of the server: curl -s ${path}`,
        });
      }
    }
  }
  return { evidence: seen.join(', ') || 'there are no health endpoints', found };
}

/** A real reload, where it is asked for: the only way to learn what becomes of one. */
export async function checkReload(facts: Facts): Promise<Answer> {
  const { environment, ports } = facts;
  if (!facts.hasApi) throw new NotChecked('no API is configured');
  if (ports.reload === null) throw new NotChecked(onlyAsked);
  await assertHarmless(facts, await answering(facts));
  const sent = await ports.reload(environment, ports.deadline);
  const found = sent.flatMap((each): Found[] => {
    if (each.error !== null) return [foundError(each.error, each.target)];
    return each.report?.isEnabled === false ? [switchedOff(each)] : [];
  });
  const accepted = sent.filter(({ outcome }) => outcome === 'accepted');
  const how = [...new Set(accepted.map(({ profile }) => profile ?? ''))].join(', ');
  return {
    evidence: `${accepted.length} of ${sent.length} accepted it${how === '' ? '' : ` (${how} signature)`}`,
    found,
  };
}

/** A reload makes a server drop every override where the document cannot be read, and belongs to one site only. */
async function assertHarmless(facts: Facts, all: readonly TargetFacts[]): Promise<void> {
  await facts.restsOn(facts.ports.secret(facts.environment), 'configuration.secret');
  if (facts.environment.redis !== null && facts.environment.namespace !== null) {
    const stored = await facts.restsOn(facts.stored(), 'document.readable');
    await facts.restsOn(
      Promise.resolve().then(() => assertReloadable(stored, facts.input.lastRevision, '')),
      stored.type === 'string' || stored.type === 'none' ? 'document.readable' : 'redis.types',
    );
  }
  if (wrongSites(facts.environment, all).length > 0) throw new NotChecked('see api.site-mode');
}

function switchedOff({ target }: TargetReload): Found {
  return {
    code: 'LIMITER_OFF',
    part: target,
    message: `${target} answers that its limiter is switched off: nothing is limited`,
    evidence: 'enabled: false in the answer to the reload',
    cure: limiterOffHint,
  };
}

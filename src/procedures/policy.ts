import { parseOrigin } from '../domain/api-endpoint.js';
import type { Environment } from '../domain/config/environment.js';
import { baseRoute } from '../domain/policy/base-route.js';
import type { Policy, PolicyAnswer } from '../domain/control-plane.js';
import { explainRoute, type Explanation } from '../domain/policy/explain.js';
import { effectivePolicy, loadOverrides, matchOverride, type LoadedOverrides } from '../domain/policy/matching.js';
import { underRoute, type UnderRoute } from '../domain/policy/under-route.js';
import { refusalError } from '../domain/refusal.js';
import type { PolicyResult } from '../ports/control-plane.js';
import type { StoredOverrides } from '../ports/override-store.js';
import type { EffectPorts } from './effect.js';
import { askEach, type Alike, type EachAnswer } from './ask-each.js';
import { flagsUnder, worstFlags, type FlagsSaid } from './flags-under.js';
import { readable, type StorePorts } from './override/plan.js';

export interface PolicyQuestion {
  readonly route: string;
  readonly method: string;
  readonly bucket: string;
  readonly targets: readonly string[];
  readonly basePaths: readonly string[];
}

/** One field of a policy on both sides. */
export interface PolicyField {
  readonly name: 'ratePerMin' | 'burst' | 'windowSeconds' | 'isShadow';
  readonly server: number | boolean;
  /** `null`: the model cannot know it, because the bucket's own policy is not known. */
  readonly expected: number | boolean | null;
}

/** The server's policy for a route beside the one that follows from the stored overrides. */
export interface PolicyCheck {
  readonly question: PolicyQuestion;
  readonly server: PolicyAnswer;
  /** The bucket's own policy as this server states it; `null`: every route meets an override. */
  readonly base: Policy | null;
  readonly explanation: Explanation;
  readonly fields: readonly PolicyField[];
  readonly isSame: boolean;
  /** True: there is no document, so that a reload would make the server drop whatever it holds. */
  readonly isNothingStored: boolean;
  /** What lies under the route and may be decided otherwise. */
  readonly under: UnderRoute;
  /** What the server says of the buckets there; asked only where the route itself is in shadow. */
  readonly flags: FlagsSaid;
}

export type PolicyPorts = Pick<EffectPorts, 'controlPlane' | 'randomness' | 'deadline'> & Pick<StorePorts, 'store'>;

/**
 * Asks the server for a route's policy and compares it with what the stored overrides mean. Changes nothing. Throws a
 * guard (6) where the stored document is not what a server can read: it means nothing then, and a reload would drop
 * every override.
 */
export async function checkPolicy(
  ports: PolicyPorts,
  question: PolicyQuestion,
  environment: Pick<Environment, 'buckets'>,
): Promise<PolicyCheck> {
  const {
    stored,
    server,
    basePath,
    baseRoute: route,
    base,
    explanation,
    fields,
    isSame,
  } = await lookUp(ports, question);
  assertMeaning(stored);
  const under = underRoute(loadOverrides(stored.bytes), environment, question);
  const place = { target: question.targets[0] ?? '', basePaths: [basePath], route };
  // Without a route that no override catches, nothing tells a flag.
  const flags =
    server.isShadow && base !== null
      ? await flagsUnder(ports, environment, place, { under, own: question.bucket })
      : new Map();
  const isNothingStored = stored.type === 'none';
  return { question, server, base, explanation, fields, isSame, isNothingStored, under, flags };
}

/**
 * Asks every address for a route's policy; those that show the same of it are one answer, with the worst that any of them
 * says of the buckets under it. Throws as `checkPolicy` does, and the first cause where no address answers.
 */
export async function checkPolicyOfEach(
  ports: PolicyPorts,
  question: PolicyQuestion,
  environment: Pick<Environment, 'buckets'>,
): Promise<EachAnswer<PolicyCheck>> {
  const { deadline } = ports;
  const stored = ports.store.read(deadline);
  // It is awaited by whoever asks first; where no address is asked, nobody would.
  stored.catch(() => undefined);
  const store = { ...ports.store, read: () => stored };
  const said = new Map<string, FlagsSaid>();
  const ask = async (target: string): Promise<PolicyCheck> => {
    const check = await checkPolicy({ ...ports, store }, { ...question, targets: [target] }, environment);
    said.set(target, check.flags);
    return check;
  };
  await stored.then(assertMeaning);
  const each = await askEach(deadline, question.targets, ask, ({ server, fields }) => JSON.stringify([server, fields]));
  const withWorst = ({ answer, targets }: Alike<PolicyCheck>): Alike<PolicyCheck> => {
    const flags = worstFlags(targets.flatMap((target) => said.get(target) ?? []));
    return { targets, answer: { ...answer, flags } };
  };
  const [first, ...others] = each.answers;
  return { ...each, answers: [withWorst(first), ...others.map(withWorst)] };
}

/** A document that no server can read means nothing, and a reload would drop every override. */
function assertMeaning(stored: StoredOverrides): void {
  if (loadOverrides(stored.bytes).droppedBecause !== null || isWrongType(stored)) readable(stored, false);
}

/** What follows from what is stored, and what the server says now. */
export interface LivePolicyExplanation extends Pick<PolicyCheck, 'explanation' | 'base' | 'server'> {
  readonly stored: StoredOverrides;
  /** True: as far as it is known what follows, the server says the same. */
  readonly isSame: boolean;
}

/** As `explainPolicy`, by what every address says of the bucket's own policy and of the route. */
export async function explainPolicyOfEach(
  ports: PolicyPorts,
  question: PolicyQuestion,
): Promise<EachAnswer<LivePolicyExplanation>> {
  const { deadline } = ports;
  const stored = await ports.store.read(deadline);
  if (isWrongType(stored)) readable(stored, false);
  const store = { ...ports.store, read: () => Promise.resolve(stored) };
  const ask = (target: string) => lookUp({ ...ports, store }, { ...question, targets: [target] });
  return askEach(deadline, question.targets, ask, ({ server, base }) => JSON.stringify([server, base]));
}

/**
 * Explains which stored override wins for a route, with the bucket's own policy as the server states it. A document that
 * the server drops is part of the explanation; only a key that is no string is a guard (6), as there is none then.
 */
export async function explainPolicy(ports: PolicyPorts, question: PolicyQuestion): Promise<LivePolicyExplanation> {
  const found = await lookUp(ports, question);
  if (isWrongType(found.stored)) readable(found.stored, false);
  return found;
}

async function lookUp(ports: PolicyPorts, question: PolicyQuestion) {
  const [stored, asked] = await Promise.all([ports.store.read(ports.deadline), askWithBase(ports, question)]);
  const loaded = loadOverrides(stored.bytes);
  const base = asked.base !== null && isBase(loaded, asked.baseRoute) ? asked.base : null;
  const explanation = explainRoute(loaded, question.route, {
    bucket: question.bucket,
    ...(base === null ? {} : { base }),
  });
  const fields = compare(asked.server, loaded, question.route, base);
  const isSame = fields.every((field) => field.expected === null || field.server === field.expected);
  return { ...asked, stored, base, explanation, fields, isSame };
}

function isWrongType({ type }: StoredOverrides): boolean {
  return type !== 'string' && type !== 'none';
}

/** A route that no stored override can match tells the bucket's own policy. */
function isBase(loaded: LoadedOverrides, route: string): boolean {
  return matchOverride(loaded, route) === null;
}

async function askWithBase(ports: PolicyPorts, question: PolicyQuestion) {
  const route = baseRoute(ports.randomness.hex(6));
  const server = await ask(ports, question, question.route);
  const base = await ask(ports, { ...question, basePaths: [server.basePath] }, route);
  const { policy, basePath } = server;
  return { server: policy, basePath, base: base.policy.matchedOverride ? null : base.policy, baseRoute: route };
}

async function ask(ports: PolicyPorts, question: PolicyQuestion, route: string) {
  const origin = parseOrigin(question.targets[0] ?? '');
  let last: PolicyResult | null = null;
  for (const basePath of question.basePaths) {
    const query = { route, method: question.method, bucket: question.bucket };
    last = await ports.controlPlane.policy({ origin, basePath }, query, {
      signal: ports.deadline.signal(),
      isFresh: false,
    });
    if (last.kind === 'policy') return { policy: last.policy, basePath };
    if (last.refusal.cause !== 'wrongPath') break;
  }
  if (last?.kind !== 'refused') throw new TypeError('no base path to ask');
  throw refusalError(last.refusal, `${origin} was asked for the policy of ${route}`);
}

function compare(server: Policy, loaded: LoadedOverrides, route: string, base: Policy | null): readonly PolicyField[] {
  const winner = matchOverride(loaded, route);
  const expected: Partial<Policy> = base === null ? (winner?.fields ?? {}) : effectivePolicy(base, winner);
  return (['ratePerMin', 'burst', 'windowSeconds', 'isShadow'] as const).map((name) => ({
    name,
    server: server[name],
    expected: expected[name] ?? null,
  }));
}

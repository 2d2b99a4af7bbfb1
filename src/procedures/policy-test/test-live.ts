import { RlctlError } from '../../domain/errors.js';
import type { ApiEndpoint } from '../../domain/api-endpoint.js';
import { counted } from '../../domain/counted.js';
import { loadOverrides } from '../../domain/policy/matching.js';
import { OverrideIndex } from '../../domain/policy/prefix-index.js';
import { reloadCure, type RefusedSignatures } from '../../domain/fleet/refused-signatures.js';
import { lostFinding } from '../../domain/override/document-gone.js';
import { hasUnmet, judgePolicy } from '../../domain/policy-test/judge.js';
import type { BasePolicy, PolicyTest } from '../../domain/policy-test/policy-test.js';
import { isContradicted, stateOf, type PolicyTestResult, type SideJudgement } from '../../domain/policy-test/result.js';
import { documentReasons, testDocument, unknownReason } from '../../domain/policy-test/test-document.js';
import type { Revision } from '../../domain/revision.js';
import type { PolicyQuery } from '../../ports/control-plane.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import { readable, type StorePorts } from '../override/plan.js';
import type { ProofPorts } from '../proof/policy-reader.js';
import { findEndpoints, type EndpointQuestion } from '../verify/find-endpoints.js';
import type { OnStep } from '../step.js';
import { askServer, readsEach, type ServerAnswers } from './ask-server.js';
import { readBases } from './base-policies.js';

/** A test and the bucket that guards its route. */
export interface PlacedTest {
  readonly test: PolicyTest;
  readonly bucket: string;
}

export interface LiveTestInput extends EndpointQuestion {
  readonly tests: readonly PlacedTest[];
  /** The buckets' own policies where a server does not tell them. */
  readonly bases: ReadonlyMap<string, BasePolicy>;
  readonly workers: number | null;
  /** The document of the last reload sent from here; `null`: not known. */
  readonly lastRevision: Revision | null;
  /** The addresses that refused the signature when they were last reloaded from here. */
  readonly refused: RefusedSignatures;
}

/** Tests run against an environment: what is stored, and what the servers say. */
export interface LiveTests {
  readonly results: readonly PolicyTestResult[];
  readonly stored: Pick<StoredOverrides, 'key' | 'revision' | 'type'>;
  readonly endpoints: readonly ApiEndpoint[];
  /** Reads of each question at each endpoint. */
  readonly readsEach: number;
  /** False: the servers do not say which override matched, so that only the document was asked for it. */
  readonly isMatchTold: boolean;
}

/**
 * Runs tests against the stored document and the servers; both have to agree with each. Changes nothing. Throws where no
 * server can be asked at all, where one says that it is another environment, and where the stored document is lost, or not
 * what a server can read (a guard, 6); a question that alone is not answered is the error of its test.
 */
export async function testLive(
  ports: ProofPorts & Pick<StorePorts, 'store'>,
  input: LiveTestInput,
  onStep: OnStep,
): Promise<LiveTests> {
  onStep('reading what is stored');
  const [stored, found] = await Promise.all([ports.store.read(ports.deadline), findEndpoints(ports, input)]);
  if (found.wrongSiteMode !== null) throw found.wrongSiteMode;
  const overrides = new OverrideIndex(usable(stored, input.lastRevision));
  const { endpoints, errors } = found;
  const buckets = [...new Set(input.tests.map(({ bucket }) => bucket))];
  const bases = await readBases(ports, endpoints, buckets, [overrides]);
  const questions = new Map(input.tests.map((each) => [keyOf(each), queryOf(each)]));
  onStep(`asking for the policy of ${counted(questions.size, 'route')}`);
  const answers = await askServer(ports, { ...input, endpoints }, [...questions.values()]);
  assertAnswered(answers);
  const byKey = new Map([...questions.keys()].map((key, index) => [key, answers[index]]));
  const cure = reloadCure(input.targets, input.refused);
  const unreached = errors.map(({ message }) => message);
  const results = input.tests.map((each): PolicyTestResult => {
    const base = bases.get(each.bucket) ?? input.bases.get(each.bucket) ?? {};
    const document = testDocument(overrides, each.test, base);
    return judge(each, overrides, [document, serverSide(each.test, byKey.get(keyOf(each)), unreached)], cure);
  });
  return {
    results,
    stored,
    endpoints,
    readsEach: readsEach(input.workers, questions.size),
    isMatchTold: answers.every((each) => each.answers.every(({ matchedOverride }) => matchedOverride !== undefined)),
  };
}

function usable(stored: StoredOverrides, lastRevision: Revision | null) {
  const lost = lostFinding(stored, lastRevision);
  if (lost !== null) throw new RlctlError('guard', lost.message, { code: lost.code, hint: lost.hint ?? '' });
  const loaded = loadOverrides(stored.bytes);
  const isText = stored.type === 'string' || stored.type === 'none';
  if (loaded.droppedBecause !== null || !isText) readable(stored, false);
  return loaded;
}

function keyOf({ test, bucket }: PlacedTest): string {
  return JSON.stringify([test.route, test.method, bucket]);
}

function queryOf({ test: { route, method }, bucket }: PlacedTest): PolicyQuery {
  return { route, method, bucket };
}

function assertAnswered(answers: readonly ServerAnswers[]): void {
  if (answers.some((each) => each.answers.length > 0)) return;
  throw new RlctlError(
    'unreachable',
    `no question was answered; the first: ${answers[0]?.failures[0] ?? 'no time was left'}`,
    {
      code: 'POLICY_UNANSWERED',
      hint: 'Run "rlctl doctor", or test the document alone with --against FILE.',
    },
  );
}

/** What the servers say: of answers that differ, the one that speaks against the expectation counts. */
function serverSide(test: PolicyTest, asked: ServerAnswers | undefined, unreached: readonly string[]): SideJudgement {
  const { answers = [], wanted = 0, failures = [] } = asked ?? {};
  const judged = answers.map((policy) => judgePolicy(test.expected, { policy, matched: policy.matchedOverride }));
  const contradictions = judged.filter(hasUnmet);
  const checks = contradictions[0] ?? judged[0] ?? [];
  const reasons = [...new Set([...unreached, ...failures])];
  const missing = answers.length < wanted ? [`${answers.length} of ${counted(wanted, 'read')} answered`] : [];
  const failure = [...missing, ...reasons].join('; ');
  return {
    side: 'server',
    checks,
    failure: failure === '' ? null : failure,
    reads: answers.length,
    contradicting: contradictions.length,
  };
}

function judge(
  { test, bucket }: PlacedTest,
  overrides: OverrideIndex,
  sides: readonly [document: SideJudgement, server: SideJudgement],
  cure: string,
): PolicyTestResult {
  const [document, server] = sides;
  const state = stateOf(sides);
  if (state === 'passed') return { test, bucket, state, sides, because: [] };
  const unknown = state === 'failed' ? null : unknownReason(document, bucket);
  const because = [
    ...(isContradicted(document) ? documentReasons(overrides, test) : []),
    ...disagreement(document, server, cure),
    ...(unknown === null ? [] : [unknown]),
    ...(server.failure === null ? [] : [`the server could not be asked in full: ${server.failure}`]),
  ];
  return { test, bucket, state, sides, because };
}

/** `cure`: how a server that is behind comes to hold what is stored. */
function disagreement(document: SideJudgement, server: SideJudgement, cure: string): readonly string[] {
  const { reads, contradicting, checks } = server;
  if (contradicting > 0 && contradicting < reads)
    return [`${contradicting} of ${reads} answers say so: the processes do not hold the same`];
  if (contradicting > 0 && !isContradicted(document))
    return [`what is stored would give it, but the server holds something else; ${cure}`];
  // A server that does not tell a field does not disagree about it.
  const denied = new Set(document.checks.flatMap(({ field, state }) => (state === 'unmet' ? [field] : [])));
  if (contradicting === 0 && checks.some(({ field, state }) => state === 'met' && denied.has(field)))
    return ['the server still agrees, because it holds something else than what is stored: the next reload changes it'];
  return [];
}

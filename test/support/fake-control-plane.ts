import type { HealthCheck, HealthReport, PolicyAnswer, ReloadReport } from '../../src/domain/control-plane.js';
import { RlctlError } from '../../src/domain/errors.js';
import { classifyAnswer, type Refusal } from '../../src/domain/refusal.js';
import type { SignedRequest } from '../../src/domain/signing/sign.js';
import type {
  ApiEndpoint,
  CallOptions,
  ControlPlane,
  HealthResult,
  PolicyQuery,
  PolicyResult,
  ProbeAnswer,
  ReloadAnswer,
} from '../../src/ports/control-plane.js';

type Reply<Call, Answer> = Answer | Error | ((call: Call) => Answer | Error);

export interface ReloadCall {
  readonly request: SignedRequest;
  readonly options: CallOptions;
}

export interface PolicyCall {
  readonly endpoint: ApiEndpoint;
  readonly query: PolicyQuery;
  readonly options: CallOptions;
}

export interface ProbeCall {
  readonly url: string;
  readonly options: CallOptions;
}

export interface HealthCall {
  readonly origin: string;
  readonly check: HealthCheck;
  readonly options: CallOptions;
}

/** How often an expectation may be met; `atLeastOnce` has no upper end. */
type Times = number | 'atLeastOnce';

interface Expected<Call, Answer> {
  readonly name: string;
  readonly matches: (call: Call) => boolean;
  readonly reply: Reply<Call, Answer>;
  readonly times: Times;
  met: number;
}

/** A control plane that does what a test says, and complains about every call nobody expected and every one nobody made. */
export interface FakeControlPlane extends ControlPlane {
  expectReload(
    where: { origin?: string; basePath?: string; profile?: string },
    reply: Reply<ReloadCall, ReloadAnswer>,
    times?: Times,
  ): void;
  expectPolicy(
    where: { origin?: string; basePath?: string; route?: string; bucket?: string },
    reply: Reply<PolicyCall, PolicyResult>,
    times?: Times,
  ): void;
  expectProbe(url: string, reply: Reply<ProbeCall, ProbeAnswer>, times?: Times): void;
  expectHealth(
    where: { origin?: string; check?: HealthCheck },
    reply: Reply<HealthCall, HealthResult>,
    times?: Times,
  ): void;
  readonly reloads: readonly ReloadCall[];
  readonly policies: readonly PolicyCall[];
  readonly opened: readonly string[];
  /** Fails where a call was unexpected, or an expected one was not made. */
  assertDone(): void;
}

export function createFakeControlPlane(): FakeControlPlane {
  const unexpected: string[] = [];
  const expected = {
    reload: [] as Expected<ReloadCall, ReloadAnswer>[],
    policy: [] as Expected<PolicyCall, PolicyResult>[],
    probe: [] as Expected<ProbeCall, ProbeAnswer>[],
    health: [] as Expected<HealthCall, HealthResult>[],
  };
  const reloads: ReloadCall[] = [];
  const policies: PolicyCall[] = [];
  const opened: string[] = [];
  const answer = async <Call extends { readonly options: CallOptions }, Answer>(
    list: Expected<Call, Answer>[],
    call: Call,
    name: string,
  ): Promise<Answer> => {
    if (call.options.signal.aborted) throw abortion(call.options.signal.reason);
    const found = list.find((each) => each.matches(call) && (each.times === 'atLeastOnce' || each.met < each.times));
    if (found === undefined) {
      unexpected.push(name);
      throw new Error(`unexpected call: ${name}`);
    }
    found.met += 1;
    const reply =
      typeof found.reply === 'function' ? (found.reply as (call: Call) => Answer | Error)(call) : found.reply;
    if (reply instanceof Error) throw reply;
    return reply;
  };
  return {
    reloads,
    policies,
    opened,
    expectReload: ({ origin, basePath, profile }, reply, times = 1) => {
      const matches = ({ request }: ReloadCall): boolean =>
        fits(origin, request.endpoint.origin) &&
        fits(basePath, request.endpoint.basePath) &&
        fits(profile, request.profile);
      expected.reload.push({
        name: `reload ${JSON.stringify({ origin, basePath, profile })}`,
        matches,
        reply,
        times,
        met: 0,
      });
    },
    expectPolicy: ({ origin, basePath, route, bucket }, reply, times = 1) => {
      const matches = ({ endpoint, query }: PolicyCall): boolean =>
        fits(origin, endpoint.origin) &&
        fits(basePath, endpoint.basePath) &&
        fits(route, query.route) &&
        fits(bucket, query.bucket);
      expected.policy.push({
        name: `policy ${JSON.stringify({ origin, basePath, route, bucket })}`,
        matches,
        reply,
        times,
        met: 0,
      });
    },
    expectProbe: (url, reply, times = 1) => {
      expected.probe.push({ name: `probe ${url}`, matches: (call) => call.url === url, reply, times, met: 0 });
    },
    expectHealth: ({ origin, check }, reply, times = 1) => {
      const matches = (call: HealthCall): boolean => fits(origin, call.origin) && fits(check, call.check);
      expected.health.push({ name: `health ${JSON.stringify({ origin, check })}`, matches, reply, times, met: 0 });
    },
    assertDone: () => {
      const all: readonly Expected<never, unknown>[] = Object.values(expected).flat();
      const unused = all
        .filter(({ times, met }) => (times === 'atLeastOnce' ? met === 0 : met < times))
        .map(({ name, times, met }) => `unused: ${name} (${met} of ${times})`);
      const complaints = [...unexpected.map((name) => `unexpected: ${name}`), ...unused];
      if (complaints.length > 0) throw new Error(complaints.join('\n'));
    },
    reload: async (request, options) => {
      reloads.push({ request, options });
      return answer(expected.reload, { request, options }, `reload ${request.url} as ${request.profile}`);
    },
    policy: async (endpoint, query, options) => {
      policies.push({ endpoint, query, options });
      return answer(
        expected.policy,
        { endpoint, query, options },
        `policy ${endpoint.origin}${endpoint.basePath} ${JSON.stringify(query)}`,
      );
    },
    probe: async (url, options) => answer(expected.probe, { url, options }, `probe ${url}`),
    health: async (origin, check, options) =>
      answer(expected.health, { origin, check, options }, `health ${origin} ${check}`),
    open: (origin) => {
      opened.push(origin);
    },
    close: () => undefined,
  };
}

function abortion(reason: unknown): RlctlError {
  if (reason instanceof RlctlError) return reason;
  const isTimeout = reason instanceof Error && reason.name === 'TimeoutError';
  return new RlctlError(isTimeout ? 'unreachable' : 'interrupted', 'aborted', {
    code: isTimeout ? 'API_TIMEOUT' : 'INTERRUPTED',
  });
}

function fits(wanted: string | undefined, found: string): boolean {
  return wanted === undefined || wanted === found;
}

/** A report with the fields a test does not care about filled in. */
export function report(fields: Partial<ReloadReport> = {}): ReloadReport {
  return {
    isOk: true,
    isEnabled: true,
    isShadow: false,
    bucketShadows: new Map(),
    overridesCount: 1,
    overridePrefixes: null,
    ...fields,
  };
}

export function accepted(fields: Partial<ReloadReport> = {}, siteMode: string | null = null): ReloadAnswer {
  return { kind: 'accepted', siteMode, serverTimeMs: null, report: report(fields) };
}

export function policyAnswer(
  fields: Partial<PolicyAnswer> = {},
  siteMode: string | null = null,
): PolicyResult & { kind: 'policy' } {
  const base = { bucket: 'read', ratePerMin: 60, burst: 10, windowSeconds: 60, isShadow: false };
  return {
    kind: 'policy',
    siteMode,
    serverTimeMs: null,
    policy: { ...base, matchedOverride: undefined, activeOverrides: undefined, ...fields },
  };
}

export function healthAnswer(fields: Partial<HealthReport> = {}): HealthResult & { kind: 'health' } {
  const base = { status: 'healthy', said: 'healthy', httpStatus: 200, version: '1', uptimeSeconds: 60 } as const;
  return { kind: 'health', siteMode: null, serverTimeMs: null, health: { ...base, components: [], ...fields } };
}

/** The refusal that such an answer is. */
export function refused(
  status: number,
  body: unknown,
  more: { siteMode?: string; headers?: Readonly<Record<string, string>>; isTimestamped?: boolean; nowMs?: number } = {},
): { kind: 'refused'; siteMode: string | null; serverTimeMs: null; refusal: Refusal } {
  const refusal = classifyAnswer({
    purpose: 'reload',
    url: new URL('https://api.example.com/internal/config/reload'),
    status,
    headers: new Map(Object.entries({ 'content-type': 'application/json', ...more.headers })),
    body: JSON.stringify(body),
    fault: null,
    nowMs: more.nowMs ?? Date.parse('2026-11-21T10:00:00Z'),
    isTimestamped: more.isTimestamped ?? false,
  });
  return { kind: 'refused', siteMode: more.siteMode ?? null, serverTimeMs: null, refusal };
}

import { checks, groupOf, severityOf, type CheckId } from '../../domain/doctor/checks.js';
import { bySameCause } from '../../domain/fleet/same-cause.js';
import type { Signs } from '../../domain/dialect/dialect.js';
import type { CheckResult, DoctorFinding, DoctorReport, Found } from '../../domain/doctor/report.js';
import { RlctlError } from '../../domain/errors.js';
import { addressed, bareAddress, type CommandAddress } from '../../domain/printed-command.js';
import type { Deadline } from '../../ports/deadline.js';
import { shareOf } from '../share.js';
import * as api from './api.js';
import * as configuration from './configuration.js';
import * as document from './document.js';
import { Facts, NotChecked, foundError, type Answer, type DoctorInput, type DoctorPorts } from './facts.js';
import * as inForce from './in-force.js';
import * as local from './local.js';
import * as metrics from './metrics.js';
import * as network from './network.js';
import * as notify from './notify.js';
import { checkRights } from './redis-rights.js';
import * as redis from './redis.js';
import * as server from './server.js';

type Look = (facts: Facts) => Answer | Promise<Answer>;

/** How each check of the table is made. */
const looks: Readonly<Record<CheckId, Look>> = {
  'configuration.file': configuration.checkFile,
  'configuration.valid': configuration.checkValid,
  'configuration.mode': configuration.checkMode,
  'configuration.trust': configuration.checkTrust,
  'configuration.secret': configuration.checkSecret,
  'configuration.guards': configuration.checkGuards,
  'network.dns': network.checkDns,
  'network.tls': network.checkTls,
  'network.plain': network.checkPlain,
  'api.reachable': api.checkReachable,
  'api.paths': api.checkPaths,
  'api.site-mode': api.checkSiteMode,
  'api.limiter': api.checkLimiter,
  'api.clock': api.checkClock,
  'api.health': api.checkHealth,
  'api.reload': api.checkReload,
  'redis.reachable': redis.checkReachable,
  'redis.version': redis.checkVersion,
  'redis.role': redis.checkRole,
  'redis.persistence': redis.checkPersistence,
  'redis.eviction': redis.checkEviction,
  'redis.rights': checkRights,
  'redis.types': redis.checkTypes,
  'redis.ttl': redis.checkTtl,
  'redis.namespace': redis.checkNamespace,
  'document.readable': document.checkReadable,
  'document.entries': document.checkEntries,
  'document.order': document.checkOrder,
  'document.values': document.checkValues,
  'document.boundaries': document.checkBoundaries,
  'document.history': document.checkHistory,
  'document.ends': document.checkEnds,
  'document.in-force': inForce.checkInForce,
  'metrics.reachable': metrics.checkReachable,
  'metrics.targets': metrics.checkTargets,
  'metrics.series': metrics.checkSeries,
  'metrics.labels': metrics.checkLabels,
  'metrics.age': metrics.checkAge,
  'metrics.alerts': metrics.checkAlerts,
  'server.enabled': server.checkEnabled,
  'server.overrides': server.checkOverrides,
  'server.flags': server.checkFlags,
  'server.workers': server.checkWorkers,
  'notify.secrets': notify.checkSecrets,
  'notify.reachable': notify.checkReachable,
  'local.node': local.checkNode,
  'local.state': local.checkState,
  'local.completion': local.checkCompletion,
};

/** What was found, before anything is mended, and what was seen of the dialect on the way. */
export interface Diagnosis extends Omit<DoctorReport, 'fixes'> {
  readonly signs: Signs;
}

/**
 * Makes every selected check in parallel, each within the deadline; one that fails or hangs leaves the others their
 * answers. Changes nothing, and sends a reload only through the port that is given for it. Throws only for an interrupt.
 */
export async function diagnose(ports: DoctorPorts, input: DoctorInput): Promise<Diagnosis> {
  const startMs = ports.clock.monotonicMs();
  const deadline = shareOf(ports.deadline, ports.clock);
  const facts = new Facts({ ...ports, deadline }, input);
  const { environment } = input;
  const isKnown = environment !== null && !(environment instanceof RlctlError);
  const address = isKnown ? environment.address : bareAddress;
  const wanted = checks.filter(({ id }) => input.selected.has(id));
  const results = await Promise.all(
    wanted.map(async ({ id, title }) => {
      const answer = await answerOf(id, facts, deadline);
      return resultOf(id, title, await ofInstances(facts, answer), address);
    }),
  );
  if (ports.deadline.interrupted.aborted) throw ports.deadline.interrupted.reason;
  return {
    environment: isKnown ? environment.name : null,
    checks: saidOnce(results),
    signs: facts.signs,
    tookMs: Math.round(ports.clock.monotonicMs() - startMs),
  };
}

/** One failure that several checks met is the finding of the first of them. */
function saidOnce(results: readonly CheckResult[]): readonly CheckResult[] {
  const saidBy = new Map<string, CheckId>();
  return results.map((result) => {
    const [first] = result.findings;
    if (first === undefined) return result;
    const known = saidBy.get(`${first.code} ${first.message}`);
    if (known !== undefined && result.findings.length === 1) {
      return { ...result, state: 'notChecked', evidence: null, because: `see ${known}`, findings: [] };
    }
    for (const { code, message } of result.findings) saidBy.set(`${code} ${message}`, result.id);
    return result;
  });
}

type Ended = Answer | { readonly because: string };

async function answerOf(id: CheckId, facts: Facts, deadline: Deadline): Promise<Ended> {
  try {
    return await within(deadline, id, async () => looks[id](facts));
  } catch (error) {
    if (error instanceof NotChecked) return { because: error.message };
    if (!(error instanceof RlctlError)) throw error;
    // Many things want trust; whether it is there is one question.
    const isTrust = error.code === 'CONFIG_UNTRUSTED' && id !== 'configuration.trust';
    if (isTrust && facts.isSelected('configuration.trust')) return { because: 'see configuration.trust' };
    return { evidence: error.message.split('\n')[0] ?? '', found: [foundError(error, groupOf(id))] };
  }
}

/** What each question may take beyond the deadline's own signals, before it is left alone. */
const graceMs = 250;

/** Not every question can be cancelled (a name server, a program that prints a secret): then it is not waited for. */
async function within(deadline: Deadline, id: CheckId, look: () => Promise<Answer>): Promise<Answer> {
  const signal = deadline.signal(deadline.leftMs());
  return new Promise((resolve, reject) => {
    const state = { timer: undefined as NodeJS.Timeout | undefined };
    const onAbort = (): void => {
      state.timer = setTimeout(() => {
        reject(
          new RlctlError('unreachable', `${id}: no answer before the deadline`, {
            code: 'CHECK_TIMED_OUT',
            hint: `Give it more time: rlctl doctor --only ${id} --timeout 60s`,
          }),
        );
      }, graceMs);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    look()
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(state.timer);
        signal.removeEventListener('abort', onAbort);
      });
  });
}

/** In a fleet one cause is one finding, with the instances that it holds for. */
async function ofInstances(facts: Facts, ended: Ended): Promise<Ended> {
  if (!facts.isFleet || 'because' in ended || ended.found.length === 0) return ended;
  const asked = await facts.addresses().catch(() => null);
  if (asked === null) return ended;
  return { ...ended, found: bySameCause(ended.found, { total: asked.targets.length, names: asked.names }) };
}

function resultOf(id: CheckId, title: string, ended: Ended, address: CommandAddress): CheckResult {
  const common = { id, group: groupOf(id), title };
  if ('because' in ended) {
    return { ...common, state: 'notChecked', evidence: null, because: ended.because, findings: [] };
  }
  const findings = ended.found.map((each) => findingOf(id, each, address));
  const state = findings.length === 0 ? 'healthy' : 'findings';
  return { ...common, state, evidence: ended.evidence, because: null, findings };
}

function findingOf(id: CheckId, found: Found, address: CommandAddress): DoctorFinding {
  const { code, part, message, evidence, cure, fix, instances = [] } = found;
  return {
    check: id,
    group: groupOf(id),
    severity: severityOf(id, code),
    code,
    part,
    message,
    evidence,
    cure: cure === null ? null : addressed(cure, address),
    fix: fix ?? null,
    ...(instances.length === 0 ? {} : { instances }),
    isFixed: false,
  };
}

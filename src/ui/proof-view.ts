import { counted } from '../domain/counted.js';
import { enforcedInWords } from '../domain/proof/proof.js';
import { addressed, addressedError, type CommandAddress } from '../domain/printed-command.js';
import type { Proof } from '../procedures/proof/prove.js';
import type { Effect } from '../procedures/effect.js';
import type { InstanceReload } from '../procedures/fleet/reload-instance.js';
import type { TargetReload } from '../procedures/reload/send.js';
import type { Step } from '../procedures/step.js';
import { term } from './term.js';
import type { Theme } from './theme.js';

const headlines = {
  proven: 'PROVEN',
  notProven: 'NOT PROVEN',
  contradicted: 'CONTRADICTED',
  notAttempted: 'NOT ATTEMPTED',
} as const satisfies Record<Proof['verdict'], string>;

/** An effect with the commands in its own sentences completed; evidence quotes what was seen and stays. */
export function addressedEffect(effect: Effect, address: CommandAddress): Effect {
  const { reloads, proof, steps } = effect;
  return {
    ...effect,
    reloads: reloads.map((each) => ({ ...each, error: each.error && addressedError(each.error, address) })),
    proof: { ...proof, diagnosis: addressed(proof.diagnosis, address) },
    steps: addressedSteps(steps, address),
    ...(effect.instances === undefined ? {} : { instances: effect.instances.map(addressedInstance(address)) }),
  };
}

function addressedInstance(address: CommandAddress) {
  return (each: InstanceReload): InstanceReload => ({
    ...each,
    error: each.error && addressedError(each.error, address),
    proof: each.proof && { ...each.proof, diagnosis: addressed(each.proof.diagnosis, address) },
  });
}

/** What was written, proven or left out is told in sentences of our own; the other steps quote what they met. */
export function addressedSteps(steps: readonly Step[], address: CommandAddress): readonly Step[] {
  return steps.map((step) =>
    ['write', 'verify'].includes(step.name) || step.state === 'skipped'
      ? { ...step, detail: addressed(step.detail, address) }
      : step,
  );
}

/** Verdict, level, evidence and diagnosis, the verdict first. */
export function proofText(proof: Proof, theme: Theme): string {
  const paint = proof.verdict === 'proven' ? theme.good : proof.verdict === 'contradicted' ? theme.bad : theme.warn;
  const level =
    proof.verdict === 'proven'
      ? ` (${levelInWords(proof)})`
      : proof.verdict === 'notAttempted'
        ? ''
        : ` (asked: ${proof.levelAsked})`;
  const lines = [`${paint(theme.bold(headlines[proof.verdict] + level))}  ${term(proof.diagnosis)}`];
  // What could not be proven is the headline already, and so is a limiter that is off.
  // Which of the probes it was is told by its line alone.
  const said = ({ subject, source, text }: Proof['evidence'][number]): boolean =>
    (proof.verdict === 'notProven' &&
      proof.diagnosis.includes(text) &&
      !(subject === 'enforcement' && source.startsWith('GET '))) ||
    (isOnSwitch(text) && isOnSwitch(proof.diagnosis));
  for (const { verdict, source, text } of proof.evidence.filter((each) => !said(each)))
    lines.push(`  ${markOf(verdict, theme)} ${theme.dim(`${source}:`)} ${term(text)}`);
  const { convergedMs = null } = proof;
  if (convergedMs !== null && convergedMs >= 1000)
    lines.push(`  ${theme.dim(`in force after ${(convergedMs / 1000).toFixed(1)} s`)}`);
  return lines.join('\n');
}

/** `enforced`, or by field where not all of it was shown: `enforced: burst; loaded: rate`. */
function levelInWords({ levelReached, evidence }: Proof): string {
  const { enforced, loadedOnly } = enforcedInWords(evidence);
  const isPartly = levelReached === 'enforced' && loadedOnly !== '';
  return isPartly ? `enforced: ${enforced}; loaded: ${loadedOnly}` : levelReached;
}

function markOf(verdict: string, theme: Theme): string {
  if (verdict === 'proven' || verdict === 'agrees') return theme.good('✓');
  return verdict === 'contradicted' || verdict === 'contradicts' ? theme.bad('✗') : theme.warn('·');
}

/** The steps of a procedure, one line each. */
export function stepsText(steps: readonly Step[], theme: Theme): string {
  const marks = { done: theme.good('✓'), skipped: theme.dim('-'), failed: theme.bad('✗'), unverified: theme.warn('?') };
  return steps
    .filter(({ name }) => name !== 'verify')
    .map(({ name, state, detail }) => `${marks[state]} ${name.padEnd(9)} ${term(detail)}`)
    .join('\n');
}

/** Up to so many targets each has its line; of more, those that failed. */
const fewTargets = 8;
const mostFailures = 10;

/**
 * One line per target: what accepted the reload and with which profile, or why not and the cure. A limiter that is off is
 * said here where the proof does not say it.
 */
export function reloadText({ reloads, proof }: Pick<Effect, 'reloads' | 'proof'>, theme: Theme): string {
  // Of several, which it is is told by its own line alone.
  const isSaid = reloads.length === 1 && [proof.diagnosis, ...proof.evidence.map(({ text }) => text)].some(isOnSwitch);
  if (reloads.length <= fewTargets) return reloadLines(reloads, isSaid, theme);
  const failed = reloads.filter(({ outcome }) => outcome !== 'accepted');
  const shown = failed.slice(0, mostFailures);
  const left = failed.length - shown.length;
  const mark = failed.length === 0 ? theme.good('✓') : theme.warn('·');
  return [
    `${mark} reload    ${reloads.length - failed.length} of ${reloads.length} instances accepted it`,
    ...(shown.length === 0 ? [] : [reloadLines(shown, isSaid, theme)]),
    ...(left === 0 ? [] : [theme.dim(`… ${left} more failed: --json names them`)]),
  ].join('\n');
}

/** True of a sentence that says the limiter is off. */
function isOnSwitch(text: string): boolean {
  return text.includes('RATE_LIMIT_ENABLED');
}

function reloadLines(reloads: readonly TargetReload[], isOffSaid: boolean, theme: Theme): string {
  return reloads
    .map(({ target, outcome, endpoint, profile, report, error }) => {
      if (outcome !== 'accepted') {
        return `${theme.bad('✗')} reload    ${term(error?.message ?? target)}${error?.hint ? `\n            ${theme.accent('hint:')} ${term(error.hint)}` : ''}`;
      }
      const count = report?.overridesCount ?? null;
      const held = count === null ? '' : `, ${counted(count, 'override')}`;
      const off = isOffSaid ? '' : offText(report, theme);
      return `${theme.good('✓')} reload    ${term(target)}${term(endpoint?.basePath ?? '')} accepted it (${term(profile ?? '')} signature${held})${off}`;
    })
    .join('\n');
}

/** A server that takes a reload and enforces nothing says so in its answer alone. */
function offText(report: TargetReload['report'], theme: Theme): string {
  if (report?.isEnabled !== false) return '';
  return `\n  ${theme.bad('✗ it says that the limiter is off (RATE_LIMIT_ENABLED): nothing is enforced')}`;
}

/** An effect for programs: every target and every piece of evidence. */
export function effectJson({ reloads, proof, steps, instances }: Effect): Record<string, unknown> {
  return {
    reloads: reloads.map((each) => ({
      target: each.target,
      outcome: each.outcome,
      basePath: each.endpoint?.basePath ?? null,
      profile: each.profile,
      overridesCount: each.report?.overridesCount ?? null,
      isEnabled: each.report?.isEnabled ?? null,
      isShadow: each.report?.isShadow ?? null,
      bucketShadows: each.report ? Object.fromEntries(each.report.bucketShadows) : null,
      siteMode: each.siteMode,
      attempts: each.attempts,
      isMaybeApplied: each.isMaybeApplied,
      tookMs: Math.round(each.tookMs),
      error:
        each.error === null
          ? null
          : { code: each.error.code, message: each.error.message, hint: each.error.hint ?? null },
    })),
    proof: { ...proof, tookMs: Math.round(proof.tookMs) },
    steps: steps.map((step) => ({ ...step, tookMs: Math.round(step.tookMs) })),
    ...(instances === undefined ? {} : { fleet: instancesJson(instances) }),
  };
}

/** What became of each instance. */
export function instancesJson(instances: readonly InstanceReload[]) {
  const count = (state: InstanceReload['state']): number => instances.filter((each) => each.state === state).length;
  return {
    counts: { total: instances.length, done: count('done'), failed: count('failed'), notTried: count('notTried') },
    instances: instances.map(({ instance, state, reload, proof, error, tookMs }) => ({
      instance: instance.name,
      target: instance.origin,
      address: instance.address,
      state,
      outcome: reload?.outcome ?? null,
      verdict: proof?.verdict ?? null,
      diagnosis: proof?.diagnosis ?? null,
      overridesCount: reload?.report?.overridesCount ?? null,
      attempts: reload?.attempts ?? 0,
      tookMs: Math.round(tookMs),
      error: error === null ? null : { code: error.code, message: error.message, hint: error.hint ?? null },
    })),
  };
}

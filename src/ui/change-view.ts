import { describeSource, type Environment } from '../domain/config/environment.js';
import type { GuardsSaid } from '../domain/guard/verdict.js';
import { undoCommand } from '../domain/override/undo-command.js';
import type { ChangeResult } from '../procedures/override/change.js';
import { isExempt } from '../domain/guard/commands.js';
import type { ChangePlan, MissingOverride } from '../procedures/override/plan.js';
import { addressed } from '../domain/printed-command.js';
import { diffText } from './diff-text.js';
import { guardsJson, guardsSaidLines } from './guard-view.js';
import { addressedEffect, addressedSteps, effectJson, proofText, reloadText, stepsText } from './proof-view.js';
import { noteLines } from './note-lines.js';
import { term } from './term.js';
import { isoTime, relativeTime } from './time.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/**
 * A change that has been made, with its proof; what went wrong stands where it went wrong. `back`: the command that takes
 * it back, where that is not an undo.
 */
export function changeView(result: ChangeResult, environment: Environment, back?: string): View {
  const { plan, written } = result;
  const { address } = environment;
  const effect = addressedEffect(result.effect, address);
  const steps = addressedSteps(result.steps, address);
  return {
    kind: 'OverrideChange',
    data: {
      environment: environment.name,
      changeId: written?.changeId ?? null,
      ...planJson(plan, environment),
      until: isoTime(written?.untilMs ?? null),
      conflictsMerged: written?.conflicts ?? 0,
      replication: written?.outcome.replication ?? null,
      sawForeignChange: written?.outcome.sawForeignChange ?? false,
      foreignRevision: written?.outcome.sawForeignChange ? written.plan.stored.revision : null,
      ...effectJson(effect),
      hint: wayBack(result, environment, back),
      steps: steps.map((step) => ({ ...step, tookMs: Math.round(step.tookMs) })),
    },
    human: (theme) =>
      [
        planText(plan, environment, theme, written?.untilMs),
        stepsText(
          steps.filter(({ name }) => name !== 'reload'),
          theme,
        ),
        ...(effect.reloads.length > 0 ? [reloadText(effect, theme)] : []),
        proofText(effect.proof, theme),
        ...hintLines(wayBack(result, environment, back), theme),
      ].join('\n'),
  };
}

function hintLines(hint: string | null, theme: Theme): readonly string[] {
  return hint === null ? [] : [`${theme.accent('hint:')}  ${term(hint)}`];
}

/** What to do about a change that is written and not proven; `null`: nothing has to be done. */
export function wayBack(
  { plan, written, exit, effect }: ChangeResult,
  environment: Environment,
  back = undoCommand({ ...plan, isReturn: plan.intent.undoes() !== null }),
): string | null {
  const { secret, address } = environment;
  if (written === null || exit === 'ok') return null;
  // The last change is another one now: an undo would take that back.
  if (effect.isOvertaken === true) return null;
  // An undo after what brings back what was would take back an older change, or bring back what is over.
  const isReturn = isExempt(plan.intent.command);
  if (effect.instances?.some(({ state }) => state === 'failed') && isSomewhereHeld(effect)) {
    const on = 'mend what failed, then go on with those that are left: rlctl reload --resume';
    return addressed(isReturn ? on : `${on}; or take the change back everywhere: ${back}`, address);
  }
  if (effect.reloads.every(({ error }) => error?.code !== 'SIGNATURE_REFUSED'))
    return addressed(isReturn ? 'to try again: rlctl reload' : `take it back with: ${back}`, address);
  const source = secret === null ? '' : ` (the one used came from: ${describeSource(secret)})`;
  return addressed(
    `the change is written, and no server holds it before a reload that is accepted. Give the right secret${source} with --secret-file PATH, where - is stdin, or RLCTL_SECRET_FILE, or the setting "secret", and run: rlctl reload${isReturn ? '' : `. To take the change back run: ${back}; it reloads too, and needs the right secret as well`}`,
    address,
  );
}

/** Some instance has taken the reload, and so holds the change. */
function isSomewhereHeld({ reloads }: ChangeResult['effect']): boolean {
  return reloads.some(({ outcome }) => outcome === 'accepted');
}

/** A change that would be made. */
export function planView(plan: ChangePlan, environment: Environment): View {
  return {
    kind: 'OverridePlan',
    data: { environment: environment.name, ...planJson(plan, environment) },
    human: (theme) => `${planText(plan, environment, theme)}\n${theme.dim('nothing has been written')}`,
  };
}

/** What is about to be written, for the question before it. */
export function previewText(plan: ChangePlan, environment: Environment, theme: Theme): string {
  return `about to write:\n${planText(plan, environment, theme)}`;
}

function remarksOf({ remarks }: ChangePlan, { address }: Environment): readonly string[] {
  return remarks.map((remark) => addressed(remark, address));
}

function planJson(plan: ChangePlan, environment: Environment): Record<string, unknown> {
  return {
    command: plan.intent.command,
    key: plan.stored.key,
    isNoop: plan.isNoop,
    revisionBefore: plan.revisionBefore,
    revisionAfter: plan.revisionAfter,
    undoes: plan.intent.undoes(),
    alsoUndoes: plan.intent.alsoUndoes?.() ?? [],
    restores: plan.intent.terms?.().restores ?? null,
    changes: plan.diff,
    hidden: [...plan.hidden].map(([route, by]) => ({ route, by })),
    until: isoTime(plan.untilMs),
    remarks: [...remarksOf(plan, environment), ...guardsOf(plan).remarks],
    missing: plan.intent.missing?.() ?? [],
    dump: plan.intent.dumpAge?.() ?? null,
    guards: guardsJson(guardsOf(plan).verdicts),
  };
}

function guardsOf({ intent }: ChangePlan): GuardsSaid {
  return intent.guards?.() ?? { verdicts: [], remarks: [] };
}

/** `untilMs`: when what was written ends; absent: when what is planned would. */
function planText(
  plan: ChangePlan,
  environment: Environment,
  theme: Theme,
  untilMs: number | null = plan.untilMs,
): string {
  const key = `${term(plan.stored.key)} at ${plan.revisionBefore.slice(0, 12)}`;
  const remarks = [...noteLines(remarksOf(plan, environment), theme), ...guardsSaidLines(guardsOf(plan), theme)];
  const missing = plan.intent.missing?.() ?? [];
  if (missing.length > 0 && plan.isNoop)
    return [`${key}: nothing to write`, ...missing.map((each) => missingText(each, theme)), ...remarks].join('\n');
  if (plan.isNoop) {
    const what = plan.intent.routes.map(term).join(', ') || 'the document';
    return [
      `${key}: ${what} ${plan.intent.routes.length > 1 ? 'are' : 'is'} already as wanted; nothing to write`,
      ...remarks,
    ].join('\n');
  }
  const isSame = plan.revisionAfter === plan.revisionBefore;
  const becomes = isSame
    ? ': every value is already as wanted; only what is recorded beside them changes'
    : ` → ${plan.revisionAfter.slice(0, 12)}`;
  const lines = [`${key}${becomes}`, diffText(plan.diff, theme)];
  if (plan.after.members.length === 0 && !isSame)
    lines.push(theme.dim('no override is left; the key stays, with an empty document, as rlctl never removes it'));
  if (plan.document === null)
    lines.push(theme.warn('the stored document could not be read; it is replaced as a whole and kept in the history'));
  for (const [route, by] of plan.hidden) {
    lines.push(
      theme.warn(
        `${term(JSON.stringify(route))} is hidden: ${term(JSON.stringify(by))} stands earlier and takes its routes`,
      ),
    );
  }
  if (untilMs !== null) lines.push(endText(untilMs, plan.stored.serverTimeMs));
  return [...lines, ...remarks].join('\n');
}

/** `ends 2026-11-22T08:00:00.000Z (in 2h): what stood before returns then` */
function endText(untilMs: number, nowMs: number): string {
  const end = `${new Date(untilMs).toISOString()} (${relativeTime(untilMs, nowMs)})`;
  return `ends ${end}: what stood before returns then`;
}

function missingText({ route, near }: MissingOverride, theme: Theme): string {
  const quoted = (text: string): string => term(JSON.stringify(text));
  const others = near.length === 0 ? '' : `; near it there are: ${near.map(quoted).join(', ')}`;
  return theme.warn(`there was no such override: ${quoted(route)}${others}`);
}

import { RlctlError } from '../../domain/errors.js';
import type { ExitName } from '../../domain/exit-codes.js';
import { beforeAnything } from '../../domain/nothing-done.js';
import {
  emptiedCure,
  emptiedText,
  goneText,
  isDocumentGone,
  isStoreEmptied,
  orBeginAnew,
} from '../../domain/override/document-gone.js';
import { loadOverrides } from '../../domain/policy/matching.js';
import type { Evidence, Proof } from '../../domain/proof/proof.js';
import type { Revision } from '../../domain/revision.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import { allRefused, effectExit, takeEffect, type Effect, type EffectInput } from '../effect.js';
import type { ChangePorts } from '../override/change.js';
import { readable } from '../override/plan.js';
import { preflight } from '../preflight.js';
import type { OnStep } from '../step.js';

export interface SafeReloadInput {
  readonly effect: EffectInput;
  /** The number of overrides the server must report; `null`: whatever Redis explains. */
  readonly expect: number | null;
  /** The document of the last reload sent from here; `null`: not known. */
  readonly lastRevision: Revision | null;
  /** Reload although the server would lose every override by it. */
  readonly isForced: boolean;
}

export interface ReloadResult {
  /** What Redis holds; `null`: the proof was waived, and Redis not asked. */
  readonly stored: StoredOverrides | null;
  readonly effect: Effect;
  readonly exit: ExitName;
}

/**
 * Reloads and proves. Redis is read first: while it is away or the document cannot be read, a server of this family
 * answers "ok" and drops every override, so the reload is refused (7, 6) instead of doing that. Throws where no target
 * accepted it: then nothing was changed.
 */
export async function reloadSafely(ports: ChangePorts, input: SafeReloadInput, onStep?: OnStep): Promise<ReloadResult> {
  onStep?.('reading the document');
  const stored = input.effect.isVerified ? await beforeAnything(ports.store.read(ports.deadline), 'sent') : null;
  if (stored !== null && !input.isForced) assertReloadable(stored, input.lastRevision, '--force reloads all the same.');
  const expected = { storedBytes: stored?.bytes ?? null, changed: [] };
  const wanted = input.effect.reload;
  const reload = wanted && (await preflight(ports, wanted, '/', { isRequired: false }));
  const effect = withExpectedCount(
    await takeEffect(ports, { ...input.effect, reload }, expected, onStep),
    input.expect,
  );
  const refusal = allRefused(effect.reloads);
  if (refusal !== null) throw refusal;
  return { stored, effect, exit: effectExit(effect) };
}

/** What assertReadable throws, and a guard where Redis was emptied, history and all, since the last reload from here. */
export function assertReloadable(stored: StoredOverrides, lastRevision: Revision | null, otherwise: string): void {
  assertReadable(stored, otherwise);
  if (!isStoreEmptied(stored, lastRevision)) return;
  throw new RlctlError('guard', emptiedText(stored), {
    code: 'STORE_EMPTIED',
    hint: `${emptiedCure}; ${otherwise}`,
  });
}

/** Why a plain reload would be refused, and how to go on, in words; `null`: it would not be. */
export function whyUnreloadable(stored: StoredOverrides, lastRevision: Revision | null): string | null {
  try {
    assertReloadable(stored, lastRevision, orBeginAnew);
    return null;
  } catch (error) {
    if (!(error instanceof RlctlError)) throw error;
    return `a plain one is refused: ${error.message}. ${error.hint ?? ''}`;
  }
}

/**
 * Throws a guard where a reload would make the server drop every override, because the document cannot be read or is gone;
 * `otherwise`: how to go on all the same. What rlctl alone refuses to read, such as a repeated key, the server takes, and
 * may be reloaded.
 */
function assertReadable(stored: StoredOverrides, otherwise: string): void {
  const isText = stored.type === 'string' || stored.type === 'none';
  const dropped = loadOverrides(stored.bytes).droppedBecause;
  const hint = `Restore the document with "rlctl override repair", which reloads too; ${otherwise}`;
  if (isDocumentGone(stored)) {
    const message = `${goneText(stored)}: a reload now would make the server drop every override`;
    throw new RlctlError('guard', message, { code: 'DOCUMENT_GONE', hint });
  }
  if (isText && dropped === null) return;
  const { kind, code, message, details } = unreadable(stored, dropped);
  throw new RlctlError(kind, `a reload now would make the server drop every override: ${message}`, {
    code,
    hint,
    ...(details ? { details } : {}),
  });
}

/** Why it cannot be read, with its place where rlctl's own reader finds one. */
function unreadable(stored: StoredOverrides, dropped: string | null): RlctlError {
  try {
    readable(stored, false);
  } catch (error) {
    if (error instanceof RlctlError) return error;
    throw error;
  }
  const message = `the document is not what the server can read: ${dropped}`;
  return new RlctlError('guard', message, { code: 'DOCUMENT_CORRUPT' });
}

/** The operator's own expectation is evidence like any other; a count that differs contradicts. */
function withExpectedCount(effect: Effect, expect: number | null): Effect {
  if (expect === null || effect.proof.verdict === 'notAttempted') return effect;
  const evidence = effect.reloads.flatMap(({ target, report }): Evidence[] => {
    const count = report?.overridesCount ?? null;
    if (count === null) return [];
    const verdict = count === expect ? 'proven' : 'contradicted';
    return [
      {
        subject: 'count',
        verdict,
        text: `${count} overrides reported, ${expect} expected`,
        source: `--expect, ${target}`,
        route: null,
      },
    ];
  });
  const isContradicted = evidence.some(({ verdict }) => verdict === 'contradicted');
  const diagnosis = isContradicted
    ? `the server does not report the ${expect} overrides you expect`
    : effect.proof.diagnosis;
  const verdict: Proof['verdict'] = isContradicted ? 'contradicted' : effect.proof.verdict;
  const levelReached = isContradicted ? 'none' : effect.proof.levelReached;
  return {
    ...effect,
    proof: { ...effect.proof, verdict, levelReached, diagnosis, evidence: [...evidence, ...effect.proof.evidence] },
  };
}

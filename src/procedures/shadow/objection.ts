import { withProof, type Effect, type EffectInput } from '../effect.js';
import type { Evidence } from '../../domain/proof/proof.js';

/** Why what was set does not come to what it is set for, and what would. */
export interface Objection {
  /** A sentence. */
  readonly text: string;
  readonly cure: string;
  /** The overrides that stand against it. */
  readonly prefixes: readonly string[];
  /** What was set; absent: flags. */
  readonly subject?: Evidence['subject'];
}

/**
 * What is loaded is no proof where something else keeps its effect away, unless no more was asked for. `objection`: `null`
 * where nothing does.
 */
export function withObjection(effect: Effect, objection: Objection | null, require: EffectInput['require']): Effect {
  const { proof: told } = effect;
  if (objection === null || told.verdict === 'notAttempted') return effect;
  const isEnough = require === 'loaded';
  const { text, cure, subject = 'flag' } = objection;
  const line = { subject, source: 'the stored overrides', route: null, text } as const;
  const evidence = [...told.evidence, { ...line, verdict: isEnough ? ('neutral' as const) : ('notProven' as const) }];
  if (isEnough || told.trap !== null) return { ...effect, proof: { ...told, evidence } };
  const isProven = told.verdict === 'proven';
  const diagnosis = `${isProven ? '' : `${told.diagnosis}; `}${text}; ${cure}`;
  const verdict = isProven ? ({ verdict: 'notProven', levelAsked: 'enforced' } as const) : {};
  return withProof(effect, { ...told, ...verdict, evidence, diagnosis, convergedMs: null });
}

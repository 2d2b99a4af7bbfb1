import { counted } from '../counted.js';
import type { Evidence, Proof } from '../proof/proof.js';

/** The variable of the limiter's master switch. */
export const switchVariable = 'RATE_LIMIT_ENABLED';

/** What was seen of the master switch. */
export interface SwitchObservations {
  /** True: the limiter is to be on. */
  readonly isEnabled: boolean;
  /** What each answer of a reload said; `null`: nothing. */
  readonly said: readonly (boolean | null)[];
  /** Answers, each on a connection of its own, that show every process. */
  readonly wanted: number;
  /** How many addresses did not take the reload. */
  readonly unreached: number;
  readonly source: string;
}

type Judged = Pick<Proof, 'verdict' | 'levelReached' | 'evidence' | 'trap' | 'diagnosis'>;

/** Judges whether every process has the master switch as wanted, by what reloads answer: nothing else tells it. */
export function judgeSwitch(seen: SwitchObservations): Judged {
  const { isEnabled, said, wanted, unreached, source } = seen;
  const wrong = said.filter((each) => each === !isEnabled).length;
  const right = said.filter((each) => each === isEnabled).length;
  const line = (verdict: Evidence['verdict'], text: string): readonly Evidence[] => [
    { subject: 'flag', verdict, text, source, route: null },
  ];
  const state = isEnabled ? 'on' : 'off';
  if (wrong > 0) {
    const text = `${wrong} of ${counted(said.length, 'answer')} still say that the limiter is ${isEnabled ? 'off' : 'on'}`;
    return {
      verdict: 'contradicted',
      levelReached: 'none',
      evidence: line('contradicted', text),
      trap: 'flagNeedsRestart',
      diagnosis: `${text}: processes take this switch from the environment that they were started with; restart them, or go on waiting with --wait`,
    };
  }
  const open = (diagnosis: string): Judged => ({
    verdict: 'notProven',
    levelReached: 'none',
    evidence: right === 0 ? [] : line('neutral', `${counted(right, 'answer')} say that the limiter is ${state}`),
    trap: null,
    diagnosis,
  });
  if (unreached > 0)
    return open(
      `${counted(unreached, 'address', 'addresses')} did not take the reload, whose answer alone tells the switch`,
    );
  if (right === 0) return open('no answer of a reload says whether the limiter is on');
  if (right < wanted)
    return open(`${right} of ${wanted} answers say that the limiter is ${state}; the others say nothing`);
  const text = `${counted(right, 'answer')} of reloads, each on a connection of its own, say that the limiter is ${state}`;
  return {
    verdict: 'proven',
    levelReached: 'loaded',
    evidence: line('proven', text),
    trap: null,
    diagnosis: `the limiter is ${state}`,
  };
}

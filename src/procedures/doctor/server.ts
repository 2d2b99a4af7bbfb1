import type { Found } from '../../domain/doctor/report.js';
import { quoteOutside } from '../../domain/outside-text.js';
import { NotChecked, well, type Answer, type Facts, type ServerMemory } from './facts.js';

/** What is remembered of the server; not checked where it is nothing. */
function remembered({ input, environment }: Facts): ServerMemory {
  if (environment.api.length === 0) throw new NotChecked('no API is configured');
  if (input.memory === null) throw new NotChecked('nothing seen of it before a reload');
  return input.memory;
}

/** A trait as somebody saw it, `null`: nobody has. */
function trait({ traits }: ServerMemory, name: string): boolean | null {
  const value = traits[name];
  return typeof value === 'boolean' ? value : null;
}

/** Whether the last proofs saw that overrides are read and enforced. A memory, never a proof. */
export function checkOverrides(facts: Facts): Answer {
  const memory = remembered(facts);
  const [reads, enforces] = [trait(memory, 'readsOverrides'), trait(memory, 'enforcesOverrides')];
  const evidence = `seen ${seenAt(memory, 'readsOverrides')}: ${signature(memory)} under ${quoteOutside(memory.basePath, 60)}, reads overrides ${inWords(reads)}, enforces them ${inWords(enforces)}${otherTraits(memory)}`;
  const part = facts.environment.api[0] ?? 'api';
  const found: Found[] = [];
  if (reads === false) {
    const message = 'this server does not read overrides from Redis: a change of them has no effect there';
    const cure =
      'Check namespace and redis: of this environment (rlctl env show); else set RATE_LIMIT_POLICY_OVERRIDES_JSON on the server and restart it';
    found.push({ code: 'OVERRIDES_NOT_READ', part, message, evidence, cure });
  } else if (enforces === false) {
    const message = 'this server shows overrides and does not enforce them: only a bucket’s own limits and flags count';
    const cure =
      'Change the bucket itself, or its flag: rlctl shadow list; see it again with: rlctl reload --require enforced --probe URL';
    found.push({ code: 'OVERRIDES_NOT_ENFORCED', part, message, evidence, cure });
  }
  return { evidence, found };
}

/** Whether a flag was seen to move at run time. */
export function checkFlags(facts: Facts): Answer {
  const memory = remembered(facts);
  const moves = trait(memory, 'movesFlags');
  if (moves === null) throw new NotChecked('nobody has tried to move one');
  const evidence = `seen ${seenAt(memory, 'movesFlags')}: flags ${moves ? 'move' : 'do not move'} at run time`;
  if (moves) return well(evidence);
  const message = 'the flags of this server do not move at run time: they are bound when it starts';
  const cure = 'Set the variable where the server gets its environment, and restart it: rlctl shadow list';
  return {
    evidence,
    found: [{ code: 'FLAGS_FIXED', part: facts.environment.api[0] ?? 'api', message, evidence, cure }],
  };
}

const toldInWords = new Set(['readsOverrides', 'enforcesOverrides', 'movesFlags']);

/** When a trait was seen last: by itself, where that is kept. */
function seenAt({ traits, at }: ServerMemory, name: string): string {
  const dates = Object(traits['seenAt']) as Readonly<Record<string, unknown>>;
  return quoteOutside(typeof dates[name] === 'string' ? dates[name] : at, 40);
}

function signature({ profile }: ServerMemory): string {
  return profile === null ? 'no signature seen' : `${quoteOutside(profile, 40)} signature`;
}

/** Whatever else was seen of it. */
function otherTraits({ traits }: ServerMemory): string {
  const others = Object.entries(traits).filter(
    ([name, value]) => !toldInWords.has(name) && ['boolean', 'number', 'string'].includes(typeof value),
  );
  return others.map(([name, value]) => `, ${name} ${quoteOutside(String(value), 60)}`).join('');
}

function inWords(trait: boolean | null): string {
  return trait === null ? 'not seen' : trait ? 'yes' : 'no';
}

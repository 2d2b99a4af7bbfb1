import type { Finding } from '../finding.js';
import { someOf } from '../fleet/same-cause.js';
import { quoteOutside } from '../outside-text.js';
import { shellWords } from '../shell-words.js';
import { inWords } from './flag-evidence.js';
import { flipCommand, type FlagFlip } from './flag-flip.js';

/** A bucket whose addresses, or what is set for it, say different things. */
export interface DifferentBucket {
  readonly name: string;
  /** What each address says; `null`: it does not tell. */
  readonly server: readonly (boolean | null)[];
  /** The addresses, in the same order. */
  readonly targets: readonly string[];
  /** Its line in the env file; `null`: none. */
  readonly file: { readonly variable: string; readonly raw: string; readonly isShadow: boolean } | null;
  /** What was set from here and has not been shown in force; `null`: nothing. */
  readonly pending: FlagFlip | null;
}

/** An override whose shadow the server does not show. */
export interface DifferentRoute {
  readonly prefix: string;
  readonly isShadow: boolean;
  /** The entry that stands before it and takes its routes; `null`: none. */
  readonly hiddenBy: string | null;
  /** The addresses that do not show it, of how many. */
  readonly at: readonly string[];
  readonly total: number;
}

const code = 'SHADOW_DIFFERS';
const part = 'shadow';

/** The finding that a bucket's shadow is not what is wanted, or not the same everywhere. */
export function bucketDifference({ name, server, targets, file, pending }: DifferentBucket): Finding {
  const said = [...new Set(server.filter((each) => each !== null))];
  const bucket = quoteOutside(name, 40);
  const says =
    said.length > 1
      ? `the addresses disagree: ${disagreement(server, targets)}`
      : `the server says ${inWords(said[0] === true)}`;
  const wanted = file?.isShadow ?? pending?.isOn ?? null;
  const back =
    wanted === true && said.includes(false) ? `; to take it back: ${shellWords(['rlctl', 'shadow', 'off', name])}` : '';
  return {
    code,
    part,
    message: `${bucket}: ${wantedText(file, pending)}${says}`,
    hint: `run: rlctl reload, and where that changes nothing, restart the server${back}`,
  };
}

/** Who says the one and who the other; the rarer first, because that is what is to be looked at. */
function disagreement(server: DifferentBucket['server'], targets: readonly string[]): string {
  const at = (isShadow: boolean): readonly string[] => targets.filter((_, index) => server[index] === isShadow);
  return [true, false]
    .map((isShadow) => ({ isShadow, who: at(isShadow) }))
    .toSorted((left, right) => left.who.length - right.who.length)
    .map(({ isShadow, who }) => `${inWords(isShadow)} at ${someOf(who, targets.length)}`)
    .join(', ');
}

function wantedText(file: DifferentBucket['file'], pending: FlagFlip | null): string {
  if (file !== null) return `the file says ${file.variable}=${quoteOutside(file.raw, 40)}, `;
  if (pending === null) return '';
  return `"${quoteOutside(flipCommand([pending]), 60)}" of ${pending.at} is not in force, `;
}

/** The finding that the server does not show an override's shadow. */
export function routeDifference({ prefix, isShadow, hiddenBy, at, total }: DifferentRoute): Finding {
  const name = `"${quoteOutside(prefix)}"`;
  const who = total > 1 ? `${someOf(at, total)} ${at.length === 1 ? 'says' : 'say'}` : 'the server says';
  return {
    code,
    part,
    message: `${name} is stored as ${inWords(isShadow)}, ${who} ${inWords(!isShadow)}`,
    hint:
      hiddenBy === null
        ? 'run: rlctl reload'
        : `"${quoteOutside(hiddenBy)}" stands earlier and takes its routes; see: rlctl override list`,
  };
}

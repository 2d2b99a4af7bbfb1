import type { Finding } from '../finding.js';
import { quoteOutside } from '../outside-text.js';
import { inWords } from './flag-evidence.js';

/** The variable of global shadow, which reaches the buckets that have no flag of their own. */
export const globalVariable = 'RATE_LIMIT_SHADOW';

/** Global shadow's line in an env file. */
export interface GlobalLine {
  /** The value's exact text. */
  readonly raw: string;
  readonly isShadow: boolean;
  /** Line number, from 1. */
  readonly line: number;
}

/** A bucket as far as global shadow is concerned. */
export interface GloballyShadowed {
  readonly name: string;
  /** What each address says; `null`: it does not tell. */
  readonly server: readonly (boolean | null)[];
  /** Its own line in the file, or what was set from here; `null`: neither. */
  readonly own: object | null;
}

/** True where a bucket is in shadow because of the file's global shadow, as far as file and server tell. */
export function followsGlobal({ server, own }: Omit<GloballyShadowed, 'name'>, line: GlobalLine | null): boolean {
  const said = server.filter((each) => each !== null);
  return line?.isShadow === true && own === null && said.length > 0 && said.every((each) => each);
}

/**
 * The finding that no bucket without a flag of its own is as the file's global shadow says. Where one is, the others may
 * have flags elsewhere, and nothing is said.
 */
export function globalDifference(buckets: readonly GloballyShadowed[], line: GlobalLine | null): readonly Finding[] {
  const told = buckets.filter(({ own, server }) => own === null && server.some((each) => each !== null));
  if (line === null || told.length === 0) return [];
  if (told.some(({ server }) => server.includes(line.isShadow))) return [];
  const names = told.map(({ name }) => quoteOutside(name, 40)).join(', ');
  const file = `the file says ${globalVariable}=${quoteOutside(line.raw, 40)} (line ${line.line})`;
  return [
    {
      code: 'SHADOW_DIFFERS',
      part: 'shadow',
      message: `global shadow: ${file}, the server says ${inWords(!line.isShadow)} for ${names}`,
      hint: 'run: rlctl reload, and where that changes nothing, restart the server',
    },
  ];
}

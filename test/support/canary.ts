import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

/** A text that must not be seen anywhere, and what it is. */
export interface Spelling {
  readonly what: string;
  readonly text: string;
}

/** Every spelling in which a secret, or a constant signature made with it, could slip out. */
export function spellingsOf(name: string, value: string): readonly Spelling[] {
  const bytes = Buffer.from(value);
  const base64 = bytes.toString('base64');
  return [
    { what: `${name} as it is`, text: value },
    { what: `${name} in base64`, text: base64.replace(/=+$/, '') },
    { what: `${name} in base64url`, text: bytes.toString('base64url') },
    { what: `${name} in hex`, text: bytes.toString('hex') },
    { what: `${name} in upper-case hex`, text: bytes.toString('hex').toUpperCase() },
    { what: `${name} percent-encoded`, text: encodeURIComponent(value) },
    { what: `${name} in a JSON text`, text: JSON.stringify(value).slice(1, -1) },
  ];
}

/** A signing secret: itself, and the signatures that stay the same for ever. */
export function spellingsOfSecret(value: string): readonly Spelling[] {
  const signatures = ['', 'reload', '{"action": "reload"}'].flatMap((payload) => {
    const digest = createHmac('sha256', value).update(payload).digest();
    return [
      { what: `the signature of ${JSON.stringify(payload)} in hex`, text: digest.toString('hex') },
      {
        what: `the signature of ${JSON.stringify(payload)} in base64`,
        text: digest.toString('base64').replace(/=+$/, ''),
      },
    ];
  });
  return [...spellingsOf('the secret', value), ...signatures];
}

/** What of this is found in a text. */
export function findCanaries(spellings: readonly Spelling[], text: string): readonly string[] {
  return spellings.filter(({ text: spelling }) => text.includes(spelling)).map(({ what }) => what);
}

export interface ProcessSampler {
  /** Every command line seen so far of this process's descendants. */
  readonly seen: ReadonlySet<string>;
  stop(): void;
}

/** Looks at the command lines of all descendants of this process, over and over, as `ps` on a shared machine would. */
export function sampleProcesses(): ProcessSampler {
  const seen = new Set<string>();
  const state = { timer: null as NodeJS.Timeout | null };
  const look = (): void => {
    for (const line of descendants()) seen.add(line);
    state.timer = setTimeout(look, 15);
  };
  look();
  return {
    seen,
    stop: () => {
      if (state.timer !== null) clearTimeout(state.timer);
    },
  };
}

/** The command lines of all descendants; the order of process ids does not matter. */
function descendants(): readonly string[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    const parent = /^\d+ \(.*\) \S (\d+)/s.exec(readProc(`/proc/${name}/stat`))?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const isOurs = (pid: number): boolean => {
    for (let each = parents.get(pid); each !== undefined; each = parents.get(each))
      if (each === process.pid) return true;
    return false;
  };
  return [...parents.keys()].filter(isOurs).map((pid) => readProc(`/proc/${pid}/cmdline`).replaceAll('\0', ' '));
}

/** A process may be gone by the time it is looked at. */
function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** What is wrong with a history; stable for scripts. */
export type AuditFault =
  | 'ENTRY_UNREADABLE'
  | 'ENTRY_TAMPERED'
  | 'ENTRY_MISSING'
  | 'ENTRY_INSERTED'
  | 'ENTRY_REORDERED'
  | 'TIME_BACKWARDS'
  | 'START_MISSING'
  | 'END_MISSING'
  | 'PAST_REWRITTEN'
  | 'CHANGE_MISSING';

/** One thing that is wrong, and where. */
export interface AuditFinding {
  readonly code: AuditFault;
  /** The entry's id in the stream; `null`: it is about what is not there. */
  readonly entryId: string | null;
  /** Its number, or the first of those that are not there; `null`: not known. */
  readonly sequence: number | null;
  /** A sentence. */
  readonly message: string;
}

/** A point of the history that was seen and is known to have been right: `12:0f3a…`. */
export interface AuditHead {
  readonly sequence: number;
  /** The hash chain's value there, 40 lowercase hex digits. */
  readonly chain: string;
}

/** `12:0f3a…` */
export function headText({ sequence, chain }: AuditHead): string {
  return `${sequence}:${chain}`;
}

/** Reads `12:0f3a…`; `null`: it is none. */
export function parseHead(text: string): AuditHead | null {
  const match = /^([1-9]\d{0,14}):([0-9a-f]{40})$/.exec(text);
  return match === null ? null : { sequence: Number(match[1]), chain: match[2] ?? '' };
}

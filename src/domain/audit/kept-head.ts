import { headText, parseHead, type AuditHead } from './finding.js';

/** The last point of a history that this machine found right. */
export interface KeptHead {
  readonly head: AuditHead;
  /** RFC 3339, by this machine's clock. */
  readonly at: string;
}

/** The text in which it is kept. */
export function keptHeadText({ head, at }: KeptHead): string {
  return `${JSON.stringify({ head: headText(head), at })}\n`;
}

/** Reads a kept point; `null`: it is none. */
export function parseKeptHead(text: string | null): KeptHead | null {
  try {
    const value = JSON.parse(text ?? 'null') as Partial<Record<'head' | 'at', unknown>> | null;
    const { head: headValue, at } = value ?? {};
    const head = typeof headValue === 'string' ? parseHead(headValue) : null;
    if (head === null || typeof at !== 'string' || Number.isNaN(Date.parse(at))) return null;
    return { head, at };
  } catch {
    return null;
  }
}

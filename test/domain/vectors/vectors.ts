import { readFileSync } from 'node:fs';

/** One value as Python's int() and bool() read it. `int`: `null` where int() raises; text where a double is too small. */
export interface CoercionVector {
  readonly raw: string;
  readonly int: number | string | null;
  readonly bool: boolean;
}

type PolicyRow = readonly [prefix: string | null, rate: number | string, burst: number | string, window: number | string, shadow: boolean];

/** One stored document as the server loads it, and what each of the routes then meets. */
export interface DocumentVector {
  readonly text?: string;
  readonly base64?: string;
  readonly readable: boolean;
  readonly prefixes: readonly string[];
  readonly matches: readonly PolicyRow[];
}

export interface Vectors {
  readonly base: readonly [rate: number, burst: number, window: number, shadow: boolean];
  readonly routes: readonly string[];
  readonly coercions: readonly CoercionVector[];
  readonly documents: readonly DocumentVector[];
}

export const vectorsPath = new URL('./vectors.json', import.meta.url).pathname;
export const generatorPath = new URL('./make-vectors.py', import.meta.url).pathname;

/** The committed golden vectors, made by python3. */
export function readVectors(): Vectors {
  return JSON.parse(readFileSync(vectorsPath, 'utf8')) as Vectors;
}

/** The stored bytes of a document vector. */
export function bytesOf({ text, base64 }: DocumentVector): Uint8Array {
  return base64 === undefined ? Buffer.from(text ?? '') : Buffer.from(base64, 'base64');
}

import { quoteOutside } from '../outside-text.js';
import { countText } from '../quantities.js';

/** Counts are extrapolated: what is nearer to none than to one is none. `null`, no data, is none too. */
export function isSome(count: number | null): boolean {
  return count !== null && count >= 0.5;
}

/** `read 12, financial 3`: the buckets that blocked, with how often. */
export function blockedText(buckets: readonly { readonly bucket: string; readonly blocked: number | null }[]): string {
  return buckets
    .filter(({ blocked }) => isSome(blocked))
    .map(({ bucket, blocked }) => `${quoteOutside(bucket, 30)} ${countText(blocked ?? 0)}`)
    .join(', ');
}

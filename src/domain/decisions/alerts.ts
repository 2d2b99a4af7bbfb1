/** The handbook's alert on blocked requests: their share of all decisions of a bucket, held for as long. */
export const blockShareAlert = { share: 0.05, windowMs: 5 * 60_000 } as const;

/** The bucket of which the handbook wants to hear about every single 429. */
const strictBucket = 'financial';

/**
 * The share of blocked requests, 0 to 1, above which an alert of the handbook fires for a bucket, by any of its names:
 * 5 %, and for financial anything above nothing.
 */
export function blockShareThreshold(names: readonly string[]): number {
  return names.includes(strictBucket) ? 0 : blockShareAlert.share;
}

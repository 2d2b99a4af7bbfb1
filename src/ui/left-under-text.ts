import type { LeftUnder } from '../domain/policy/under-route.js';

type Left = LeftUnder['enforcing'];

/** Whether nobody is refused under a route in shadow; `null`: it is not known. Without `left` nothing there can refuse. */
export function isNoneLeft(left: LeftUnder | null): boolean | null {
  if (left === null) return true;
  if (countOf(left.enforcing) > 0) return false;
  return countOf(left.untold) > 0 ? null : true;
}

/** What refuses under a route all the same, in sentences; empty: nothing does. */
export function leftRemarks(left: LeftUnder | null): readonly string[] {
  if (left === null) return [];
  const { enforcing, untold } = left;
  return [
    ...(countOf(enforcing) === 0
      ? []
      : [`under this route requests are refused all the same, by ${namedText(enforcing)}`]),
    ...(countOf(untold) === 0
      ? []
      : [`whether requests under this route are refused is not known of ${namedText(untold)}`]),
  ];
}

function countOf({ overrides, buckets }: Left): number {
  return overrides.length + buckets.length;
}

/** `the override "/api/a/b" and the buckets auth, write` */
function namedText({ overrides, buckets }: Left): string {
  const parts = [
    listed(
      'override',
      overrides.map((each) => JSON.stringify(each)),
    ),
    listed('bucket', buckets),
  ];
  return parts.filter((part) => part !== null).join(' and ');
}

const mostNamed = 5;

/** `the overrides "/api/a/b", "/api/c" and 3 more`; `null`: there is none. */
function listed(noun: string, names: readonly string[]): string | null {
  if (names.length === 0) return null;
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : '';
  return `the ${noun}${names.length === 1 ? '' : 's'} ${names.slice(0, mostNamed).join(', ')}${more}`;
}

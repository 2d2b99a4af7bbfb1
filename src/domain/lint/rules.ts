import { findRateBelowTraffic, findWideShadow } from './bucket-rules.js';
import {
  findGone,
  findInvalidFile,
  findLarge,
  findLoose,
  findRepeatedKeys,
  findTooLarge,
  findUnreadable,
} from './document-rules.js';
import {
  findCaseVariants,
  findMissingBoundaries,
  findPatterns,
  findSlashVariants,
  findUnmatchable,
} from './key-rules.js';
import {
  findNegativeBurst,
  findRateNotPositive,
  findRateTooHigh,
  findShownWindow,
  findZeroBurst,
} from './number-rules.js';
import { findEmpty, findHidden, findMatchAll, findOrderHazards } from './order-rules.js';
import type { LintRule } from './rule.js';
import { findCoerced, findRepeatedFields, findSkipped, findUnknownFields, findVanished } from './value-rules.js';

/** Every rule, the worst first. */
export const lintRules = [
  {
    name: 'unreadable',
    severity: 'error',
    summary: 'the server cannot read the document (syntax, byte order mark, a list…): a reload drops every override',
    cure: 'make it one JSON object again before anybody reloads',
    find: findUnreadable,
  },
  {
    name: 'document-gone',
    severity: 'error',
    summary: 'nothing is stored, though the history tells of overrides: a reload drops every override',
    cure: 'restore the last document before anybody reloads: rlctl override repair',
    find: findGone,
  },
  {
    name: 'invalid-file',
    severity: 'error',
    summary:
      'a file of overrides that is none: wrong syntax, an unknown field, a value of another type, a prefix twice',
    cure: 'correct it as rlctl override schema describes it',
    find: findInvalidFile,
  },
  {
    name: 'too-large',
    severity: 'error',
    summary: 'over 16 MiB: rlctl refuses to change it',
    cure: 'join entries under a common prefix',
    find: findTooLarge,
  },
  {
    name: 'duplicate-key',
    severity: 'error',
    summary: 'a prefix stands twice: the last value counts, at the first one’s place',
    cure: 'keep one of them',
    find: findRepeatedKeys,
  },
  {
    name: 'skipped-entry',
    severity: 'error',
    summary: 'a rate, burst or window that is no whole number (null, "abc"): the server skips the entry',
    cure: 'write a whole number, or leave the field out',
    find: findSkipped,
  },
  {
    name: 'vanished-entry',
    severity: 'error',
    summary: 'a value that is no object: the server drops the entry while loading',
    cure: 'give it an object, or remove it',
    find: findVanished,
  },
  {
    name: 'rate-too-high',
    severity: 'error',
    summary: 'a rate over 60000: the interval becomes 0 ms, which blocks every request',
    cure: 'write at most 60000',
    find: findRateTooHigh,
  },
  {
    name: 'rate-not-positive',
    severity: 'error',
    summary: 'a rate of 0 or less: no interval follows from it, and the server fails or blocks every request',
    cure: 'write at least 1',
    find: findRateNotPositive,
  },
  {
    name: 'negative-burst',
    severity: 'error',
    summary: 'a burst below 0: a caller not seen before never gets through',
    cure: 'write 0 or more',
    find: findNegativeBurst,
  },
  {
    name: 'hidden-prefix',
    severity: 'warning',
    summary:
      'an earlier prefix takes every route of this one, which never wins: the first match counts, not the longest',
    cure: 'put it in front of the other',
    find: findHidden,
  },
  {
    name: 'order-hazard',
    severity: 'warning',
    summary: 'an entry that is not used now stands in front of others: repaired there, it takes all their routes',
    cure: 'put it behind them before it is repaired, or remove it',
    find: findOrderHazards,
  },
  {
    name: 'missing-boundary',
    severity: 'warning',
    summary:
      'a prefix that ends inside a segment and is seen to take another known route: /api/pay also takes /api/payments',
    cure: 'end it with a slash, or put the other route in front',
    find: findMissingBoundaries,
  },
  {
    name: 'match-all',
    severity: 'warning',
    summary: '"" or "/": it starts every route of every bucket',
    cure: 'name the routes that are meant',
    find: findMatchAll,
  },
  {
    name: 'unmatchable-prefix',
    severity: 'warning',
    summary: 'no route can start with it: no leading slash, a query, a * at its end, a control character',
    cure: 'write the start of the path as a client asks for it',
    find: findUnmatchable,
  },
  {
    name: 'case-variant',
    severity: 'warning',
    summary: 'two prefixes that differ by case alone; the server tells them apart',
    cure: 'keep the one that clients ask for',
    find: findCaseVariants,
  },
  {
    name: 'coerced-value',
    severity: 'warning',
    summary: 'a value that is read as another one: "false" is true, "12" is 12, 12.9 is 12, true is 1',
    cure: 'write the value with its own type',
    find: findCoerced,
  },
  {
    name: 'unknown-field',
    severity: 'warning',
    summary: 'a field that the server ignores, such as rate_per_min or window_s',
    cure: 'use rate, burst, window or shadow, or remove it',
    find: findUnknownFields,
  },
  {
    name: 'duplicate-field',
    severity: 'warning',
    summary: 'a field that stands twice in one entry: the last one counts',
    cure: 'remove the others',
    find: findRepeatedFields,
  },
  {
    name: 'empty-entry',
    severity: 'warning',
    summary: 'an entry that sets nothing, and yet takes its routes from every entry behind it',
    cure: 'give it a rate or a burst, or remove it',
    find: findEmpty,
  },
  {
    name: 'wide-shadow',
    severity: 'warning',
    summary: 'an override with shadow true that takes configured routes of another bucket along',
    cure: 'put an override with shadow false for those routes in front',
    find: findWideShadow,
  },
  {
    name: 'rate-below-traffic',
    severity: 'warning',
    summary:
      'a rate under what a bucket’s callers ask, while more of them are over their limit than the alert allows (stored document, with metrics)',
    cure: 'raise the burst first, then the rate',
    find: findRateBelowTraffic,
  },
  {
    name: 'loose-json',
    severity: 'warning',
    summary: 'NaN, Infinity, or nested over 64 deep: the server’s reader takes it, no other does, and rlctl refuses it',
    cure: 'write plain JSON',
    find: findLoose,
  },
  {
    name: 'slash-variant',
    severity: 'note',
    summary: 'two prefixes that differ by the slash at their end alone',
    cure: 'keep both only where they are meant to differ',
    find: findSlashVariants,
  },
  {
    name: 'pattern',
    severity: 'note',
    summary: '{id}, <id>, :id or * inside a prefix: it is compared letter by letter',
    cure: 'end the prefix in front of it',
    find: findPatterns,
  },
  {
    name: 'zero-burst',
    severity: 'note',
    summary: 'a burst of 0: of two requests at once the second is refused, whatever the rate',
    cure: 'write 1 or more, unless that is meant',
    find: findZeroBurst,
  },
  {
    name: 'displayed-window',
    severity: 'note',
    summary: 'a window other than 60 beside a rate: it is only displayed, the rate counts per minute',
    cure: 'give the rate per minute',
    find: findShownWindow,
  },
  {
    name: 'large-document',
    severity: 'note',
    summary:
      'over 1000 entries, which the server tries one by one, or over 1 MiB, which every process parses at a reload',
    cure: 'join entries under a common prefix',
    find: findLarge,
  },
] as const satisfies readonly LintRule[];

export type LintRuleName = (typeof lintRules)[number]['name'];

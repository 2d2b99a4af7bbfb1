import { counted } from '../counted.js';
import { defaultMaxDocumentBytes } from '../override/document.js';
import type { Discovery } from './rule.js';
import type { LintSubject } from './subject.js';
import { named } from './wording.js';

// What concerns the document as a whole.

export function* findUnreadable({ fault }: LintSubject): Iterable<Discovery> {
  if (fault === null) return;
  yield {
    at: fault.at,
    route: null,
    message: `the server cannot read the document: ${fault.reason}; a reload drops every override`,
    cure: 'Make it one JSON object again, and do not reload before',
    command: ['override repair'],
  };
}

export function* findGone({ isGone }: LintSubject): Iterable<Discovery> {
  if (!isGone) return;
  yield {
    at: null,
    route: null,
    message: 'the document is gone, though the history tells of overrides in it; a reload drops every override',
    cure: 'Restore the last one, and do not reload before',
    command: ['override repair'],
  };
}

export function* findInvalidFile({ fileFaults }: LintSubject): Iterable<Discovery> {
  for (const { at, message, cure } of fileFaults) {
    yield { at, route: null, message, cure: cure.replace(/\.$/, ''), command: null };
  }
}

export function* findLoose({ strictFault }: LintSubject): Iterable<Discovery> {
  if (strictFault === null) return;
  yield {
    at: strictFault.at,
    route: null,
    message: `only the server's reader takes this as JSON: ${strictFault.reason}; rlctl refuses to change the document`,
    cure: 'Write plain JSON',
    command: null,
  };
}

export function* findRepeatedKeys({ repeatedKeys }: LintSubject): Iterable<Discovery> {
  for (const { key, at } of repeatedKeys) {
    yield {
      at,
      route: key,
      message: `the key ${named(key)} stands here again: the server takes the last value at the first one's place, and rlctl refuses to change the document`,
      cure: 'Keep one of them, where it is to match',
      command: null,
    };
  }
}

// The server compares a request with one entry after the other: a thousand is where that begins to cost.
const manyEntries = 1000;
// The size from which Redis's own advice calls a value big; every process fetches and parses it whole at each reload.
const largeBytes = 1024 * 1024;

export function* findLarge({ entries, size }: LintSubject): Iterable<Discovery> {
  const whole = { at: null, route: null, command: null };
  if (entries.length > manyEntries) {
    yield {
      ...whole,
      message: `${counted(entries.length, 'entry', 'entries')}: the server tries them one after the other, for each request`,
      cure: `Put what is asked most in front, and join entries under a common prefix; up to ${manyEntries} nothing is said`,
    };
  }
  if (size > largeBytes && size <= defaultMaxDocumentBytes) {
    yield {
      ...whole,
      message: `${counted(size, 'byte')}: every process of the server fetches and parses them all at each reload`,
      cure: `Join entries under a common prefix; up to ${largeBytes} bytes nothing is said`,
    };
  }
}

export function* findTooLarge({ size }: LintSubject): Iterable<Discovery> {
  if (size <= defaultMaxDocumentBytes) return;
  yield {
    at: null,
    route: null,
    message: `more than ${defaultMaxDocumentBytes} bytes: rlctl refuses to change such a document`,
    cure: 'Join entries under a common prefix',
    command: null,
  };
}

import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { replayFaults, type Entry } from './oracle.js';

const documents = ['{}', '{"a":1}', '{"a":2}'].map((text) => Buffer.from(text));
const sha = (bytes: Buffer | undefined): string =>
  createHash('sha256')
    .update(bytes ?? '')
    .digest('hex');

/** A history, chained as the tool chains it, of the splices and snapshots given. */
function historyOf(...steps: readonly Partial<Entry>[]): readonly Entry[] {
  const chain = { value: '' };
  return steps.map((step, index) => {
    const [prev, next] = [sha(documents[index]), sha(documents[index + 1])];
    const entry = {
      timeMs: 0,
      kind: 'change',
      id: `id${index}`,
      sequence: index + 1,
      prev,
      next,
      document: null,
      why: '',
    };
    const made = { ...entry, body: null, ...step, text: JSON.stringify(step.body ?? null) };
    const words = [chain.value, made.kind, made.id, made.sequence, made.prev, made.next, made.text];
    chain.value = createHash('sha1').update(words.join('\n')).digest('hex');
    return { ...made, chain: chain.value };
  });
}

const splice = (at: number, removed: string, inserted: string): Partial<Entry> => ({
  body: { command: 'override set', routes: [], splices: [{ at, removed, inserted }] },
});

const first = documents[0] ?? null;
const last = documents[2] ?? null;
const whole = historyOf(splice(1, '', '"a":1'), splice(5, '1', '2'));

test('a history that leads from the first document to the last has no faults', () => {
  expect(replayFaults(whole, { first, last })).toEqual([]);
  expect(replayFaults(whole, { first: null, last })).toEqual([]);
});

test.each<[string, readonly Entry[], string]>([
  ['a change that is missing at the end', whole.slice(0, 1), 'the history does not lead to the stored document'],
  ['one that is missing at the start', whole.slice(1), 'entry 1 is numbered 2'],
  ['one that leads elsewhere', historyOf(splice(1, '', '"a":1'), splice(5, '1', '3')), 'does not lead to the revision'],
  ['one that removes what is not there', historyOf(splice(1, 'x', '"a":1')), 'is not there, at byte 1'],
  ['an entry that was altered', whole.map((each) => ({ ...each, text: `${each.text} ` })), 'entry 1 breaks the chain'],
])('the oracle sees %s', (_, entries, fault) => {
  expect(replayFaults(entries, { first, last }).join('\n')).toContain(fault);
});

test('what somebody else wrote is a fault, unless somebody else is expected to write', () => {
  const theirs = Buffer.from('{"b":3}');
  const foreign = { kind: 'snapshot', why: 'foreign', prev: sha(theirs), next: sha(theirs), document: theirs };
  const entries = historyOf(splice(1, '', '"a":1'), foreign);
  expect(replayFaults(entries, { first, last: theirs })[0]).toContain('snapshot 2 (foreign) is not what');
  expect(replayFaults(entries, { first, last: theirs, hasForeign: true })).toEqual([]);
});

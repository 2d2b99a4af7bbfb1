import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { RlctlError } from '../../../src/domain/errors.js';
import { rawValue, scanDocument, type OverrideDocument } from '../../../src/domain/override/document.js';
import { setOverride, unsetOverride, type Edit, type Placement } from '../../../src/domain/override/edit.js';
import { applySplices, invertSplices } from '../../../src/domain/override/splices.js';
import { loadOverrides } from '../../../src/domain/policy/matching.js';
import { documents, keys, patches } from './generated.js';

// What must hold of any document, for the properties among the tests and for the long trial alike: each `assert…` throws.

/** A set or an unset, somewhere in a document. */
export const edits = fc.record({
  text: documents,
  route: keys,
  patch: patches,
  action: fc.constantFrom('set', 'set', 'unset', 'before', 'after'),
  anchor: fc.nat(),
});
type WantedEdit = typeof edits extends fc.Arbitrary<infer Wanted> ? Wanted : never;

export function perform(document: OverrideDocument, { route, patch, action, anchor }: WantedEdit): Edit {
  if (action === 'unset') return unsetOverride(document, route);
  const anchors = document.members.filter(({ key }) => key !== route);
  const prefix = anchors[anchor % Math.max(1, anchors.length)]?.key;
  const placement: Placement =
    action === 'set' || prefix === undefined
      ? { kind: 'auto' }
      : { kind: action === 'before' ? 'before' : 'after', prefix };
  return setOverride(document, route, patch, placement);
}

/** Every member but one, with its exact text, in order. */
function others(document: OverrideDocument, route: string): string {
  return document.members
    .filter(({ key }) => key !== route)
    .map((member) => Buffer.from(document.bytes.subarray(member.start, member.end)).toString('latin1'))
    .join('\n--\n');
}

/** Others byte-identical and in order, splices exact both ways, the result sound and as told. */
export function assertEdited(wanted: WantedEdit): void {
  const document = scanDocument(Buffer.from(wanted.text));
  const edit = perform(document, wanted);
  const result = scanDocument(edit.next);
  assert.equal(others(result, wanted.route), others(document, wanted.route));
  assert.ok(Buffer.from(applySplices(document.bytes, edit.splices ?? [])).equals(edit.next));
  assert.equal(Buffer.from(applySplices(edit.next, invertSplices(edit.splices ?? []))).toString(), wanted.text);
  const member = result.byKey.get(wanted.route);
  const raw = member === undefined ? null : rawValue(result, member);
  for (const { after } of edit.changes) assert.equal(after, raw);
  assert.ok(edit.changes.length > 0 || Buffer.from(edit.next).toString() === wanted.text);
  assert.equal(raw !== null, wanted.action !== 'unset');
  if (wanted.action === 'unset') return;
  const loaded = loadOverrides(edit.next).entries.find(({ prefix }) => prefix === wanted.route);
  assert.deepEqual({ ...loaded?.fields, ...wanted.patch }, { ...loaded?.fields });
}

/** The scanner reads the keys and values that JSON.parse reads. */
export function assertScanned(text: string): void {
  const document = scanDocument(Buffer.from(text));
  const parsed = JSON.parse(text) as Record<string, unknown>;
  assert.deepEqual(document.members.map(({ key }) => key).toSorted(), Object.keys(parsed).toSorted());
  for (const member of document.members) {
    const value: unknown = Object.getOwnPropertyDescriptor(parsed, member.key)?.value;
    assert.equal(JSON.stringify(JSON.parse(rawValue(document, member))), JSON.stringify(value));
  }
}

const interesting = fc.constantFrom(
  ...Buffer.from('{}[]",:\\/0123456789-+.eEtrufalsn \t\n\r\0\u007f'),
  0x80,
  0xc3,
  0xe2,
  0xed,
  0xa0,
  0xf0,
  0xff,
);
const mutations = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom('set', 'insert', 'cut', 'drop'),
  byte: interesting,
});

/** The bytes of a document in which up to three bytes were set, inserted or dropped, or which was cut off. */
export const mutatedDocuments: fc.Arbitrary<Buffer> = fc
  .tuple(documents, fc.array(mutations, { minLength: 1, maxLength: 3 }))
  .map(([text, changes]) =>
    changes.reduce<Buffer>((bytes, { at, kind, byte }) => {
      const position = at % (bytes.length + 1);
      if (kind === 'cut') return bytes.subarray(0, position);
      const tail = kind === 'insert' ? bytes.subarray(position) : bytes.subarray(position + 1);
      return Buffer.concat([bytes.subarray(0, position), Buffer.from(kind === 'drop' ? [] : [byte]), tail]);
    }, Buffer.from(text)),
  );

/** Whether JSON.parse takes it for an object, from bytes that are UTF-8. */
function isObject(bytes: Buffer): boolean {
  const text = bytes.toString('utf8');
  if (!Buffer.from(text).equals(bytes)) return false;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** Never accepts what JSON.parse refuses, and refuses duplicate keys besides, nothing else. Whether it was accepted. */
export function assertStrict(bytes: Buffer): boolean {
  const code = refusalCode(bytes);
  const allowed = isObject(bytes) ? [null, 'DOCUMENT_DUPLICATE_KEYS'] : ['DOCUMENT_CORRUPT', 'DOCUMENT_DUPLICATE_KEYS'];
  assert.ok(allowed.includes(code), `${code ?? 'accepted'}, expected ${allowed.join(' or ')}`);
  return code === null;
}

/** Why a document is refused; `null`: it is accepted. */
export function refusalCode(bytes: Buffer): string | null {
  try {
    scanDocument(bytes);
    return null;
  } catch (error) {
    if (error instanceof RlctlError && error.kind === 'guard') return error.code;
    throw error;
  }
}

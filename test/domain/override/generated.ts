import * as fc from 'fast-check';

/** Keys with every trap: prefixes of each other, escapes, pairs, digits that engines reorder, names of Object's own. */
export const keys = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('/api', '/api/search', '/api/s', '/', '', '/api/pay', '/api/pay/x', '/b', '/c', '/d'),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString', '/__proto__', '1', '0', '/é', '/😀', '/"q\\'),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
);

const scalars = fc.oneof(
  fc.constantFrom(
    '1',
    '60',
    '12.0',
    '-3',
    '1e2',
    '123456789012345678901234567890',
    '"12"',
    'true',
    'false',
    'null',
    '""',
  ),
  fc.string({ unit: 'binary', maxLength: 5 }).map((text) => JSON.stringify(text)),
);

/** How whitespace is put between the parts; the same everywhere in one document, as writers do, or at random. */
interface Spacing {
  readonly lead: string;
  readonly gap: string;
  readonly colon: string;
  readonly tail: string;
}

const spacings = fc.oneof(
  fc.constantFrom<Spacing>(
    { lead: '', gap: '', colon: ':', tail: '' },
    { lead: '', gap: ' ', colon: ': ', tail: '' },
    { lead: '\n  ', gap: '\n  ', colon: ': ', tail: '\n' },
    { lead: '\r\n\t', gap: '\r\n\t', colon: ' : ', tail: '\r\n' },
  ),
  fc.record({
    lead: fc.constantFrom('', ' ', '\n', '\t '),
    gap: fc.constantFrom('', ' ', '\n\n'),
    colon: fc.constantFrom(':', ' :', ':\n'),
    tail: fc.constantFrom('', ' ', '\n'),
  }),
);

function writeObject(members: readonly (readonly [string, string])[], { lead, gap, colon, tail }: Spacing): string {
  const written = members.map(([key, raw]) => `${key}${colon}${raw}`);
  return written.length === 0 ? `{${tail}}` : `{${lead}${written.join(`,${gap}`)}${tail}}`;
}

/** A key as some writer may spell it. */
const spellings = (key: string) =>
  fc.constantFrom(
    JSON.stringify(key),
    JSON.stringify(key).replaceAll('/', '\\/'),
    JSON.stringify(key).replaceAll('a', '\\u0061'),
  );

const fieldNames = fc.constantFrom('rate', 'burst', 'window', 'shadow', 'note', 'rate', '__proto__', 'r\u00e9');

const objects = spacings.chain((spacing) =>
  fc.array(fc.tuple(fieldNames, scalars), { maxLength: 4 }).map((fields) =>
    writeObject(
      fields.map(([name, raw]) => [JSON.stringify(name), raw] as const),
      spacing,
    ),
  ),
);

const values = fc.oneof(
  { weight: 6, arbitrary: objects },
  { weight: 1, arbitrary: scalars },
  { weight: 1, arbitrary: fc.constantFrom('[]', '[1, {"a":[]}]', '{}', '{ }', '{"a":{"b":{"c":[[]]}}}') },
);

/** Well-formed override documents of every style. */
export const documents: fc.Arbitrary<string> = fc
  .tuple(
    fc.uniqueArray(fc.tuple(keys, values), { selector: ([key]) => key, maxLength: 7 }),
    spacings,
    fc.constantFrom('', ' ', '\n'),
  )
  .chain(([members, spacing, edge]) =>
    fc
      .tuple(...members.map(([key, raw]) => spellings(key).map((spelling) => [spelling, raw] as const)))
      .map((written) => edge + writeObject(written, spacing) + edge),
  );

/** A patch that names at least one field. */
export const patches = fc
  .record(
    {
      ratePerMin: fc.integer({ min: 1, max: 60_000 }),
      burst: fc.integer({ min: 0, max: 100_000 }),
      windowSeconds: fc.integer({ min: 1, max: 86_400 }),
      isShadow: fc.boolean(),
    },
    { requiredKeys: [] },
  )
  .filter((patch) => Object.keys(patch).length > 0);

import * as z from 'zod/mini';
import { counted } from '../counted.js';
import { RlctlError } from '../errors.js';
import { faultLine, formFaults, placedFaults, type FormWords } from '../form-faults.js';
import { pathText, placeText, type PlacedFile } from '../placed-file.js';
import type { BasePolicy, PolicyTest, PolicyTestFile } from './policy-test.js';

const expectedFields = ['rate', 'burst', 'window', 'shadow', 'matched', 'limit'] as const;
const testFields = ['name', 'route', 'routes', 'method', 'bucket', 'expect'] as const;
const fileFields = ['apiVersion', 'kind', 'buckets', 'tests'] as const;

/** The form of a file of policy tests; one source for the check and for the JSON Schema. */
function testFileSchema() {
  const said = (text: string) => z.describe(text);
  const text = z.string().check(z.minLength(1, 'must not be empty'));
  const route = z.string().check(z.startsWith('/', 'must start with /'), said('A path as a client asks for it.'));
  const whole = (meaning: string) => z.optional(z.int().check(said(meaning)));
  const policyFields = {
    rate: whole('Requests per minute.'),
    burst: whole('Requests beyond the first that may come at once.'),
    window: whole('Seconds; displayed only.'),
    shadow: z.optional(z.boolean().check(said('True: counted, never blocked.'))),
  };
  const expect = z
    .strictObject({
      ...policyFields,
      matched: z.optional(
        z.nullable(z.string()).check(said('The prefix of the override that decides; null: no override does.')),
      ),
      limit: whole('Requests at once, as X-RateLimit-Limit says it: burst + 1.'),
    })
    .check(
      z.refine((fields) => Object.keys(fields).length > 0, `must name at least one of ${expectedFields.join(', ')}`),
      said('What the policy must be; a field that is not named may be anything.'),
    );
  const test = z
    .strictObject({
      name: z.optional(text.check(said('What the test is called in reports; else its route.'))),
      route: z.optional(route),
      routes: z.optional(
        z.array(route).check(z.minLength(1, 'must not be empty'), said('Several routes that expect the same.')),
      ),
      method: z.optional(
        z.string().check(z.regex(/^[A-Za-z]+$/, 'must be an HTTP method'), said('HTTP method; else GET.')),
      ),
      bucket: z.optional(text.check(said('The bucket that guards the route; else the configured one.'))),
      expect,
    })
    .check(
      z.refine(
        ({ route: one, routes }) => (one === undefined) !== (routes === undefined),
        'must have either route or routes',
      ),
    );
  return z.strictObject({
    apiVersion: z.optional(z.literal('rlctl/v1')),
    kind: z.optional(z.literal('PolicyTests')),
    buckets: z.optional(
      z
        .record(text, z.strictObject(policyFields))
        .check(said('The buckets’ own policies, for fields that no override sets, where no server is asked.')),
    ),
    tests: z.array(test).check(z.minLength(1, 'must hold at least one test')),
  });
}

type WrittenTest = z.infer<ReturnType<typeof testFileSchema>>['tests'][number];

/** The JSON Schema (draft 7) of a file of policy tests, by which editors complete and check it. */
export function policyTestSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(testFileSchema(), {
    target: 'draft-7',
    override: ({ jsonSchema }) => {
      const { properties } = jsonSchema;
      if (properties?.['expect'] !== undefined) jsonSchema.oneOf = [{ required: ['route'] }, { required: ['routes'] }];
      if (properties?.['matched'] !== undefined) jsonSchema.minProperties = 1;
    },
  });
  return { title: 'Tests of rate-limit policies', ...schema };
}

/** Checks a file of tests and takes it apart. Throws one usage error that lists every fault with its place. */
export function parsePolicyTests(placed: PlacedFile): PolicyTestFile {
  const result = testFileSchema().safeParse(placed.value ?? {}, { reportInput: true });
  if (!result.success) throw invalidTests(placed.file, faultsOf(result.error.issues, placed));
  const { tests, buckets = {} } = result.data;
  return {
    tests: tests.flatMap((test, index) => testsOf(test, index, placed)),
    bases: new Map(Object.entries(buckets).map(([name, fields]) => [name, baseOf(fields)])),
  };
}

/** The usage error of a file of tests that has these faults, each a line with its place. */
export function invalidTests(file: string, faults: readonly string[]): RlctlError {
  const shown =
    faults.length > mostFaults ? [...faults.slice(0, mostFaults), `… and ${faults.length - mostFaults} more`] : faults;
  return new RlctlError(
    'usage',
    `${file === '-' ? 'stdin' : file} has ${counted(faults.length, 'fault')}; nothing was tested:\n  ${shown.join('\n  ')}`,
    {
      code: 'POLICY_TESTS_INVALID',
      hint: 'Correct the places named; "rlctl policy test --schema" prints the form of the file.',
      details: { faults },
    },
  );
}

const mostFaults = 100;

function testsOf(
  { name, route, routes, method = 'GET', bucket, expect }: WrittenTest,
  index: number,
  placed: PlacedFile,
): readonly PolicyTest[] {
  const named = (one: string): string => (name === undefined ? one : routes === undefined ? name : `${name} [${one}]`);
  return (routes ?? [route ?? '']).map((one, position) => ({
    name: named(one),
    route: one,
    method: method.toUpperCase(),
    bucket: bucket ?? null,
    expected: expect,
    place: () => placed.placeOf(['tests', index, ...(routes === undefined ? [] : ['routes', position])]),
  }));
}

function baseOf({
  rate,
  burst,
  window,
  shadow,
}: Pick<WrittenTest['expect'], 'rate' | 'burst' | 'window' | 'shadow'>): BasePolicy {
  return {
    ...(rate === undefined ? {} : { ratePerMin: rate }),
    ...(burst === undefined ? {} : { burst }),
    ...(window === undefined ? {} : { windowSeconds: window }),
    ...(shadow === undefined ? {} : { isShadow: shadow }),
  };
}

/** One line for each fault, in the order of the file. */
function faultsOf(issues: readonly z.core.$ZodIssue[], placed: PlacedFile): readonly string[] {
  return placedFaults(formFaults(issues, words), placed).map(
    (fault) => `${placeText(fault.place)}: ${pathText(fault.path)} ${faultLine(fault)}`,
  );
}

const words: FormWords = {
  knownAt: (path) => {
    if (path.at(-1) === 'expect' || path[0] === 'buckets') return expectedFields;
    return path.length === 0 ? fileFields : testFields;
  },
  types: { number: 'a whole number', string: 'a text (write numbers and words like null in quotes)' },
  say: ({ code, message }) => {
    const isBound = code === 'too_big' || code === 'too_small';
    return isBound && !message.startsWith('must') ? 'is a number too large to be exact' : null;
  },
  otherwise: 'is not accepted',
};

import * as z from 'zod/mini';
import { inputNamePattern } from './template.js';

const stepIdPattern = /^[a-z][a-z0-9-]{0,39}$/;

/** The names of the fields of each part, for what was probably meant by another one. */
export const runbookFields = {
  runbook: ['apiVersion', 'kind', 'title', 'summary', 'inputs', 'oneOf', 'steps'],
  input: ['type', 'description', 'default', 'example', 'optional', 'choices', 'min', 'max', 'pattern', 'when'],
  step: 'id title why when onlyIfNoEffect ifNoEffect precheck postcheck undo rlctl exits fields http promql manual exec'.split(
    ' ',
  ),
  act: ['rlctl', 'exits', 'fields', 'http', 'promql', 'manual', 'exec'],
} as const;

/** What an act is one of. */
export const actKinds = ['rlctl', 'http', 'promql', 'manual', 'exec'] as const;

const said = (text: string) => z.describe(text);

/** The form of a runbook's file; one source for the check and for the JSON Schema. */
export function runbookFileSchema() {
  const text = z.string().check(z.minLength(1, 'must not be empty'));
  const scalar = z.union([z.string(), z.number(), z.boolean()]);
  const words = z
    .array(z.union([text, z.array(text).check(z.minLength(1, 'must not be empty'))]))
    .check(
      z.minLength(1, 'must not be empty'),
      said(
        'Words of a command, never a shell’s. A list inside is left out where an optional input in it is not given.',
      ),
    );
  const when = z
    .record(z.string(), z.union([text, z.array(text)]))
    .check(said('Only where these inputs have one of these values; "*" is any value at all.'));
  const act = {
    rlctl: z.optional(words.check(said('An rlctl command, without "rlctl": [override, set, "{{route}}"].'))),
    exits: z.optional(z.array(z.int()).check(said('Exit codes that count as done; else 0 alone.'))),
    fields: z.optional(
      z
        .record(text, z.union([scalar, z.strictObject({ atMost: scalar }), z.strictObject({ atLeast: scalar })]))
        .check(
          said(
            'Fields of the Result and what they must be: {"proof.verdict": proven, "server.burst": {atMost: "{{burst}}"}}.',
          ),
        ),
    ),
    http: z.optional(
      z
        .strictObject({
          path: z.optional(text.check(said('A path on the environment’s own API.'))),
          url: z.optional(text.check(said('An address; its host is written out.'))),
          method: z.optional(z.enum(['GET', 'HEAD'], 'must be GET or HEAD')),
          status: z.optional(z.union([z.int(), z.array(z.int())]).check(said('What it must answer; else 200.'))),
          contains: z.optional(text.check(said('A text that the body must hold.'))),
        })
        .check(
          z.refine(({ path, url }) => (path === undefined) !== (url === undefined), 'must have either path or url'),
        ),
    ),
    promql: z.optional(
      z
        .strictObject({
          query: text,
          below: z.optional(z.number()),
          above: z.optional(z.number()),
          equals: z.optional(z.number()),
          noData: z.optional(z.enum(['fail', 'pass'], 'must be fail or pass')),
        })
        .check(
          z.refine(
            ({ below, above, equals }) => [below, above, equals].filter((each) => each !== undefined).length === 1,
            'must have one of below, above and equals',
          ),
          said('What every number that the query answers must be. No data is a failure, unless noData is pass.'),
        ),
    ),
    manual: z.optional(text.check(said('What a person does, and then says to be done.'))),
    exec: z.optional(
      z
        .strictObject({ argv: words, repeatable: z.optional(z.boolean()) })
        .check(said('A program, without a shell; only where the file is trusted.')),
    ),
  };
  const isOneAct = (given: unknown): boolean =>
    actKinds.filter((kind) => (given as Readonly<Record<string, unknown>>)[kind] !== undefined).length === 1;
  const isOneWay = (given: unknown): boolean =>
    Object.values(given as Readonly<Record<string, unknown>>).filter((each) => each !== undefined).length === 1;
  const oneAct = z.refine(isOneAct, `must have exactly one of ${actKinds.join(', ')}`);
  const acts = z.array(z.strictObject(act).check(oneAct));
  const step = z
    .strictObject({
      id: z.string().check(z.regex(stepIdPattern, 'must be small letters, digits and -, beginning with a letter')),
      title: text.check(said('What it does, in a few words.')),
      why: z.optional(text.check(said('Why, for the handbook page; Markdown.'))),
      when: z.optional(when),
      onlyIfNoEffect: z.optional(
        z.union([text, z.array(text)]).check(said('Only where an earlier step of this id had no effect.')),
      ),
      ifNoEffect: z.optional(
        z
          .enum(['stop', 'continue'], 'must be stop or continue')
          .check(said('What the run does where this step turns out to have no effect; else it stops.')),
      ),
      precheck: z.optional(acts.check(said('What must hold before; nothing is done where it does not.'))),
      postcheck: z.optional(acts.check(said('What must be seen after; where it is not, the step had no effect.'))),
      undo: z.optional(
        z
          .strictObject({
            rlctl: act.rlctl,
            manual: act.manual,
            exec: act.exec,
            nothing: z.optional(text.check(said('Why there is nothing to take back.'))),
          })
          .check(
            z.refine(isOneWay, 'must have exactly one of rlctl, manual, exec, nothing'),
            said('How it is taken back; changes of overrides are taken back from the history without it.'),
          ),
      ),
      ...act,
    })
    .check(oneAct);
  const input = z.strictObject({
    type: z.enum(
      ['string', 'integer', 'duration', 'route', 'bucket', 'identity', 'choice'],
      'must be string, integer, duration, route, bucket, identity or choice',
    ),
    description: z.optional(text),
    default: z.optional(scalar),
    example: z.optional(scalar.check(said('A value as one is likely to be given, for examples.'))),
    optional: z.optional(z.boolean()),
    choices: z.optional(z.array(text).check(z.minLength(1, 'must not be empty'))),
    min: z.optional(z.int()),
    max: z.optional(z.int()),
    pattern: z.optional(text.check(said('A regular expression that a string must match as a whole.'))),
    when: z.optional(when),
  });
  return z.strictObject({
    apiVersion: z.optional(z.literal('rlctl/v1')),
    kind: z.optional(z.literal('Runbook')),
    title: text,
    summary: text,
    inputs: z.optional(
      z.record(z.string().check(z.regex(inputNamePattern, 'must be a name: letters, digits, - and _')), input),
    ),
    oneOf: z.optional(z.array(z.array(text)).check(said('Of each list of inputs at least one is to be given.'))),
    steps: z.array(step).check(z.minLength(1, 'must hold at least one step')),
  });
}

/** A runbook as its file says it. */
export type WrittenRunbook = z.infer<ReturnType<typeof runbookFileSchema>>;
export type WrittenStep = WrittenRunbook['steps'][number];
export type WrittenInput = NonNullable<WrittenRunbook['inputs']>[string];
export type WrittenAct = Pick<WrittenStep, 'rlctl' | 'exits' | 'fields' | 'http' | 'promql' | 'manual' | 'exec'>;

/** The JSON Schema (draft 7) of a runbook's file, by which editors complete and check it. */
export function runbookSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(runbookFileSchema(), {
    target: 'draft-7',
    override: ({ jsonSchema }) => {
      const properties = jsonSchema.properties ?? {};
      const kinds = [...actKinds, 'nothing'].filter((kind) => properties[kind] !== undefined);
      if (kinds.length > 1) jsonSchema.oneOf = kinds.map((kind) => ({ required: [kind] }));
      if (properties['path'] !== undefined && properties['url'] !== undefined)
        jsonSchema.oneOf = [{ required: ['path'] }, { required: ['url'] }];
      if (properties['below'] !== undefined)
        jsonSchema.oneOf = [{ required: ['below'] }, { required: ['above'] }, { required: ['equals'] }];
    },
  });
  return { title: 'Runbook of rlctl', ...schema };
}

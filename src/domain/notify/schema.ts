import { textLimits, type NotifyEvent } from './event.js';

type JsonSchema = Readonly<Record<string, unknown>>;

const time = { type: 'string', format: 'date-time' } as const;
const orNull = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: 'null' }] });
const text = (description: string, maxLength: number): JsonSchema => ({ description, type: 'string', maxLength });

const fields: Readonly<Record<keyof NotifyEvent, JsonSchema>> = {
  apiVersion: { const: 'rlctl/v1' },
  kind: { const: 'Event' },
  type: {
    description: 'What happened: change.made, flags.set, reload.sent, panic.acted, rollout.stage, incident.started, …',
    type: 'string',
    pattern: '^[a-z]+\\.[A-Za-z]+$',
  },
  id: {
    description:
      'The same as the header webhook-id: whoever has seen it has seen this event. That of a change is its id.',
    type: 'string',
    pattern: '^[^.]+$',
  },
  time: { description: 'When it happened, UTC.', ...time },
  since: orNull({ description: 'When what it ends began, UTC; null: it is a moment.', ...time }),
  environment: text('The environment by its name in rlctl.yaml.', textLimits.name),
  actor: text('Who acted.', textLimits.name),
  rlctl: { description: 'The version of rlctl.', type: 'string' },
  command: text('What acted: override set.', textLimits.command),
  summary: text('One sentence for people.', textLimits.summary),
  routes: {
    description: 'The routes that it touched, as many as fit; routesTotal says how many there were.',
    type: 'array',
    items: { type: 'string' },
  },
  routesTotal: { description: 'How many routes it touched.', type: 'integer', minimum: 0 },
  changeId: orNull({ description: 'The id under which the history has the change.', type: 'string' }),
  verdict: {
    description: 'What its proof came to; null: nothing was to be proven.',
    enum: ['proven', 'notProven', 'contradicted', 'notAttempted', null],
  },
  reason: orNull(text('Why, as it was given.', textLimits.reason)),
  ticket: orNull(text('The ticket, as it was given.', textLimits.ticket)),
  partOf: {
    description: 'The longer operations that it is a part of, outermost first.',
    type: 'array',
    items: {
      type: 'object',
      properties: {
        kind: { enum: ['panic', 'rollout', 'incident', 'runbook'] },
        id: { type: 'string' },
        step: { description: 'The stage of a rollout, the step of a runbook.', type: 'string' },
      },
      required: ['kind', 'id'],
    },
  },
};

/** The JSON Schema (draft 2020-12) of an event. Receivers must let further fields pass: within a major version fields are added. */
export function eventSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'What rlctl tells others',
    type: 'object',
    properties: fields,
    required: Object.keys(fields),
  };
}

import * as z from 'zod/mini';
import { RlctlError } from '../../domain/errors.js';
import { quoteOutside } from '../../domain/outside-text.js';
import { numberOf } from './numbers.js';

/** One value at one time. */
export interface Sample {
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** NaN and the infinities occur. */
  readonly value: number;
}

/** One series of an answer: its labels, and its samples in the order of time (one, where one moment was asked). */
export interface AnsweredSeries {
  readonly labels: ReadonlyMap<string, string>;
  readonly samples: readonly Sample[];
}

export interface QueryAnswer {
  readonly series: readonly AnsweredSeries[];
  readonly warnings: readonly string[];
}

const point = z.tuple([z.number(), z.string()]);
const labels = z.record(z.string(), z.string());
const warnings = z.optional(z.array(z.string()));

const answerShape = z.discriminatedUnion('status', [
  z.looseObject({ status: z.literal('error'), errorType: z.string(), error: z.string() }),
  z.looseObject({
    status: z.literal('success'),
    warnings,
    data: z.discriminatedUnion('resultType', [
      z.looseObject({ resultType: z.literal('vector'), result: z.array(z.object({ metric: labels, value: point })) }),
      z.looseObject({
        resultType: z.literal('matrix'),
        result: z.array(z.object({ metric: labels, values: z.array(point) })),
      }),
      z.looseObject({ resultType: z.literal('scalar'), result: point }),
    ]),
  }),
]);

/**
 * Translates an answer of the query API; `place` names where it came from.
 * @throws refused/PROMETHEUS_NOT_ITS_OWN where it has another shape, refused/PROMETHEUS_QUERY where the query was refused.
 */
export function readQueryAnswer(body: string, place: string): QueryAnswer {
  const shape = shapeOf(body, place);
  if (shape.status === 'error') {
    throw new RlctlError('refused', `${place} refused a query: ${quoteOutside(shape.error, 200)}`, {
      code: 'PROMETHEUS_QUERY',
      hint: 'Ask for less (--bucket, a shorter --since, a longer --step); --debug shows which address was asked.',
      details: { errorType: shape.errorType },
    });
  }
  return { series: seriesOf(shape.data), warnings: shape.warnings ?? [] };
}

type Shape = z.infer<typeof answerShape>;

function shapeOf(body: string, place: string): Shape {
  try {
    return answerShape.parse(JSON.parse(body));
  } catch {
    throw new RlctlError('refused', `${place} answered JSON that is not Prometheus's`, {
      code: 'PROMETHEUS_NOT_ITS_OWN',
      hint: 'Set prometheus to the address under which /api/v1/query stands, path prefix included.',
    });
  }
}

function seriesOf(data: Extract<Shape, { status: 'success' }>['data']): readonly AnsweredSeries[] {
  switch (data.resultType) {
    case 'scalar':
      return [{ labels: new Map(), samples: [sampleOf(data.result)] }];
    case 'vector':
      return data.result.map(({ metric, value }) => ({ labels: labelsOf(metric), samples: [sampleOf(value)] }));
    case 'matrix':
      return data.result.map(({ metric, values }) => ({ labels: labelsOf(metric), samples: values.map(sampleOf) }));
  }
}

function labelsOf(metric: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(metric));
}

function sampleOf([seconds, text]: readonly [number, string]): Sample {
  return { atMs: Math.round(seconds * 1000), value: numberOf(text) };
}

import * as z from 'zod/mini';
import { usageError } from '../errors.js';
import type { RouteChange, Splice } from './history.js';

/** A change that was planned, to be made later exactly as it was shown. JSON of kind `OverridePlan`. */
export interface PlanFile {
  /** The environment's name, and the Redis key of its document: where the plan holds, and nowhere else. */
  readonly environment: string;
  readonly key: string;
  /** The command it stands for: `override sync`. */
  readonly command: string;
  /** The document that it was made on, and the one that it leads to. */
  readonly revisionBefore: string;
  readonly revisionAfter: string;
  readonly routes: readonly RouteChange[];
  readonly splices: readonly Splice[];
  /** What manages the entries from then on; `null`: who managed them before. */
  readonly owner: string | null;
  /** Who planned it, and when (RFC 3339). */
  readonly plannedBy: string;
  readonly plannedAt: string;
  readonly reason: string | null;
  readonly ticket: string | null;
}

function schemaOfPlan() {
  const text = z.string();
  const rawText = z.nullable(text);
  const revision = z.string().check(z.regex(/^(?:[0-9a-f]{64}|none)$/));
  return z.object({
    apiVersion: z.literal('rlctl/v1'),
    kind: z.literal('OverridePlan'),
    environment: text,
    key: text,
    command: text,
    revisionBefore: revision,
    revisionAfter: revision,
    routes: z.array(z.object({ route: text, before: rawText, after: rawText, previous: rawText, next: rawText })),
    splices: z.array(z.object({ at: z.number().check(z.int(), z.gte(0)), removed: text, inserted: text })),
    owner: rawText,
    plannedBy: text,
    plannedAt: text,
    reason: rawText,
    ticket: rawText,
  });
}

function invalid(file: string, why: string): Error {
  return usageError(
    `${file} is no plan: ${why}`,
    'Make one with: rlctl override plan -f FILE --out plan.json',
    'PLAN_FILE_INVALID',
  );
}

/** Reads a plan. Throws a usage error that names the file and the field. Whether it fits is for the document to show. */
export function parsePlanFile(text: string, file: string): PlanFile {
  const parsed = schemaOfPlan().safeParse(valueOf(text, file));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.map(String).join('.');
  throw invalid(file, field ? `the field ${field} is missing or wrong` : 'it is no JSON object');
}

function valueOf(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid(file, 'it is no JSON');
  }
}

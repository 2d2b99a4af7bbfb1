import { Option, type Command } from 'commander';
import { allBuckets, bucketSpellings } from '../../domain/config/bucket-names.js';
import type { Environment } from '../../domain/config/environment.js';
import { untrusted } from '../../domain/config/trust.js';
import { parseDurationMs } from '../../domain/duration.js';
import { usageError } from '../../domain/errors.js';
import type { Decisions } from '../../domain/decisions/decisions.js';
import { nearNames } from '../../domain/near-names.js';
import { quoteOutside } from '../../domain/outside-text.js';
import {
  readDecisions,
  type DecisionsInput,
  type DecisionsPorts,
  type SoughtBucket,
} from '../../procedures/decisions.js';
import { collect, listFlag, textFlag, type Flags } from '../command.js';

/** What both verbs take. */
export interface DecisionsFlags {
  readonly buckets: readonly string[];
  /** `null`: not given. */
  readonly sinceMs: number | null;
  readonly stepMs: number | null;
}

/** How far back, where nobody says; and the longest that two scrapes are waited for. */
export const defaultSinceMs = 5 * 60_000;
const leastMs = 1000;
const usualPoints = 20;
// Prometheus answers no more.
const mostPoints = 11_000;

/** `since`: what `--since` means where there is no Prometheus. */
export function addDecisionsFlags(command: Command, since: string): void {
  command
    .addOption(new Option('--bucket <name>', 'only this bucket, by its name or alias; repeatable').argParser(collect))
    .addOption(new Option('--since <duration>', `how far back (default 5m); without Prometheus, ${since}`))
    .addOption(new Option('--step <duration>', 'distance of the course’s points (default: a twentieth)'));
}

export function decisionsFlags(flags: Flags): DecisionsFlags {
  return {
    buckets: listFlag(flags, 'bucket'),
    sinceMs: durationFlag(flags, 'since'),
    stepMs: durationFlag(flags, 'step'),
  };
}

/** A duration of at least a second; `null`: not given. */
export function durationFlag(flags: Flags, name: string): number | null {
  const text = textFlag(flags, name);
  if (text === null) return null;
  const ms = parseDurationMs(text, `--${name}`);
  if (ms >= leastMs) return ms;
  throw usageError(`--${name}: ${text} is too short to count anything in`, 'Give at least 1s.');
}

/** The question that flags and environment make. `stepMs`: the step where none is given; `null`: a part of the window. */
export function questionOf(environment: Environment, flags: DecisionsFlags, stepMs: number | null): DecisionsInput {
  const windowMs = flags.sinceMs ?? defaultSinceMs;
  const step = flags.stepMs ?? stepMs ?? Math.max(leastMs, Math.ceil(windowMs / usualPoints / 1000) * 1000);
  if (windowMs / step > mostPoints) {
    throw usageError(
      `--step: the window has more than ${mostPoints} such steps`,
      'Give a longer --step or a shorter --since.',
    );
  }
  return {
    namespace: namespaceOf(environment),
    only: flags.buckets.map((name) => soughtBucket(environment, name)),
    configured: [...environment.buckets.keys()].map((name) => soughtBucket(environment, name)),
    windowMs,
    stepMs: Math.min(step, windowMs),
    workers: environment.workers,
  };
}

/**
 * Throws a usage error for a bucket that was asked for, has no series, and is neither configured nor among the server's:
 * no data would be said of it for ever. Asks once more only where there is such a one.
 */
export async function assertBucketsKnown(
  ports: DecisionsPorts,
  environment: Environment,
  question: DecisionsInput,
  { buckets }: Decisions,
): Promise<void> {
  const known = allBuckets(environment);
  const isSilent = (name: string): boolean => buckets.find(({ bucket }) => bucket === name)?.total == null;
  const isStrange = (name: string): boolean => !known.some(({ names }) => names.includes(name));
  const strange = question.only.map(({ name }) => name).filter((name) => isStrange(name) && isSilent(name));
  if (strange.length === 0) return;
  const all = await readDecisions(ports, { ...question, only: [] });
  const listed = all.buckets.map(({ bucket }) => bucket);
  const missing = strange.find((name) => !listed.includes(name));
  if (missing === undefined || listed.length === 0) return;
  const names = [...new Set([...known.map(({ name }) => name), ...listed])];
  const near = nearNames(missing, names).map((name) => quoteOutside(name, 40));
  throw usageError(
    `there is no bucket "${missing}"; there are: ${names.map((name) => quoteOutside(name, 40)).join(', ')}`,
    near.length > 0 ? `Near it: ${near.join(', ')}.` : 'Configure it under buckets in rlctl.yaml if the server has it.',
    'UNKNOWN_BUCKET',
  );
}

/** A bucket that nobody has configured may still be one of the server's. */
function soughtBucket(environment: Environment, name: string): SoughtBucket {
  const known = allBuckets(environment).find(({ names }) => names.includes(name));
  return { name, spellings: known?.names ?? bucketSpellings(name, []) };
}

/** The namespace; a usage or guard error where there is none to be used. */
export function namespaceOf({ namespace, name, untrustedFile, isChangedSinceTrusted }: Environment): string {
  if (namespace !== null) return namespace;
  if (untrustedFile !== null)
    throw untrusted(untrustedFile, 'the limiter’s own variables', { isChanged: isChangedSinceTrusted });
  throw usageError(
    `the environment "${name}" has no namespace, by which its metrics are named`,
    'Set environments.NAME.namespace in rlctl.yaml, or RLCTL_NAMESPACE.',
    'NO_NAMESPACE',
  );
}

import type { BucketNames } from '../../domain/config/bucket-names.js';
import type { PolicyAnswer } from '../../domain/control-plane.js';
import { RlctlError } from '../../domain/errors.js';
import type { Instance } from '../../domain/fleet/instance.js';
import type { Observation } from '../../domain/fleet/observation.js';
import { routeOfPrefix } from '../../domain/proof/expectation.js';
import { refusalError } from '../../domain/refusal.js';
import type { ControlPlane } from '../../ports/control-plane.js';
import type { Deadline } from '../../ports/deadline.js';
import type { InstanceFigures } from '../../ports/instance-metrics.js';
import type { InstanceLink, OpenInstance } from '../../ports/instance-link.js';
import { askFlags, type ServerFlags } from '../shadow/ask-flags.js';
import type { InstanceDeadlines } from './instance-deadline.js';

export interface ObservePorts {
  readonly open: OpenInstance;
  readonly deadlines: InstanceDeadlines;
}

/** What every instance is asked, the same for all so that the answers can be compared. */
export interface InstanceQuestion {
  readonly buckets: readonly BucketNames[];
  /** A route that no override should match. */
  readonly baseRoute: string;
  /** The prefixes whose policy is read, each under rlctl's name for the bucket that guards it. */
  readonly prefixes: readonly AskedPrefix[];
  /** `null`: its metrics cannot be told from others'. */
  readonly namespace: string | null;
  readonly metricsPath: string | null;
  /** The longest that one answer may take, milliseconds. */
  readonly timeoutMs: number;
}

/** A prefix that is looked at. */
export interface AskedPrefix {
  readonly prefix: string;
  readonly bucket: string;
}

/** What other instances have taught: tried first, never relied on. */
export interface Lessons {
  basePaths: readonly string[];
  /** The path under which metrics were found; `null`: none was yet. */
  metricsPath: string | null;
  /** Instances that showed no metrics anywhere. */
  withoutMetrics: number;
}

/** Under which a route is looked at where nothing says which bucket guards it. */
export const usualBucket = 'read';

/** After so many without metrics the others are not asked. */
const enoughWithout = 8;

/**
 * Looks at one instance over one connection of its own, which is closed in the end; changes nothing. Throws where it
 * cannot be asked: unreachable, refused, or the time is up.
 */
export async function observeInstance(
  ports: ObservePorts,
  instance: Instance,
  question: InstanceQuestion,
  lessons: Lessons,
): Promise<Observation> {
  const link = ports.open(instance);
  const deadline = ports.deadlines.start(question.timeoutMs);
  const controlPlane = oneByOne(link.controlPlane);
  try {
    const { buckets, baseRoute } = question;
    const flags = await askFlags(
      { controlPlane, deadline },
      { target: instance.origin, basePaths: lessons.basePaths, buckets, route: baseRoute },
    );
    lessons.basePaths = [flags.basePath, ...lessons.basePaths.filter((path) => path !== flags.basePath)];
    const answers = await readPrefixes({ controlPlane, deadline }, instance, flags, question.prefixes);
    const figures = await readFigures(link, instance, { ...question, deadline, basePath: flags.basePath }, lessons);
    return {
      basePath: flags.basePath,
      siteMode: flags.siteMode,
      buckets: new Map(flags.flags.map(({ bucket, policy }) => [bucket, policy])),
      answers,
      reloads: figures?.reloads ?? null,
      activeOverrides: figures?.activeOverrides ?? null,
    };
  } finally {
    deadline.end();
    link.close();
  }
}

/** Sends one question after the other, so that one connection carries them all and one process answers. */
function oneByOne(controlPlane: ControlPlane): ControlPlane {
  let last: Promise<unknown> = Promise.resolve();
  return {
    ...controlPlane,
    policy: (...asked) => {
      const next = last.then(() => controlPlane.policy(...asked));
      last = next.catch(() => undefined);
      return next;
    },
  };
}

async function readPrefixes(
  { controlPlane, deadline }: { readonly controlPlane: ControlPlane; readonly deadline: Deadline },
  { origin }: Instance,
  { basePath, flags }: ServerFlags,
  prefixes: readonly AskedPrefix[],
): Promise<Observation['answers']> {
  const known = (name: string): string | null => flags.find(({ bucket }) => bucket === name)?.serverName ?? null;
  const any = flags.find(({ serverName }) => serverName !== null)?.serverName ?? usualBucket;
  const answers: { prefix: string; answer: PolicyAnswer }[] = [];
  for (const { prefix, bucket } of prefixes) {
    const query = { route: routeOfPrefix(prefix), method: 'GET', bucket: known(bucket) ?? known(usualBucket) ?? any };
    const call = { signal: deadline.signal(), isFresh: false };
    const result = await controlPlane.policy({ origin, basePath }, query, call);
    if (result.kind === 'refused') throw refusalError(result.refusal, origin);
    answers.push({ prefix, answer: result.policy });
  }
  return answers;
}

interface FigureQuestion {
  readonly namespace: string | null;
  readonly metricsPath: string | null;
  readonly basePath: string;
  readonly deadline: Deadline;
}

/** Metrics are a bonus: an instance without them, or whose page is not to be had, is not worse for it. */
async function readFigures(
  { metrics }: InstanceLink,
  { metricsUrl }: Instance,
  { namespace, metricsPath, basePath, deadline }: FigureQuestion,
  lessons: Lessons,
): Promise<InstanceFigures | null> {
  if (namespace === null || lessons.withoutMetrics >= enoughWithout) return null;
  const named = metricsUrl ?? metricsPath ?? lessons.metricsPath;
  for (const path of named === null ? [`${basePath}/metrics`, '/metrics'] : [named]) {
    const figures = await metrics.read(path, namespace, deadline.signal()).catch((error: unknown) => {
      if (error instanceof RlctlError) return null;
      throw error;
    });
    if (figures === null) continue;
    if (metricsUrl === null) lessons.metricsPath = path;
    return figures;
  }
  lessons.withoutMetrics += 1;
  return null;
}

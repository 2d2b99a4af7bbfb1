import { parseOrigin } from '../../domain/api-endpoint.js';
import type { BucketNames } from '../../domain/config/bucket-names.js';
import type { PolicyAnswer } from '../../domain/control-plane.js';
import { RlctlError } from '../../domain/errors.js';
import { refusalError, type Refusal } from '../../domain/refusal.js';
import type { PolicyResult } from '../../ports/control-plane.js';
import type { EffectPorts } from '../effect.js';
import { inParallel } from '../reload/in-parallel.js';

/** What one server says about one bucket. */
export interface BucketFlag {
  readonly bucket: string;
  /** The name under which the server knows it; `null`: it knows none of them, as far as can be told. */
  readonly serverName: string | null;
  /** `null`: not known. */
  readonly policy: PolicyAnswer | null;
}

/** What one address says about its buckets. */
export interface ServerFlags {
  readonly target: string;
  readonly basePath: string;
  /** X-Site-Mode; `null`: not sent. */
  readonly siteMode: string | null;
  readonly flags: readonly BucketFlag[];
}

export interface FlagQuestion {
  readonly target: string;
  readonly basePaths: readonly string[];
  readonly buckets: readonly BucketNames[];
  /** The route asked for: one that no override should match, so that the bucket's own policy shows. */
  readonly route: string;
}

type AskPorts = Pick<EffectPorts, 'controlPlane' | 'deadline'>;

const width = 8;

/**
 * Asks for every bucket's policy, all at once; sends no reload and changes nothing. A bucket is asked for under each of its
 * names until one is answered with something else than the policy that such servers invent for a bucket they do not know.
 * Throws where the server cannot be asked at all.
 */
export async function askFlags(ports: AskPorts, question: FlagQuestion): Promise<ServerFlags> {
  const { target, basePaths, buckets, route } = question;
  const origin = parseOrigin(target);
  for (const basePath of basePaths) {
    const ask: AskBucket = (bucket) =>
      ports.controlPlane.policy(
        { origin, basePath },
        { route, method: 'GET', bucket },
        { signal: ports.deadline.signal(), isFresh: false },
      );
    const asked = await inParallel(buckets, width, (bucket) => askBucket(bucket, ask));
    const refused = asked.find(({ refusal }) => refusal !== null)?.refusal ?? null;
    if (refused?.cause === 'wrongPath' && basePath !== basePaths.at(-1)) continue;
    if (refused !== null) throw refusalError(refused, target);
    const siteMode = asked.find((each) => each.siteMode !== null)?.siteMode ?? null;
    return { target, basePath, siteMode, flags: asked.map(({ flag }) => flag) };
  }
  throw new TypeError('no base path to ask');
}

type AskBucket = (bucket: string) => Promise<PolicyResult>;

/** What asking for one bucket came to. */
interface AskedBucket {
  readonly flag: BucketFlag;
  readonly siteMode: string | null;
  /** Why the server would not tell of any bucket; `null`: it did. */
  readonly refusal: Refusal | null;
}

async function askBucket({ name, names }: BucketNames, ask: AskBucket): Promise<AskedBucket> {
  const unknown = { bucket: name, serverName: null, policy: null };
  let siteMode: string | null = null;
  for (const each of names) {
    const result = await ask(each);
    siteMode ??= result.siteMode;
    if (result.kind === 'policy' && !isInvented(result.policy)) {
      const flag = { bucket: name, serverName: result.policy.bucket, policy: result.policy };
      return { flag, siteMode, refusal: null };
    }
    if (result.kind === 'refused' && !isUnknownBucket(result))
      return { flag: unknown, siteMode, refusal: result.refusal };
  }
  return { flag: unknown, siteMode, refusal: null };
}

/** A server that checks names refuses one it does not know as bad input. */
function isUnknownBucket(result: PolicyResult): boolean {
  return (
    result.kind === 'refused' && [400, 404, 422].includes(result.refusal.status) && result.refusal.cause === 'unknown'
  );
}

/** What deployed servers answer for a bucket that does not exist. */
function isInvented({ ratePerMin, burst, windowSeconds }: PolicyAnswer): boolean {
  return ratePerMin === 60 && burst === 0 && windowSeconds === 60;
}

/** The policy that a server has for a route under a bucket's name there; `null`: it does not answer, and so does not tell. */
export async function policySaid(
  { controlPlane, deadline }: AskPorts,
  { target, basePath }: Pick<ServerFlags, 'target' | 'basePath'>,
  route: string,
  bucket: string,
): Promise<PolicyAnswer | null> {
  try {
    const call = { signal: deadline.signal(), isFresh: false };
    const result = await controlPlane.policy({ origin: target, basePath }, { route, method: 'GET', bucket }, call);
    return result.kind === 'policy' ? result.policy : null;
  } catch (error) {
    if (error instanceof RlctlError) return null;
    throw error;
  }
}

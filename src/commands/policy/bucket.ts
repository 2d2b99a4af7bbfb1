import { bucketByName, bucketOfRoute, documentedBuckets, type Environment } from '../../domain/config/environment.js';
import { usageError } from '../../domain/errors.js';

/**
 * The bucket of a route and where that is known from: --bucket, else the configured routes. A server answers an invented
 * policy for a bucket it does not know, so an unknown name is an error here.
 */
export function bucketFor(
  environment: Environment,
  route: string,
  named: string | null,
): { bucket: string; source: string } {
  if (!route.startsWith('/'))
    throw usageError(
      `the route "${route}" does not start with /`,
      'Write the path a client asks for, e.g. /api/search.',
    );
  const known = [...new Set([...environment.buckets.keys(), ...documentedBuckets])];
  if (named !== null) {
    const bucket = bucketByName(environment, named) ?? known.find((each) => each === named);
    if (bucket !== undefined) return { bucket, source: '--bucket' };
    throw usageError(
      `there is no bucket "${named}"; there are: ${known.join(', ')}`,
      'Configure it under buckets in rlctl.yaml if the server has it.',
      'UNKNOWN_BUCKET',
    );
  }
  const bucket = bucketOfRoute(environment, route);
  if (bucket !== null) return { bucket, source: 'configured routes' };
  throw usageError(
    `the configuration does not say which bucket guards ${route}, and the server does not tell`,
    `Give --bucket NAME; there are: ${known.join(', ')}.`,
    'BUCKET_NOT_KNOWN',
  );
}

import { allBuckets, bucketNamed } from '../../domain/config/bucket-names.js';
import { bucketOfRoute, type Environment } from '../../domain/config/environment.js';
import { usageError } from '../../domain/errors.js';

/**
 * The bucket of a route and where that is known from: --bucket, else the configured routes. A server answers an invented
 * policy for a bucket it does not know, so an unknown name is an error here; a name of a deployed server is asked as given.
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
  if (named !== null) {
    const { name } = bucketNamed(environment, named);
    return { bucket: environment.buckets.has(name) ? name : named, source: '--bucket' };
  }
  const bucket = bucketOfRoute(environment, route);
  if (bucket !== null) return { bucket, source: 'configured routes' };
  throw usageError(
    `the configuration does not say which bucket guards ${route}, and the server does not tell`,
    `Give --bucket NAME; there are: ${allBuckets(environment)
      .map(({ name }) => name)
      .join(', ')}.`,
    'BUCKET_NOT_KNOWN',
  );
}

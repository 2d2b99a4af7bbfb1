import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { untrusted } from '../../domain/config/trust.js';
import { usageError } from '../../domain/errors.js';
import { noInstanceFlags } from './instance-flags.js';
import { listInstances, sourceOfInstances } from './instances.js';

/**
 * The environment with its instances as its addresses, for what is asked of addresses. Throws a usage error where several
 * instances share one, since nothing could tell them apart.
 */
export async function withInstances(context: Context, environment: Environment): Promise<Environment> {
  const { untrustedFile, isChangedSinceTrusted: isChanged } = environment;
  if (untrustedFile !== null) throw untrusted(untrustedFile, 'the signing secret', { isChanged });
  const instances = await listInstances(context, environment, sourceOfInstances(environment, noInstanceFlags));
  if (instances.every(({ address }) => address === null))
    return { ...environment, api: instances.map(({ origin }) => origin) };
  throw usageError(
    `the environment "${environment.name}" lists ${instances.length} instances behind one name, and flags are proven address by address`,
    'Give each an address of its own: --target URL, repeated; or set the flag alone with --no-reload, then run: rlctl reload',
    'FLEET_ADDRESSES',
  );
}

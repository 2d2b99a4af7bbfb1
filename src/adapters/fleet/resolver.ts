import { lookup, Resolver } from 'node:dns/promises';
import { RlctlError } from '../../domain/errors.js';
import type { DnsSource } from '../../domain/fleet/source.js';

/** Every address of a name, IPv4 first: asked of one name server, or as the system resolves (hosts file included). */
export async function resolveAddresses(
  { name, server }: Pick<DnsSource, 'name' | 'server'>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found = await untilAborted(server === null ? bySystem(name) : byServer(name, server, signal), signal, name);
  const addresses = [...new Set(found)];
  if (addresses.length === 0) throw noAddress(name, 'has no address');
  return addresses;
}

async function bySystem(name: string): Promise<readonly string[]> {
  const found = await lookup(name, { all: true, order: 'ipv4first' }).catch((error: unknown) => {
    throw failure(name, error);
  });
  return found.map(({ address }) => address);
}

async function byServer(name: string, server: string, signal: AbortSignal): Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: 1500, tries: 2 });
  resolver.setServers([server]);
  const cancel = (): void => resolver.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  const [four, six] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  signal.removeEventListener('abort', cancel);
  const found = [four, six].flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
  // A name that has addresses of one family only is as good as any.
  if (found.length === 0 && four.status === 'rejected') throw failure(name, four.reason, server);
  return found;
}

/** The system's own resolver cannot be called off: it is left behind. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal, name: string): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const stop = (): void => {
      const { reason } = signal as { readonly reason: unknown };
      reject(reason instanceof RlctlError ? reason : noAddress(name, 'was not resolved in time'));
    };
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

const causes: Readonly<Record<string, string>> = {
  ENOTFOUND: 'does not resolve',
  ENODATA: 'has no address',
  EAI_AGAIN: 'was not resolved: the name server did not answer',
  ETIMEOUT: 'was not resolved: the name server did not answer',
  ECONNREFUSED: 'was not resolved: nothing listens at the name server',
};

function failure(name: string, error: unknown, server?: string): RlctlError {
  const { code } = Object(error) as { readonly code?: unknown };
  const why = causes[String(code)] ?? `was not resolved (${String(code)})`;
  return noAddress(name, server === undefined ? why : `${why} (asked ${server})`);
}

function noAddress(name: string, why: string): RlctlError {
  return new RlctlError('unreachable', `the name "${name}" ${why}`, {
    code: 'FLEET_DNS',
    hint: 'Check its spelling (--targets-dns, or fleet.dns in rlctl.yaml) and the name server; see: getent ahosts NAME',
  });
}

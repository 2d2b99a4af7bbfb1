import { usageError } from '../errors.js';

/** A name whose addresses are the instances. */
export interface DnsSource {
  readonly protocol: 'https:' | 'http:';
  readonly name: string;
  /** `null`: the protocol's own. */
  readonly port: number | null;
  /** The name server to ask, `IP[:PORT]`; `null`: as the system resolves. */
  readonly server: string | null;
}

/** Where the instances of a fleet are listed. */
export type InstanceSource =
  | { readonly kind: 'list'; readonly origins: readonly string[] }
  | ({ readonly kind: 'dns' } & DnsSource)
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'command'; readonly argv: readonly string[] }
  | { readonly kind: 'prometheus'; readonly job: string };

/** A source with the flag, the variable or the place in the file that names it. */
export interface PlacedSource {
  readonly source: InstanceSource;
  readonly place: string;
}

/** A source in words, for people. */
export function describeInstances(source: InstanceSource): string {
  switch (source.kind) {
    case 'list':
      return source.origins.length === 1 ? 'one address' : `${source.origins.length} addresses`;
    case 'dns':
      return `addresses of ${source.name}`;
    case 'file':
      return source.path === '-' ? 'stdin' : `file ${source.path}`;
    case 'command':
      return `command ${source.argv[0]}`;
    case 'prometheus':
      return `targets of the job ${source.job} in Prometheus`;
  }
}

/**
 * Reads `[http[s]://]NAME[:PORT]`; https where nothing is said.
 * @throws usage/FLEET_DNS naming the place.
 */
export function parseDnsSource(text: string, server: string | null, place: string): DnsSource {
  const match = /^(?:(https?):\/\/)?([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?\.?)(?::(\d{1,5}))?\/?$/.exec(text);
  const port = match?.[3] === undefined ? null : Number(match[3]);
  const name = match?.[2];
  if (name === undefined || (port !== null && (port < 1 || port > 65_535))) {
    throw usageError(
      `${place}: "${text}" is not a name with a port`,
      'Write it as api.internal:8443, or http://api.internal:8080.',
      'FLEET_DNS',
    );
  }
  return { protocol: match?.[1] === 'http' ? 'http:' : 'https:', name, port, server: nameServer(server, place) };
}

function nameServer(text: string | null, place: string): string | null {
  if (text === null || /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/.test(text)) return text;
  throw usageError(
    `${place}: "${text}" is not the address of a name server`,
    'Write it as 127.0.0.1:8600, an IP address with or without a port.',
    'FLEET_DNS',
  );
}

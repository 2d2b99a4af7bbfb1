import { checkedOrigin } from '../config/origin.js';
import { counted } from '../counted.js';
import { usageError } from '../errors.js';
import { quoteOutside } from '../outside-text.js';

/** One process, or one address, of a fleet. */
export interface Instance {
  /** How it is told from the others: its origin, and the address where several share one. */
  readonly name: string;
  /** `https://api.example.com:8443`; its host is what the Host header and TLS say. */
  readonly origin: string;
  /** The IP address to connect to instead of resolving the host; `null`: it is resolved as usual. */
  readonly address: string | null;
  /** Where its metrics are, a whole URL; `null`: not said. */
  readonly metricsUrl: string | null;
}

/** More than this is no fleet but a mistake in its source. */
const mostInstances = 10_000;

/** An instance that is known by its origin alone. */
export function instanceAt(origin: string, metricsUrl: string | null = null): Instance {
  return { name: origin, origin, address: null, metricsUrl };
}

/** One of several addresses behind a name. */
export function instanceBehind(origin: string, address: string): Instance {
  return { name: `${origin} (${address})`, origin, address, metricsUrl: null };
}

/** An origin that tells an instance from the others: that of its IP address where several share a name. */
export function targetOf({ origin, address }: Instance): string {
  if (address === null) return origin;
  const url = new URL(origin);
  url.hostname = address.includes(':') ? `[${address}]` : address;
  return url.origin;
}

/** One address as it was written, and where. */
export interface WrittenTarget {
  readonly text: string;
  /** `--target`, `fleet.txt:7` */
  readonly place: string;
}

/**
 * The instances that these addresses name, in their order.
 * @throws usage/API_ADDRESS naming the place of what is no http(s) origin, usage/DUPLICATE_INSTANCE naming both places.
 */
export function instancesFrom(written: readonly WrittenTarget[]): readonly Instance[] {
  const seen = new Map<string, string>();
  return written.map(({ text, place }) => {
    const origin = checkedOrigin(text, place);
    const earlier = seen.get(origin);
    if (earlier !== undefined) throw duplicate(origin, place, earlier);
    seen.set(origin, place);
    return instanceAt(origin);
  });
}

function duplicate(origin: string, place: string, earlier: string): Error {
  const where =
    earlier === place ? `${place}: ${origin} is given twice` : `${place}: ${origin} stands already in ${earlier}`;
  return usageError(where, 'Name each instance once: it would be reloaded and counted twice.', 'DUPLICATE_INSTANCE');
}

/**
 * The addresses of a text with one URL per line: empty lines and what follows a `#` at the start of a line or after a
 * space are left out. `place` is the file, the command or `stdin`.
 */
export function writtenTargets(text: string, place: string): readonly WrittenTarget[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    const shown = line.replace(/(?:^|\s)#.*$/, '').trim();
    return shown === '' ? [] : [{ text: shown, place: `${place}:${index + 1}` }];
  });
}

/** Throws a usage error where a source named nothing, or more than any fleet has. */
export function assertFleetSize(instances: readonly Instance[], place: string): readonly Instance[] {
  if (instances.length === 0) {
    throw usageError(
      `${quoteOutside(place)} names no instance`,
      'Look at what it holds: one URL per line, such as https://10-0-0-1.example.com.',
      'NO_INSTANCES',
    );
  }
  if (instances.length <= mostInstances) return instances;
  throw usageError(
    `${quoteOutside(place)} names ${counted(instances.length, 'instance')}; the most is ${mostInstances}`,
    'Name fewer: split the list.',
    'TOO_MANY_INSTANCES',
  );
}

/** What is said of an instance, without its own address in front: that is named beside it. */
export function withoutAddress(message: string, { origin, name, address }: Instance): string {
  const { host, hostname, protocol, port } = new URL(origin);
  const usual = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
  const own = [name, origin, address ?? '', host, `${hostname}:${usual}`];
  const prefix = own
    .flatMap((each) => (each === '' ? [] : [`${each}: `, `${each} `]))
    .find((each) => message.startsWith(each));
  return prefix === undefined ? message : message.slice(prefix.length);
}

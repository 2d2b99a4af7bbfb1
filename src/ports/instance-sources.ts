import type { DnsSource } from '../domain/fleet/source.js';

/** An address that Prometheus scrapes. */
export interface ScrapeTarget {
  /** The whole address of its metrics; may hold anything. */
  readonly url: string;
  readonly labels: ReadonlyMap<string, string>;
}

/** Where lists of instances are read from. Every failure is an RlctlError that names the source and the cure. */
export interface InstanceSources {
  /** The IP addresses of a name, IPv4 first, each once; throws `unreachable`/FLEET_DNS where it has none or nobody answers. */
  addresses(question: Pick<DnsSource, 'name' | 'server'>, signal: AbortSignal): Promise<readonly string[]>;
  /** The text of a file, `-` being stdin; throws a usage error where there is none. */
  text(path: string): Promise<string>;
  /** What a program prints, run without a shell; throws a usage error where it fails or prints too much. */
  output(argv: readonly string[], signal: AbortSignal): Promise<string>;
  /** Everything that the environment's Prometheus scrapes at this moment. */
  scrapeTargets(signal: AbortSignal): Promise<readonly ScrapeTarget[]>;
}

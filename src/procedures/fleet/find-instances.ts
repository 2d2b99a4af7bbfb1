import { assertPlainHttp } from '../../domain/fleet/plain-http.js';
import {
  assertFleetSize,
  instanceAt,
  instanceBehind,
  instancesFrom,
  writtenTargets,
  type Instance,
} from '../../domain/fleet/instance.js';
import { describeInstances, type PlacedSource } from '../../domain/fleet/source.js';
import { usageError } from '../../domain/errors.js';
import { quoteOutside } from '../../domain/outside-text.js';
import type { Deadline } from '../../ports/deadline.js';
import type { InstanceSources, ScrapeTarget } from '../../ports/instance-sources.js';

export interface FindPorts {
  readonly sources: InstanceSources;
  readonly deadline: Deadline;
}

/** Labels that targets of Prometheus must carry beside their job; empty: none. */
export type WantedLabels = ReadonlyMap<string, string>;

/** What the environment says of its instances besides. */
export interface FindTerms {
  readonly labels: WantedLabels;
  /** True: http:// is permitted to private addresses. */
  readonly isPlainAllowed: boolean;
}

/**
 * The instances that a source lists, each once, at least one. Throws what the source throws, and usage errors that name
 * the line of what is no address, or the place of what would be asked in plain http.
 */
export async function findInstances(
  ports: FindPorts,
  placed: PlacedSource,
  { labels, isPlainAllowed }: FindTerms,
): Promise<readonly Instance[]> {
  const instances = await listed(ports, placed, labels);
  for (const { origin, address } of instances)
    assertPlainHttp(origin, address ?? new URL(origin).hostname, placed.place, isPlainAllowed);
  return instances;
}

async function listed(
  { sources, deadline }: FindPorts,
  { source, place }: PlacedSource,
  labels: WantedLabels,
): Promise<readonly Instance[]> {
  switch (source.kind) {
    case 'list':
      return assertFleetSize(instancesFrom(source.origins.map((text) => ({ text, place }))), place);
    case 'file': {
      const shown = source.path === '-' ? 'stdin' : source.path;
      const text = await sources.text(source.path);
      return assertFleetSize(instancesFrom(writtenTargets(text, shown)), shown);
    }
    case 'command': {
      const text = await sources.output(source.argv, deadline.signal());
      const shown = `output of ${source.argv[0]}`;
      return assertFleetSize(instancesFrom(writtenTargets(text, shown)), shown);
    }
    case 'dns': {
      const { protocol, name, port } = source;
      const { origin } = new URL(`${protocol}//${name.replace(/\.$/, '')}${port === null ? '' : `:${port}`}`);
      const addresses = await sources.addresses(source, deadline.signal());
      return assertFleetSize(
        addresses.map((address) => instanceBehind(origin, address)),
        describeInstances(source),
      );
    }
    case 'prometheus':
      return scraped(await sources.scrapeTargets(deadline.signal()), source.job, labels);
  }
}

/** A target may be scraped twice, under two paths: it is one instance. */
function scraped(targets: readonly ScrapeTarget[], job: string, labels: WantedLabels): readonly Instance[] {
  const ofJob = targets.filter((target) => target.labels.get('job') === job);
  if (ofJob.length === 0) throw unknownJob(targets, job);
  const wanted = ofJob.filter((target) => [...labels].every(([name, value]) => target.labels.get(name) === value));
  const instances = new Map<string, Instance>();
  for (const { url } of wanted) {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) throw noAddress(url, job);
    const { origin } = new URL(url);
    if (!instances.has(origin)) instances.set(origin, instanceAt(origin, url));
  }
  return assertFleetSize([...instances.values()], `the job "${job}" in Prometheus`);
}

function unknownJob(targets: readonly ScrapeTarget[], job: string): Error {
  const jobs = [...new Set(targets.map(({ labels }) => labels.get('job') ?? ''))].sort();
  const there = jobs.length === 0 ? 'it scrapes nothing' : `it has: ${jobs.slice(0, 12).join(', ')}`;
  return usageError(
    `Prometheus scrapes no job "${quoteOutside(job)}"; ${quoteOutside(there, 300)}`,
    'Name the job as Prometheus does: --targets-prometheus JOB, or fleet.prometheus in rlctl.yaml.',
    'FLEET_JOB',
  );
}

function noAddress(url: string, job: string): Error {
  return usageError(
    `the job "${quoteOutside(job)}" in Prometheus has a target that is no http(s) address: ${quoteOutside(url)}`,
    'Look at it under /targets of Prometheus.',
    'API_ADDRESS',
  );
}

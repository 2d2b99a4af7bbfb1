import { isLoopbackHost } from '../api-endpoint.js';
import { RlctlError, usageError } from '../errors.js';
import { usualEvents } from '../notify/kinds.js';
import type { NotifyTarget, TargetAddress } from '../notify/target.js';
import { Secret } from '../secret.js';
import type { SecretSource } from './environment.js';
import type { EnvironmentFile } from './schema.js';

type NotifyFile = NonNullable<EnvironmentFile['notify']>[number];
type SecretFile = NonNullable<EnvironmentFile['secret']>;

/** What the rest of the configuration is read with. */
export interface NotifyReading {
  /** `rlctl.yaml: environments.prod.notify`. */
  readonly place: string;
  /** Puts variables in; throws where one is missing, or where nobody has vouched for the file. */
  readonly fill: (text: string, key: string) => string;
  readonly sourceOf: (secret: SecretFile) => SecretSource;
}

/** Reads the section `notify` of an environment. Throws usage errors that name the place. */
export function notifyTargets(file: readonly NotifyFile[], reading: NotifyReading): readonly NotifyTarget[] {
  const names = new Map<string, string>();
  return file.map((entry, index) => {
    const place = `${reading.place}[${index}]`;
    const name = nameOf(entry, names, place);
    names.set(name, place);
    return targetOf(entry, { name, place, key: `notify[${index}]` }, reading);
  });
}

interface Named {
  readonly name: string;
  readonly place: string;
  readonly key: string;
}

function targetOf(entry: NotifyFile, { name, place, key }: Named, { fill, sourceOf }: NotifyReading): NotifyTarget {
  const common = { name, place, events: entry.events ?? usualEvents };
  if ('webhook' in entry) {
    const address = addressOf(entry.webhook, `${place}.webhook`, (text) => fill(text, `${key}.webhook`));
    return { ...common, kind: 'webhook', address, secret: sourceOf(entry.secret) };
  }
  const { dashboardUID = null, panelId = null } = entry;
  if (panelId !== null && dashboardUID === null)
    throw usageError(`${place}.panelId: a panel belongs to a dashboard`, `Add its dashboardUID in ${place}.`);
  const address = addressOf(entry.grafana, `${place}.grafana`, (text) => fill(text, `${key}.grafana`));
  const auth =
    'token' in entry
      ? ({ kind: 'bearer', token: sourceOf(entry.token) } as const)
      : ({ kind: 'basic', username: entry.basic.username, password: sourceOf(entry.basic.password) } as const);
  if (address.kind === 'known' && entry.grafana.includes('?'))
    throw usageError(`${place}.grafana: the address has a query`, 'Write it as https://grafana.example.com/path.');
  return { ...common, kind: 'grafana', address, auth, tags: entry.tags ?? [], dashboardUID, panelId };
}

/** What each receiver of a file is called, in its order; whether those are good names is not judged. */
export function receiverNames(file: readonly NotifyFile[]): readonly string[] {
  const names = new Set<string>();
  return file.map((entry) => {
    const name = entry.name ?? freeName(entry, names);
    names.add(name);
    return name;
  });
}

/** What it is, with a number where another is that too: `webhook`, `webhook-2`. */
function freeName(entry: NotifyFile, taken: Pick<ReadonlySet<string>, 'has'>): string {
  const kind = 'webhook' in entry ? 'webhook' : 'grafana';
  const free = (count: number): string => (count === 1 ? kind : `${kind}-${count}`);
  let count = 1;
  while (taken.has(free(count))) count += 1;
  return free(count);
}

function nameOf(entry: NotifyFile, taken: ReadonlyMap<string, string>, place: string): string {
  if (entry.name === undefined) return freeName(entry, taken);
  const other = taken.get(entry.name);
  if (!/^[A-Za-z0-9][\w.-]*$/.test(entry.name))
    throw usageError(`${place}.name: "${entry.name}" is no name`, 'Use letters, digits, dots, dashes, underscores.');
  if (other !== undefined)
    throw usageError(`${place}.name: ${other} is called "${entry.name}" too`, 'Give each a name of its own.');
  return entry.name;
}

/**
 * An address that stands in the file has to be right. One that a variable is part of may be wrong on one machine only, and
 * must not keep anybody there from a change: it is a receiver that cannot be told.
 */
function addressOf(text: string, place: string, fill: (text: string) => string): TargetAddress {
  if (!text.includes('${')) return checkedAddress(text, place);
  try {
    return checkedAddress(fill(text), place);
  } catch (error) {
    if (!(error instanceof RlctlError)) throw error;
    return { kind: 'faulty', why: error.message };
  }
}

/** Never repeats the address: its path or query may be what makes it secret. */
function checkedAddress(text: string, place: string): TargetAddress {
  const refuse = (why: string, hint: string): never => {
    throw usageError(`${place}: the address ${why}`, hint, 'NOTIFY_ADDRESS');
  };
  const example = 'Write it as https://hooks.example.com/path.';
  if (!URL.canParse(text)) return refuse('is no URL', example);
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return refuse('is neither https nor http', example);
  if (url.username || url.password) return refuse('must not hold a user name or password', example);
  if (url.hash) return refuse('has a fragment', example);
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname))
    return refuse(`is plain http and not this machine (${url.host})`, `Use https://${url.host}.`);
  return { kind: 'known', url: new Secret(url.href), origin: url.origin };
}

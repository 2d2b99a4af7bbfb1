import { counted } from '../counted.js';
import type { Finding } from '../finding.js';

/** The instances of a fleet, as findings name them. */
export interface FleetNames {
  readonly total: number;
  /** Origins, and longer names where several share one. */
  readonly names: readonly string[];
}

/** A finding with the instances that it holds for; empty: it is about none in particular. */
export type OfInstances<Found> = Found & { readonly instances: readonly string[] };

/** Instances that a sentence names, at most. */
const mostNamed = 3;

/**
 * Findings that instances of a fleet have of one cause, as one finding of them all, at the place of the first. It says how
 * many of how many, and keeps the code, the cure and what else the first of them carries.
 */
export function bySameCause<Found extends Omit<Finding, 'hint'> & Partial<OfInstances<object>>>(
  findings: readonly Found[],
  fleet: FleetNames,
): readonly OfInstances<Found>[] {
  const known = new Set(fleet.names);
  const groups = new Map<string, OfInstances<Found>[]>();
  for (const finding of findings) {
    const name = nameIn(finding.part, known);
    const key = name === null ? `${finding.code} ${finding.message}` : causeOf(finding, name);
    const group = groups.get(key) ?? [];
    // What has been put together before says itself for whom it holds.
    group.push({ ...finding, instances: finding.instances ?? (name === null ? [] : [name]) });
    groups.set(key, group);
  }
  return [...groups.values()].flatMap((group) => merged(group, fleet.total));
}

/** The instance that a part belongs to: itself, or an address at it. */
function nameIn(part: string, known: ReadonlySet<string>): string | null {
  if (known.has(part)) return part;
  const origin = URL.canParse(part) ? new URL(part).origin : part;
  return known.has(origin) ? origin : null;
}

/** What is the same for two findings of one cause: all but the instance, and how long something took. */
function causeOf({ code, part, message }: Omit<Finding, 'hint'>, name: string): string {
  const text = withoutName(message, name).replaceAll(/\d+(?:\.\d+)? ?(?:ms|[smhd])\b/g, '#');
  return `${code} ${part.slice(name.length)} ${text}`;
}

function merged<Found extends Omit<Finding, 'hint'>>(
  group: readonly OfInstances<Found>[],
  total: number,
): readonly OfInstances<Found>[] {
  const [first] = group;
  if (first === undefined) return [];
  const instances = [...new Set(group.flatMap((each) => each.instances))];
  const [name] = instances;
  if (instances.length < 2 || name === undefined || group.length === 1) return group;
  const message = `${someOf(instances, total)}: ${withoutName(first.message, name)}`;
  return [{ ...first, message, instances }];
}

/** `2 of 4 instances (http://a, http://b)` */
export function someOf(instances: readonly string[], total: number): string {
  const more = instances.length > mostNamed ? ` and ${instances.length - mostNamed} more` : '';
  return `${instances.length} of ${counted(total, 'instance')} (${instances.slice(0, mostNamed).join(', ')}${more})`;
}

/** A sentence about an instance without its name in front; where it is its subject, or named later on, `each` stands for it. */
function withoutName(message: string, name: string): string {
  const host = URL.canParse(name) ? new URL(name).host : name;
  const bare = message.replaceAll(name, '\0').replaceAll(host, '\0');
  return bare.replace(/^\0(?::\s*|(?=\/))/, '').replaceAll('\0', 'each');
}

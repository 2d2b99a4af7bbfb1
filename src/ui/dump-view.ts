import type { Environment } from '../domain/config/environment.js';
import { typedFields, writeOverridesFile } from '../domain/overrides-file/write-file.js';
import type { ListedOverride, OverrideListing } from '../procedures/override/inspect.js';
import { LazyItems } from './json-pieces.js';
import { pasted } from './pasted.js';
import type { View } from './view.js';

/** What is dumped, and of what. */
export interface Dump {
  readonly listing: OverrideListing;
  /** Those of the listing that are dumped. */
  readonly overrides: readonly ListedOverride[];
  /** What manages them; `null`: everything is dumped. */
  readonly owner: string | null;
  readonly nowMs: number;
}

function timeText(ms: number): string {
  return new Date(ms).toISOString().replace('.000', '');
}

function commentsOf({ metadata, isChangedPast }: ListedOverride, owner: string | null): readonly string[] {
  if (metadata === null) return [];
  const { actor, reason, ticket, atMs, untilMs } = metadata;
  const why = `${reason === null ? '' : `: ${reason}`}${ticket === null ? '' : ` [${ticket}]`}`;
  return [
    `${isChangedPast ? 'changed past rlctl; before: ' : ''}${timeText(atMs)} by ${actor}${why}`,
    ...(untilMs === undefined ? [] : [`until ${timeText(untilMs)}`]),
    ...(metadata.owner === undefined || metadata.owner === owner ? [] : [`managed by ${metadata.owner}`]),
  ];
}

/** The stored overrides as a file that `apply` and `sync` take. */
export function dumpText({ listing, overrides, owner, nowMs }: Dump, environment: Environment): string {
  const { key, revision } = listing.stored;
  return writeOverridesFile({
    comments: [`key ${key}, taken ${timeText(nowMs)}`, 'order is meaning: the first prefix that starts a route wins'],
    owner,
    dumpedFrom: { environment: environment.name, revision },
    entries: overrides.map((each) => ({ prefix: each.prefix, raw: each.raw, comments: commentsOf(each, owner) })),
  });
}

function entryJson({ prefix, raw, metadata, isChangedPast }: ListedOverride): Record<string, unknown> {
  const fields = typedFields(prefix, raw);
  const recorded =
    metadata === null
      ? {}
      : {
          recorded: {
            changeId: metadata.changeId,
            actor: metadata.actor,
            reason: metadata.reason,
            ticket: metadata.ticket,
            at: new Date(metadata.atMs).toISOString(),
            until: metadata.untilMs === undefined ? null : new Date(metadata.untilMs).toISOString(),
            owner: metadata.owner ?? null,
            isChangedPast,
          },
        };
  return { prefix, ...(fields === null ? { json: raw } : Object.fromEntries(fields)), ...recorded };
}

/** The stored overrides as a file: YAML with remarks; with -o json or yaml the same as data, which is such a file as well. */
export function dumpView(dump: Dump, environment: Environment): View {
  const { listing, overrides, owner, nowMs } = dump;
  const json = new LazyItems(overrides, entryJson);
  return {
    kind: 'Overrides',
    data: {
      environment: environment.name,
      key: listing.stored.key,
      revision: listing.stored.revision,
      takenAt: new Date(nowMs).toISOString(),
      owner,
      overrides: json,
    },
    items: json,
    get raw() {
      return Buffer.from(dumpText(dump, environment));
    },
    human: () => dumpText(dump, environment).trimEnd().split('\n').map(pasted).join('\n'),
  };
}

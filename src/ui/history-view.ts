import { counted } from '../domain/counted.js';
import type { Environment } from '../domain/config/environment.js';
import { lostText } from '../domain/override/lost-history.js';
import type { RecordedChange, RecordedChanges } from '../procedures/override/history.js';
import { addressed } from '../domain/printed-command.js';
import { diffText } from './diff-text.js';
import { olderText } from './older-text.js';
import { term } from './term.js';
import { isoTime, relativeTime } from './time.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/** The history, newest first, each change with its fields. */
export function historyView(recorded: RecordedChanges, environment: Environment, nowMs: number): View {
  const { changes: items, isMore, lost, emptied } = recorded;
  const json = items.map(({ entry, diff, undoneBy }) => ({
    entryId: entry.entryId,
    kind: entry.kind,
    changeId: entry.changeId,
    time: new Date(entry.timeMs).toISOString(),
    sequence: entry.sequence,
    revisionBefore: entry.prev,
    revisionAfter: entry.next,
    snapshotOf: entry.snapshotOf,
    command: entry.body?.command ?? null,
    actor: entry.body?.actor ?? null,
    reason: entry.body?.reason ?? null,
    ticket: entry.body?.ticket ?? null,
    rlctl: entry.body?.rlctl ?? null,
    undoes: entry.body?.undoes ?? null,
    alsoUndoes: entry.body?.alsoUndoes ?? [],
    partOf: entry.body?.partOf ?? [],
    restores: entry.body?.restores ?? null,
    undoneBy,
    guards: entry.body?.guards ?? [],
    until: isoTime(entry.body?.untilMs),
    changes: diff,
  }));
  return {
    kind: 'OverrideHistory',
    data: {
      environment: environment.name,
      entries: json,
      isMore,
      lost,
      emptied,
    },
    items: json,
    human: (theme) =>
      items.length === 0
        ? nothingRecorded(recorded, environment, theme)
        : [
            ...items.map((item) => historyText(item, theme, nowMs, environment)),
            ...(isMore ? [theme.dim(olderText('changes', items.length))] : []),
          ].join('\n\n'),
  };
}

function nothingRecorded({ lost, emptied }: RecordedChanges, { address }: Environment, theme: Theme): string {
  if (lost !== null) return theme.warn(term(lostText(lost)));
  if (emptied === null) return 'no change has been recorded';
  return theme.warn(term(addressed(`${emptied.message}. ${emptied.hint ?? ''}`, address)));
}

function historyText(
  { entry, diff, undoneBy, takesBack }: RecordedChange,
  theme: Theme,
  nowMs: number,
  { address }: Environment,
): string {
  const when = `${new Date(entry.timeMs).toISOString()} (${relativeTime(entry.timeMs, nowMs)})`;
  if (entry.body === null) {
    const why = {
      first: 'the document as rlctl first saw it',
      foreign:
        entry.next === 'none'
          ? 'somebody removed the document past rlctl'
          : 'somebody wrote past rlctl; this is what they left',
      periodic: 'periodic copy',
      wrongType: 'the key held another type; its dump is kept',
    };
    const revision = entry.next.slice(0, 12);
    const commands: Readonly<Partial<Record<keyof typeof why, string>>> = {
      ...(entry.next === 'none' ? {} : { foreign: `print it with: rlctl override history --document ${revision}` }),
      wrongType: `how to get it back: rlctl override history --dump ${entry.changeId}`,
    };
    const print = commands[entry.snapshotOf ?? 'first'];
    const how = print === undefined ? '' : `\n  ${term(addressed(print, address))}`;
    return theme.dim(`snapshot  ${when}  ${why[entry.snapshotOf ?? 'first']}  ${revision}${how}`);
  }
  const { command, actor, reason, ticket } = entry.body;
  const lines = [
    `${theme.bold(entry.changeId)}  ${when}`,
    `  ${term(command)} by ${term(actor)}${reason ? `: ${term(reason)}` : ''}${ticket ? ` [${term(ticket)}]` : ''}`,
  ];
  if (entry.body.guards?.length)
    lines.push(
      theme.warn(`  overrides ${counted(entry.body.guards.length, 'guard')}: ${term(entry.body.guards.join(', '))}`),
    );
  const until = isoTime(entry.body.untilMs);
  if (until !== null) lines.push(`  until ${until} (${relativeTime(entry.body.untilMs ?? 0, nowMs)})`);
  if (takesBack.length > 0) lines.push(`  takes back ${term(takesBack.join(', '))}`);
  for (const { kind, id, step } of entry.body.partOf ?? [])
    lines.push(`  part of ${kind} ${term(id)}${step === undefined ? '' : `, ${term(step)}`}`);
  if (entry.body.restores) lines.push(`  brings back revision ${term(entry.body.restores.slice(0, 12))}`);
  if (undoneBy) lines.push(theme.dim(`  taken back by ${term(undoneBy)}`));
  const fields = diffText(diff, theme)
    .split('\n')
    .map((line) => `  ${line}`);
  return [...lines, ...fields, theme.dim(`  ${entry.prev.slice(0, 12)} → ${entry.next.slice(0, 12)}`)].join('\n');
}

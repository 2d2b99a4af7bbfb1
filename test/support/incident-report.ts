import type { CoursePoint } from '../../src/domain/decisions/decisions.js';
import type { ChangeItem, TimelineItem } from '../../src/domain/incident/timeline.js';
import type { IncidentReport } from '../../src/procedures/incident/report.js';

export const startMs = Date.parse('2026-11-21T22:30:00Z');
const minute = 60_000;

/** A text that would be a tag, an attribute, a mark, a link or an escape wherever it was not made safe. */
export const hostile =
  '"><script>hacked=1</script><img src=x onerror=hacked=1> \u001b[31m\u202e **b** [l](javascript:hacked=1) | `c` &amp;';

function change(number: number, more: Partial<ChangeItem> = {}): ChangeItem {
  return {
    kind: 'change',
    number,
    atMs: startMs + number * minute,
    actor: 'ana@laptop',
    reason: null,
    ticket: null,
    changeId: `c0000000000${number}`,
    command: 'override set',
    diff: [
      {
        route: '/api/search',
        kind: 'changed',
        isMoved: false,
        before: '{"rate":60}',
        after: '{"rate":30}',
        fields: [{ name: 'rate', before: 60, after: 30 }],
        fromIndex: 0,
        toIndex: 0,
        fromNext: null,
        toNext: null,
      },
    ],
    partOf: [],
    undoes: [],
    takenBackBy: null,
    isEnd: false,
    verdict: 'proven',
    ...more,
  };
}

const course: readonly CoursePoint[] = Array.from({ length: 40 }, (_, index) => ({
  atMs: startMs + index * 15_000,
  allowed: index === 5 ? null : 20 + (index % 3),
  blocked: index < 20 ? 3 : 0,
  shadowBlocked: index < 20 ? null : 2.5,
}));

/** A report with everything in it; `text` stands wherever text comes from outside. */
export function reportWith(text: string): IncidentReport {
  const place = { entryId: '9-0', sequence: 9, revision: 'b'.repeat(64) };
  const timeline: readonly TimelineItem[] = [
    { kind: 'started', atMs: startMs, actor: text },
    change(1, {
      actor: text,
      reason: text,
      ticket: text,
      command: text,
      partOf: [{ kind: 'runbook', id: text, step: text }],
    }),
    { kind: 'note', atMs: startMs + 90_000, actor: text, text: `${text}\nsecond line ${text}` },
    {
      kind: 'foreign',
      number: 2,
      atMs: startMs + 2 * minute,
      afterMs: startMs + minute,
      diff: [
        { ...(change(1).diff[0] ?? raise()), route: text, fields: [{ name: text, before: text, after: undefined }] },
      ],
      from: 'a',
      to: 'b',
      takenBackBy: null,
    },
    {
      kind: 'flags',
      number: 3,
      atMs: startMs + 3 * minute,
      actor: text,
      reason: text,
      ticket: null,
      buckets: [text],
      isOn: true,
      command: text,
      partOf: [],
      verdict: 'notProven',
      isPutBack: true,
    },
    change(4, { diff: [], takenBackBy: text, verdict: null }),
    change(5, { isEnd: true, command: 'incident end', verdict: 'proven' }),
    { kind: 'ended', atMs: startMs + 9 * minute, actor: text, outcome: 'restored', verdict: 'proven', flags: [text] },
  ];
  const marks = [1, 2, 3, 4].map((number) => ({ number, atMs: startMs + number * minute }));
  return {
    revision: 'none',
    incident: {
      v: 1,
      id: 'i-0a1b2c3d',
      title: text,
      ticket: text,
      environment: text,
      startedBy: text,
      start: { atMs: startMs, ...place, document: null, flips: [] },
      notes: [],
      end: {
        atMs: startMs + 9 * minute,
        ...place,
        by: text,
        outcome: 'restored',
        changeId: 'c5',
        verdict: 'proven',
        flags: [text],
        flips: [],
      },
    },
    timeline,
    figures: [
      {
        window: { fromMs: startMs, toMs: startMs + 10 * minute, stepMs: 15_000, marks },
        pointMs: 60_000,
        buckets: [
          { bucket: text, course },
          { bucket: 'write', course: course.map((point) => ({ ...point, blocked: null, shadowBlocked: null })) },
        ],
        remarks: [text],
      },
    ],
    withoutFigures: null,
    isCut: true,
    nowMs: startMs + 10 * minute,
  };
}

function raise(): never {
  throw new Error('there is a difference');
}

import { headText, type AuditFinding } from '../domain/audit/finding.js';
import { counted } from '../domain/counted.js';
import { addressed, type CommandAddress } from '../domain/printed-command.js';
import type { Verification } from '../procedures/audit/verify.js';
import { noteLines } from './note-lines.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/** Where the head came from that was compared with. */
export type AnchorSource = { readonly from: 'flag' } | { readonly from: 'kept'; readonly at: string };

interface VerifyFacts {
  /** The Redis key, or the file. */
  readonly source: string;
  readonly address: CommandAddress;
  /** `null`: an export was read. */
  readonly environment: string | null;
  /** `null`: there was none. */
  readonly anchor: AnchorSource | null;
}

/** More than this is for the JSON, which holds them all. */
const mostFindings = 10;

/** Whether a history is whole, what is wrong with it, and how much was checked. */
export function auditVerifyView(found: Verification, facts: VerifyFacts): View {
  const { findings, checked, rebuilt, notRebuilt, first, head, anchor, isForeign, isMetadataForeign, older } = found;
  const remarks = remarksOf(found, facts);
  return {
    kind: 'AuditVerification',
    data: {
      environment: facts.environment ?? found.end?.environment ?? null,
      source: facts.source,
      isSound: findings.length === 0,
      checked,
      rebuilt,
      notRebuilt,
      firstSequence: first,
      head: head === null ? null : headText(head),
      anchor:
        anchor === null || facts.anchor === null
          ? null
          : { head: headText(anchor.head), state: anchor.state, source: facts.anchor.from, keptAt: keptAt(facts) },
      isForeign,
      isMetadataForeign,
      olderThanHistory: older.map(({ route, changeId, atMs }) => ({
        route,
        changeId,
        time: new Date(atMs).toISOString(),
      })),
      findings,
      remarks,
    },
    items: findings,
    human: (theme) =>
      [
        verdictText(found, facts, theme),
        ...findingLines(findings, theme),
        ...(head === null ? [] : [`head  ${headText(head)}`]),
        ...noteLines(remarks, theme),
        ...(findings.length === 0 ? [] : [`${theme.accent('hint:')}  ${term(cure(found, facts))}`]),
      ].join('\n'),
  };
}

function keptAt({ anchor }: VerifyFacts): string | null {
  return anchor?.from === 'kept' ? anchor.at : null;
}

function verdictText(
  { findings, checked, rebuilt, notRebuilt, first, head }: Verification,
  { source }: VerifyFacts,
  theme: Theme,
): string {
  if (checked === 0 && findings.length === 0) return `${term(source)}: no change has been recorded`;
  const numbers = first === null || head === null ? '' : ` (${first} to ${head.sequence})`;
  const left = notRebuilt === 0 ? '' : `, ${notRebuilt} not: what stood before them is missing`;
  const much = `${counted(checked, 'entry', 'entries')}${numbers} checked, ${counted(rebuilt, 'edit')} rebuilt byte by byte${left}`;
  if (findings.length === 0) return theme.good(`✓ the history of ${term(source)} is whole: ${much}`);
  return theme.bad(`✗ the history of ${term(source)} is not whole: ${counted(findings.length, 'finding')}; ${much}`);
}

function findingLines(findings: readonly AuditFinding[], theme: Theme): readonly string[] {
  const shown = findings.slice(0, mostFindings).map(({ message }) => `${theme.bad('✗')} ${term(message)}`);
  const left = findings.length - mostFindings;
  return left > 0 ? [...shown, theme.dim(`… ${counted(left, 'more finding')} in --json`)] : shown;
}

function remarksOf(
  { anchor, isForeign, isMetadataForeign, first, findings, older, end }: Verification,
  facts: VerifyFacts,
): readonly string[] {
  const inRedis = facts.environment !== null;
  return [
    ...anchorRemark(anchor, findings.length === 0, facts),
    ...(first !== null && first > 1 ? [`the history begins with number ${first}: what was before was trimmed`] : []),
    ...(older.length > 0 && findings.every(({ code }) => code !== 'CHANGE_MISSING') ? [olderText(older)] : []),
    ...(isForeign
      ? [
          `the document was changed past rlctl after the last entry${inRedis ? ', and the next change by rlctl keeps that; or the last entries were removed' : ''}`,
        ]
      : []),
    ...(isMetadataForeign ? ['who set what, beside the document, was changed past rlctl after the last entry'] : []),
    ...(end !== null && findings.length === 0 ? [`exported from ${end.environment} at ${end.time}`] : []),
  ];
}

const mostNamed = 3;

/** What is no fault once the new beginning was meant. */
function olderText(older: Verification['older']): string {
  const named = older.slice(0, mostNamed).map(({ route }) => JSON.stringify(route));
  const more = older.length > mostNamed ? ` and ${older.length - mostNamed} more` : '';
  return `older than this history, which was begun anew: what set ${named.join(', ')}${more}`;
}

function anchorRemark(anchor: Verification['anchor'], isSound: boolean, facts: VerifyFacts): readonly string[] {
  if (anchor === null) {
    return ['there was no earlier head to compare with, so a history that was recomputed as a whole would not show'];
  }
  const kept = keptAt(facts);
  const name = `the head ${kept === null ? 'given' : `seen from here at ${kept}`}, number ${anchor.head.sequence},`;
  if (anchor.state === 'held') return [`${name} still stands${isSound ? ': nothing up to it was rewritten' : ''}`];
  return anchor.state === 'trimmed' ? [`${name} was trimmed since, so nothing could be compared with it`] : [];
}

function cure({ stored, findings, older, anchor: checked }: Verification, { address, anchor }: VerifyFacts): string {
  if (stored === null) return 'Compare it with another copy of the export, and with Redis: rlctl audit verify';
  const isRewritten = findings.some(({ code }) => code === 'END_MISSING' || code === 'PAST_REWRITTEN');
  const isOlder =
    older.length > 0 && checked?.state !== 'held' && findings.some(({ code }) => code === 'CHANGE_MISSING');
  const anew =
    (anchor?.from === 'kept' && isRewritten) || isOlder
      ? '; where the history was begun anew on purpose: rlctl audit verify --anchor none'
      : '';
  return addressed(
    `Keep what is there: rlctl audit export --out FILE; find out who may write to the key${anew}.`,
    address,
  );
}

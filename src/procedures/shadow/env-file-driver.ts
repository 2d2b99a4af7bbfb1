import { flagVariables, type BucketNames } from '../../domain/config/bucket-names.js';
import { counted } from '../../domain/counted.js';
import { RlctlError } from '../../domain/errors.js';
import { quoteOutside } from '../../domain/outside-text.js';
import { editEnvFile, findAssignment, holdsTrue, type Assignment, type Wanted } from '../../domain/shadow/env-file.js';
import type { FlagRecord } from '../../domain/shadow/flag-record.js';
import type { Clock } from '../../ports/clock.js';
import type { EnvFiles } from '../../ports/env-files.js';
import { noRecordRemark, type FlagDriver, type FlagWish, type PlannedFlag } from './flag-driver.js';

/**
 * Flips flags in an env file, in place. Bytes are taken one by one (latin1), so that whatever else the file holds comes
 * out as it went in.
 */
export function envFileDriver(ports: { readonly envFiles: EnvFiles; readonly clock: Clock }, path: string): FlagDriver {
  return {
    kind: 'env-file',
    place: path,
    plan: async (wishes) => planOn(textOf(await ports.envFiles.read(path)), wishes, path).planned,
    apply: async (wishes, planned) => {
      const startedMs = ports.clock.monotonicMs();
      await ports.envFiles.replace(path, (bytes) => {
        const fresh = planOn(textOf(bytes), wishes, path);
        assertSame(planned, fresh.planned, path);
        return Buffer.from(fresh.next, 'latin1');
      });
      const changed = planned.filter(({ isChanged }) => isChanged);
      const detail = `${path}: ${counted(changed.length, 'line')} changed`;
      return [{ name: 'write', state: 'done', detail, tookMs: ports.clock.monotonicMs() - startedMs }];
    },
  };
}

/** Bytes taken one by one, as they are edited. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function planOn(text: string, wishes: readonly FlagWish[], path: string) {
  let next = text;
  const removed: number[] = [];
  const planned = wishes.map((wish): PlannedFlag => {
    const flag = planFlag(next, wish, path);
    next = flag.next;
    const { line } = flag.planned;
    if (line === null || line.before === null) return flag.planned;
    const original = { ...line, line: lineBefore(line.line, removed) };
    if (line.after === null) removed.push(original.line);
    return { ...flag.planned, line: original };
  });
  return { planned, next };
}

/** A line's number in the file as it stands, where these lines of it are already planned to go. */
function lineBefore(line: number, removed: readonly number[]): number {
  return [...removed].sort((a, b) => a - b).reduce((number, gone) => (gone <= number ? number + 1 : number), line);
}

function planFlag(text: string, wish: FlagWish, path: string): { planned: PlannedFlag; next: string } {
  const variable = variableIn(text, wish.bucket);
  const found = findAssignment(text, variable);
  const { wanted, isShadow, remarks } = wantedFor(wish, variable, found, path);
  const { next, change, raw } = editEnvFile(text, variable, wanted);
  const doubt = found?.hasInlineComment === true ? `a comment stands behind ${variable}` : null;
  const comment = doubt === null ? [] : [`${doubt}: not every reader of such files takes it for one`];
  const twice =
    found !== null && found.count > 1 ? [`${variable} is assigned ${found.count} times; the last one counts`] : [];
  const planned = {
    bucket: wish.bucket,
    variable,
    before: found?.raw ?? null,
    after: raw,
    isShadow,
    isChanged: change !== null,
    line: change,
    argv: null,
    ...(doubt === null ? {} : { doubt }),
    remarks: [...remarks, ...comment, ...twice],
  };
  return { planned, next };
}

/** The first of the bucket's variables that the file has, else the likeliest. */
export function variableIn(text: string, bucket: BucketNames): string {
  const variables = flagVariables(bucket);
  return variables.find((each) => findAssignment(text, each) !== null) ?? variables[0];
}

interface WantedFlag {
  readonly wanted: Wanted;
  readonly isShadow: boolean | null;
  readonly remarks: readonly string[];
}

function wantedFor(wish: FlagWish, variable: string, found: Assignment | null, path: string): WantedFlag {
  const { bucket, isOn, record, serverSays, exactly } = wish;
  const raw = found?.raw ?? null;
  if (exactly === 'value' && !isOn) return { wanted: { kind: 'value', value: 'false' }, isShadow: false, remarks: [] };
  if (exactly !== undefined && exactly !== 'value') return wantedBack(exactly, variable, raw, path);
  if (isOn) return { wanted: { kind: 'value', value: 'true' }, isShadow: true, remarks: [] };
  const isStanding = record?.place === path && record.variable === variable && record.wrote === raw && raw !== null;
  // Without a line, or with one that is no flag, only the server tells whether the bucket is off.
  const isOff = found?.value === 'false' || (found?.value !== 'true' && serverSays === false);
  if (!isStanding && isOff) {
    const wanted = found === null ? ({ kind: 'absent' } as const) : ({ kind: 'raw', raw: found.raw } as const);
    return { wanted, isShadow: false, remarks: [] };
  }
  if (!isStanding || record === null)
    return { wanted: { kind: 'value', value: 'false' }, isShadow: false, remarks: [noRecordRemark(bucket.name)] };
  const since = `${variable} is as before the change of ${record.at} by ${record.actor}`;
  if (record.before === null) return { wanted: { kind: 'absent' }, isShadow: null, remarks: [since] };
  return { wanted: { kind: 'raw', raw: record.before }, isShadow: holdsTrue(record.before), remarks: [since] };
}

/** Exactly what stood before a record, or stands there again already. Throws where it holds anything else. */
function wantedBack(record: FlagRecord, variable: string, raw: string | null, path: string): WantedFlag {
  const { before, wrote, at, actor } = record;
  if (raw !== wrote && raw !== before) throw changedSince(record, variable, raw, path);
  const remarks = [`${variable} is as before the change of ${at} by ${actor}`];
  if (before === null) return { wanted: { kind: 'absent' }, isShadow: null, remarks };
  return { wanted: { kind: 'raw', raw: before }, isShadow: holdsTrue(before), remarks };
}

/** A flag's line is neither what was set nor what stood before: 5. */
function changedSince({ wrote, before }: FlagRecord, variable: string, raw: string | null, path: string): RlctlError {
  return new RlctlError('conflict', `${variable} was changed in ${path} since; nothing was written`, {
    code: 'UNDO_CONFLICT',
    hint: `Before, ${before === null ? 'it did not stand in the file' : `it was ${quoteOutside(before)}`}; now it ${raw === null ? 'is not there' : `is ${quoteOutside(raw)}`}. Ask whoever changed it, and set it by hand to what it is to be.`,
    details: { variables: [{ variable, base: wrote, theirs: raw, mine: before }] },
  });
}

function assertSame(planned: readonly PlannedFlag[], fresh: readonly PlannedFlag[], path: string): void {
  const changed = planned.filter(({ before, variable }, index) => {
    const now = fresh[index];
    return now === undefined || now.before !== before || now.variable !== variable;
  });
  if (changed.length === 0) return;
  const names = changed.map(({ variable }) => variable).join(', ');
  throw new RlctlError('conflict', `${names} was changed in ${path} underneath; nothing was written`, {
    code: 'CONFLICT',
    hint: 'Look at the file, then decide again on what stands there now.',
    details: {
      variables: changed.map(({ variable, before, after }) => ({
        variable,
        base: before,
        theirs: fresh.find((each) => each.variable === variable)?.before ?? null,
        mine: after,
      })),
    },
  });
}

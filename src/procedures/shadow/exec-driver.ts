import { flagVariables } from '../../domain/config/bucket-names.js';
import { counted } from '../../domain/counted.js';
import { RlctlError, usageError } from '../../domain/errors.js';
import { quoteOutside } from '../../domain/outside-text.js';
import { shellWords } from '../../domain/shell-words.js';
import type { FlagRecord } from '../../domain/shadow/flag-record.js';
import type { Clock } from '../../ports/clock.js';
import type { Deadline } from '../../ports/deadline.js';
import type { Programs } from '../../ports/programs.js';
import { shareOf } from '../share.js';
import type { Step } from '../step.js';
import { noRecordRemark, type FlagDriver, type FlagWish, type PlannedFlag } from './flag-driver.js';

export interface ExecPorts {
  readonly programs: Programs;
  readonly clock: Clock;
  readonly deadline: Deadline;
}

/**
 * Flips flags through a program, once for each bucket. `{bucket}`, `{variable}` and `{value}` in its arguments stand for
 * what it is to do. No shell reads them.
 */
export function execDriver(ports: ExecPorts, argv: readonly string[]): FlagDriver {
  return {
    kind: 'exec',
    place: argv[0] ?? '',
    plan: (wishes) => {
      if (!argv.some((item) => item.includes('{value}'))) throw noValue(argv);
      return Promise.resolve(wishes.map((wish) => planFlag(wish, argv)));
    },
    apply: (_, planned) => runAll(ports, planned),
  };
}

function noValue(argv: readonly string[]): RlctlError {
  return usageError(
    `shadowDriver: the arguments of "${argv[0] ?? ''}" hold no {value}, so the program cannot know what to set`,
    'Write it as {exec: [PROGRAM, "{variable}={value}"]}; {bucket}, {variable} and {value} are filled in.',
    'PROGRAM_WITHOUT_VALUE',
  );
}

function planFlag(wish: FlagWish, argv: readonly string[]): PlannedFlag {
  const { bucket, isOn, record, serverSays } = wish;
  const [variable] = flagVariables(bucket);
  const value = String(isOn);
  const isStanding = record !== null && record.place === argv[0] && record.variable === variable;
  if (isAsWanted(wish)) {
    const said = String(isOn);
    const remarks = [
      `"${argv[0] ?? ''}" was not run for ${bucket.name}, because the server already says what is wanted`,
    ];
    const same = { bucket, variable, before: said, after: said, isShadow: isOn };
    return { ...same, isChanged: false, line: null, argv: null, remarks };
  }
  return {
    bucket,
    variable,
    before: serverSays === null ? undefined : String(serverSays),
    after: value,
    isShadow: isOn,
    isChanged: true,
    line: null,
    argv: argv.map((item) => fill(item, { bucket: bucket.name, variable, value })),
    remarks: isOn || wish.exactly !== undefined ? [] : [isStanding ? asBefore(record) : noRecordRemark(bucket.name)],
  };
}

/**
 * The server tells what the platform holds, unless something was set there that it has not taken up: then it may hold the
 * contrary.
 */
function isAsWanted({ isOn, record, serverSays, pending }: FlagWish): boolean {
  const isAwaited = pending !== null && pending.isOn !== isOn;
  return serverSays === isOn && !isAwaited && (isOn || record === null);
}

/** A record is kept only of a flag that was not set, or of which nobody could tell. */
function asBefore({ variable, at, actor, before }: FlagRecord): string {
  const since = `the change of ${at} by ${actor}`;
  if (before !== null) return `${variable} is as before ${since}`;
  return `what stood before ${since} could not be told then: ${variable} is set to false`;
}

/** In one pass, so that a value that looks like a placeholder is none. */
function fill(item: string, values: Readonly<Record<'bucket' | 'variable' | 'value', string>>): string {
  return item.replaceAll(/\{(bucket|variable|value)\}/g, (_, name: keyof typeof values) => values[name]);
}

/** One after the other; the first failure ends it, because what it left behind is not known. */
async function runAll(ports: ExecPorts, planned: readonly PlannedFlag[]): Promise<readonly Step[]> {
  const steps: Step[] = [];
  for (const flag of planned.filter(({ isChanged }) => isChanged)) {
    const startedMs = ports.clock.monotonicMs();
    const failure = await runOne(ports, flag, steps.length);
    if (failure !== null && steps.length === 0) throw failure;
    const tookMs = ports.clock.monotonicMs() - startedMs;
    const detail = failure?.message ?? shellWords(flag.argv ?? []);
    steps.push({ name: 'run', state: failure === null ? 'done' : 'failed', detail, tookMs });
    if (failure !== null) break;
  }
  return steps;
}

async function runOne(
  ports: ExecPorts,
  { argv, bucket, variable }: PlannedFlag,
  doneBefore: number,
): Promise<RlctlError | null> {
  const { deadline, clock } = ports;
  // The reload and its proof come after.
  const signal = shareOf(deadline, clock).signal();
  const program = argv?.[0] ?? '';
  const end = await ports.programs.run(argv ?? [], signal);
  const details = { bucket: bucket.name, variable, code: end.code, signal: end.signal, doneBefore };
  if (end.code === 0) return null;
  if (signal.aborted) throw cutOff(program, deadline, details);
  const said = quoteOutside(end.said, 160);
  const how = end.code === null ? `was ended by ${end.signal}` : `ended with ${end.code}`;
  return new RlctlError('refused', `the program "${program}" ${how}${said === '' ? '' : `: ${said}`}`, {
    code: 'PROGRAM_FAILED',
    hint: `No reload was sent. Run it by hand to see what is wrong: ${shellWords(argv ?? [])}`,
    details,
  });
}

interface CutOff extends Readonly<Record<string, unknown>> {
  readonly bucket: string;
  /** Programs that had ended well before this one. */
  readonly doneBefore: number;
}

function cutOff(program: string, deadline: Deadline, details: CutOff): RlctlError {
  const { interrupted } = deadline;
  const { doneBefore } = details;
  const before = doneBefore === 0 ? '' : ` (${counted(doneBefore, 'flag was', 'flags were')} set before it)`;
  const hint = 'See what the server says with "rlctl shadow list"; running the command again does no harm.';
  if (interrupted.aborted) {
    const isTerminated = interrupted.reason instanceof RlctlError && interrupted.reason.kind === 'terminated';
    const kind = isTerminated ? 'terminated' : 'interrupted';
    const message = `${kind} while "${program}" was running for ${details.bucket}; it may have changed the flag${before}, and no reload was sent`;
    return new RlctlError(kind, message, { code: kind.toUpperCase(), hint, details });
  }
  return new RlctlError(
    'unknownOutcome',
    `"${program}" did not end in time for ${details.bucket} and was stopped; it may have changed the flag${before}, and no reload was sent`,
    {
      code: 'PROGRAM_TIMEOUT',
      hint: `${hint} Give it longer with --timeout.`,
      details,
    },
  );
}

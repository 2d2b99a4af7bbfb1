import { flagVariables } from '../../domain/config/bucket-names.js';
import { usageError, type RlctlError } from '../../domain/errors.js';
import { filledIn, holdsValue } from '../../domain/shadow/program-words.js';
import { shellWords } from '../../domain/shell-words.js';
import type { FlagRecord } from '../../domain/shadow/flag-record.js';
import { runProgram, type ProgramPorts } from '../run-program.js';
import type { Step } from '../step.js';
import { noRecordRemark, type FlagDriver, type FlagWish, type PlannedFlag } from './flag-driver.js';

/**
 * Flips flags through a program, once for each bucket. `{bucket}`, `{variable}` and `{value}` in its arguments stand for
 * what it is to do. No shell reads them.
 */
export function execDriver(ports: ProgramPorts, argv: readonly string[]): FlagDriver {
  return {
    kind: 'exec',
    place: argv[0] ?? '',
    plan: (wishes) => {
      if (!holdsValue(argv)) throw noValue(argv);
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
    argv: filledIn(argv, { bucket: bucket.name, variable, value }),
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

/** One after the other; the first failure ends it, because what it left behind is not known. */
async function runAll(ports: ProgramPorts, planned: readonly PlannedFlag[]): Promise<readonly Step[]> {
  const steps: Step[] = [];
  for (const flag of planned.filter(({ isChanged }) => isChanged)) {
    const startedMs = ports.clock.monotonicMs();
    const { argv, bucket, variable } = flag;
    const about = { label: bucket.name, details: { bucket: bucket.name, variable }, doneBefore: steps.length };
    const failure = await runProgram(ports, argv ?? [], about);
    if (failure !== null && steps.length === 0) throw failure;
    const tookMs = ports.clock.monotonicMs() - startedMs;
    const detail = failure?.message ?? shellWords(argv ?? []);
    steps.push({ name: 'run', state: failure === null ? 'done' : 'failed', detail, tookMs });
    if (failure !== null) break;
  }
  return steps;
}

import { counted } from '../domain/counted.js';
import { RlctlError } from '../domain/errors.js';
import { quoteOutside } from '../domain/outside-text.js';
import { shellWords } from '../domain/shell-words.js';
import type { Clock } from '../ports/clock.js';
import type { Deadline } from '../ports/deadline.js';
import type { Programs } from '../ports/programs.js';
import { assertInTime } from './in-time.js';
import { shareOf } from './share.js';

export interface ProgramPorts {
  readonly programs: Programs;
  readonly clock: Clock;
  readonly deadline: Deadline;
}

/** What a program is run for. */
export interface ProgramTask {
  /** What it sets, for people: a bucket, or `the kill switch`. */
  readonly label: string;
  readonly details: Readonly<Record<string, string>>;
  /** Programs that had ended well before this one. */
  readonly doneBefore: number;
}

/**
 * Runs a program that sets something on a platform, within a share of the deadline, because the reload and its proof come
 * after. `null`: it ended well. An error that is returned: it failed. Throws where it was cut off, and may have done it; and
 * where no time is left for the first of several, which then is not begun.
 */
export async function runProgram(
  { programs, clock, deadline }: ProgramPorts,
  argv: readonly string[],
  task: ProgramTask,
): Promise<RlctlError | null> {
  const program = argv[0] ?? '';
  if (task.doneBefore === 0) assertInTime(deadline, `"${program}" was run for ${task.label}`);
  const signal = shareOf(deadline, clock).signal();
  const end = await programs.run(argv, signal);
  const details = { ...task.details, code: end.code, signal: end.signal, doneBefore: task.doneBefore };
  if (end.code === 0) return null;
  if (signal.aborted) throw cutOff(program, deadline, task, details);
  const said = quoteOutside(end.said, 160);
  const how = end.code === null ? `was ended by ${end.signal}` : `ended with ${end.code}`;
  return new RlctlError('refused', `the program "${program}" ${how}${said === '' ? '' : `: ${said}`}`, {
    code: 'PROGRAM_FAILED',
    hint: `No reload was sent. Run it by hand to see what is wrong: ${shellWords(argv)}`,
    details,
  });
}

function cutOff(
  program: string,
  deadline: Deadline,
  { label, doneBefore }: ProgramTask,
  details: Readonly<Record<string, unknown>>,
): RlctlError {
  const { interrupted } = deadline;
  const before = doneBefore === 0 ? '' : ` (${counted(doneBefore, 'flag was', 'flags were')} set before it)`;
  const hint = 'See what the server says with "rlctl shadow list"; running the command again does no harm.';
  if (interrupted.aborted) {
    const isTerminated = interrupted.reason instanceof RlctlError && interrupted.reason.kind === 'terminated';
    const kind = isTerminated ? 'terminated' : 'interrupted';
    const message = `${kind} while "${program}" was running for ${label}; it may have changed the flag${before}, and no reload was sent`;
    return new RlctlError(kind, message, { code: kind.toUpperCase(), hint, details });
  }
  return new RlctlError(
    'unknownOutcome',
    `"${program}" did not end in time for ${label} and was stopped; it may have changed the flag${before}, and no reload was sent`,
    {
      code: 'PROGRAM_TIMEOUT',
      hint: `${hint} Give it longer with --timeout.`,
      details,
    },
  );
}

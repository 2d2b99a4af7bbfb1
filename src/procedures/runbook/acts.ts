import { RlctlError } from '../../domain/errors.js';
import { quoteOutside } from '../../domain/outside-text.js';
import { readEnd, type ActOutcome, type CommandEnd } from '../../domain/runbook/outcome.js';
import type { ResolvedAct } from '../../domain/runbook/resolve.js';
import type { Bound } from '../../domain/runbook/runbook.js';
import { stepCommandOf } from '../../domain/runbook/step-command.js';
import { shellWords } from '../../domain/shell-words.js';
import type { PageAnswer } from '../../ports/pages.js';
import type { ProgramEnd } from '../../ports/programs.js';

/** What a command of a step is recorded as. */
export interface StepAs {
  readonly step: string;
  /** `null`: it changes nothing, or what it changes has no id. */
  readonly changeId: string | null;
}

/** How the acts of a run reach the world. Each has its own time; what they throw is an RlctlError. */
export interface ActPorts {
  /** Runs another command of rlctl, confirmed and signed for as the run was. */
  invoke(argv: readonly string[], as: StepAs): Promise<CommandEnd>;
  page(act: Extract<ResolvedAct, { kind: 'http' }>): Promise<PageAnswer>;
  numbers(query: string): Promise<readonly number[]>;
  /** `null`: no program may be run here; why stands in the text. */
  program(argv: readonly string[]): Promise<ProgramEnd>;
  /** Why programs are not run on this machine; `null`: they are. */
  readonly noPrograms: string | null;
  /** Asks whoever is there to do something by hand; `null`: nobody is. */
  ask(question: string): Promise<boolean | null>;
}

/** Does one act. Never throws for what it runs into, but for an interrupt. */
export async function perform(ports: ActPorts, act: ResolvedAct, as: StepAs): Promise<ActOutcome> {
  try {
    return await attempt(ports, act, as);
  } catch (error) {
    if (!(error instanceof RlctlError) || isInterrupt(error)) throw error;
    const cut = error.code === 'PROGRAM_TIMEOUT' ? ({ isCutShort: true } as const) : {};
    return { kind: 'bad', text: error.message, hint: error.hint ?? null, exitCode: error.exitCode, ...cut };
  }
}

/** Whether somebody stopped the run, and not something. */
export function isInterrupt({ kind }: RlctlError): boolean {
  return kind === 'interrupted' || kind === 'terminated';
}

async function attempt(ports: ActPorts, act: ResolvedAct, as: StepAs): Promise<ActOutcome> {
  switch (act.kind) {
    case 'rlctl': {
      const end = await ports.invoke(act.argv, as);
      if ([130, 143].includes(end.exitCode)) throw interrupted(end);
      return readEnd(act, end);
    }
    case 'http':
      return readPage(act, await ports.page(act));
    case 'promql':
      return readNumbers(act, await ports.numbers(act.query));
    case 'manual':
      return byHand(ports, act.text);
    case 'exec':
      if (ports.noPrograms !== null) return byHand(ports, `${ports.noPrograms} Run: ${shellWords(act.argv)}`);
      return readProgram(await ports.program(act.argv));
  }
}

function interrupted({ exitCode, error }: CommandEnd): RlctlError {
  const kind = exitCode === 143 ? 'terminated' : 'interrupted';
  return new RlctlError(kind, error?.message ?? kind, { code: kind.toUpperCase() });
}

function good(text: string): ActOutcome {
  return { kind: 'good', text, hint: null, exitCode: 0 };
}

function finding(text: string): ActOutcome {
  return { kind: 'bad', text, hint: null, exitCode: 3 };
}

function readPage(
  { target, statuses, contains }: Extract<ResolvedAct, { kind: 'http' }>,
  { status, body }: PageAnswer,
): ActOutcome {
  if (!statuses.includes(status)) return finding(`${target.text} answered ${status}, not ${statuses.join(' or ')}`);
  if (contains === null || body.includes(contains)) return good(`${target.text} answered ${status}`);
  return finding(`${target.text} answered ${status} without ${JSON.stringify(contains)}: ${quoteOutside(body)}`);
}

function readNumbers(
  { bound, isNoDataGood }: Extract<ResolvedAct, { kind: 'promql' }>,
  numbers: readonly number[],
): ActOutcome {
  if (numbers.length === 0)
    return isNoDataGood ? good('no data, which is fine here') : finding('no data: that is not zero');
  const wanted = `${bound.kind} ${bound.value}`;
  const odd = numbers.filter((number) => !isWithin(bound, number));
  if (odd.length === 0) return good(`${numbers.map(String).join(', ')}: ${wanted}`);
  return finding(`${odd.map(String).join(', ')}: not ${wanted}`);
}

/** What is no number is within nothing. */
function isWithin({ kind, value }: Bound, number: number): boolean {
  if (kind === 'below') return number < value;
  return kind === 'above' ? number > value : number === value;
}

async function byHand(ports: ActPorts, text: string): Promise<ActOutcome> {
  const answer = await ports.ask(text);
  if (answer === true) return good('done by hand');
  return { kind: 'waits', text, hint: null, exitCode: 6 };
}

function readProgram({ code, signal, said }: ProgramEnd): ActOutcome {
  const text = quoteOutside(said, 400);
  if (code === 0) return good(text === '' ? 'ended with 0' : `ended with 0: ${text}`);
  const cut = code === null ? ({ isCutShort: true } as const) : {};
  return { kind: 'bad', text: `ended with ${code ?? signal}: ${text}`, hint: null, exitCode: 8, ...cut };
}

/**
 * What the action may change and nothing else, by its own dry run; `null`: it takes no such mark. What the dry run runs into,
 * the action itself will tell.
 */
export async function pinOf(ports: ActPorts, act: ResolvedAct, step: string): Promise<string | null> {
  if (act.kind !== 'rlctl') return null;
  const { pin } = stepCommandOf(act.argv);
  if (pin === null) return null;
  const { document } = await ports.invoke([...act.argv, '--dry-run'], { step, changeId: null });
  const value = (document as Readonly<Record<string, unknown>> | null)?.[pin.field];
  return typeof value === 'string' ? value : null;
}

/** The act held to what was found before. */
export function pinned(act: ResolvedAct, pin: string | null): ResolvedAct {
  if (act.kind !== 'rlctl' || pin === null) return act;
  const flag = stepCommandOf(act.argv).pin?.flag;
  return flag === undefined ? act : { ...act, argv: [...act.argv, flag, pin] };
}

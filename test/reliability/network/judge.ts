import { jsonOf, type JsonObject, type ShownError } from '../../support/world.js';
import { replayFaults } from '../oracle.js';
import type { Right } from './expected.js';
import { first, route, type NetworkEnd, type NetworkTrial } from './ground.js';

/** How much later than its deadline a command may end, milliseconds. */
const graceMs = 300;

/** What a hint says to do. */
const isAdvice = /\b(run|check|look|repeat|give|set|write|compare|use)\b/i;

/** What it said of itself: the result on stdout, or the one error on stderr. */
interface Said {
  readonly result: JsonObject | null;
  readonly error: ShownError | null;
}

/**
 * Holds what rlctl said against what the store has, its end against what is right, and its time against its deadline. The
 * faults, none: it held.
 */
export async function judge(trial: NetworkTrial, right: Right, end: NetworkEnd): Promise<readonly string[]> {
  const { ran, tookMs, lagMs, isBusy } = end;
  const said = read(end);
  if (typeof said === 'string') return [`exit ${ran.code}, ${said}: ${ran.out.slice(0, 200)}${ran.err.slice(0, 400)}`];
  const { error } = said;
  const words = right.get(ran.code ?? -1);
  const isRight = words === null ? error === null : (words?.test(error?.code ?? '') ?? false);
  const lateMs = Math.round(tookMs - trial.timeoutMs - lagMs);
  return [
    ...(isRight || isBusy
      ? []
      : [`exit ${ran.code} ${error?.code ?? ''} (${error?.message ?? ''}) is not among ${shown(right)}`]),
    ...(lateMs > graceMs && !isBusy ? [`ended ${lateMs} ms after its deadline`] : []),
    ...(error !== null && !isAdvice.test(error.hint ?? '') ? [`"${error.hint}" says nothing to do`] : []),
    // Where the time went on reading, nothing kept the write from arriving.
    ...(error?.code === 'DEADLINE' && trial.step.phase === 'writing' && !isBusy && !/any more: \S/.test(error.message)
      ? [`"${error.message}" names no cause`]
      : []),
    ...truthFaults(trial, said, end),
    ...(await promiseFaults(said, end)),
  ];
}

function shown(right: Right): string {
  return [...right].map(([code, words]) => `${code}${words === null ? '' : ` ${words.source}`}`).join(' | ');
}

/** The shape of an end: 0 and 8 print the result, every other code one error. */
function read({ ran: { code, out, err } }: NetworkEnd): Said | string {
  const isResult = code === 0 || code === 8;
  if (isResult ? err !== '' : out !== '') return 'and words on both streams or on the wrong one';
  try {
    if (isResult) return { result: jsonOf(out), error: null };
    const { error } = jsonOf<{ error: ShownError }>(err);
    return error.exitCode === code ? { result: null, error } : `but its error says ${error.exitCode}`;
  } catch {
    return 'and what it printed is no JSON';
  }
}

/** What is stored: everything as before, or the one change on top, once in the history, with the id that was told. */
function truthFaults({ step, rate }: NetworkTrial, { result, error }: Said, end: NetworkEnd): readonly string[] {
  const { document, entries } = end;
  const changes = entries.filter(({ kind }) => kind === 'change');
  const isApplied = changes.length > 0;
  const text = String(document);
  const wanted = isApplied ? `${first.slice(0, -2)},` : first;
  const toldId = (result?.['changeId'] ?? error?.details?.['changeId'] ?? null) as string | null;
  const isKnownApplied = result !== null && step.command === 'set';
  const isKnownAbsent = error !== null && error.exitCode !== 9;
  const replication = result?.['replication'] as
    { readonly required: number; readonly acknowledged: number } | undefined;
  return [
    ...replayFaults(entries, { first: Buffer.from(first), last: document }),
    ...(changes.length > 1 ? [`applied ${changes.length} times`] : []),
    ...(text.startsWith(wanted) ? [] : [`bytes of somebody else's were changed: ${text}`]),
    ...(isApplied && !isStored(text, rate) ? [`the history has the change, and the document has not: ${text}`] : []),
    ...(!isApplied && text !== first ? [`changed without an entry in the history: ${text}`] : []),
    ...(isKnownApplied && !isApplied ? ['said to be written, and is not'] : []),
    ...(isKnownAbsent && isApplied ? [`said not to be written (${error.message}), and is`] : []),
    ...(isApplied && changes[0]?.id !== toldId
      ? [`the history has ${changes[0]?.id}, and was told was ${toldId}`]
      : []),
    ...(step.redis === 'replicated' && result !== null && isReplicated(replication) !== (end.ran.code === 0)
      ? [`exit ${end.ran.code}, with ${replication?.acknowledged} of ${replication?.required} replicas`]
      : []),
  ];
}

function isReplicated(replication: { readonly required: number; readonly acknowledged: number } | undefined): boolean {
  return replication !== undefined && replication.required === 1 && replication.acknowledged >= 1;
}

function isStored(text: string, rate: number): boolean {
  const document = jsonOf<Readonly<Record<string, { readonly rate?: number } | undefined>>>(text);
  return document[route]?.rate === rate;
}

/** Of an unknown outcome the printed command tells, once Redis answers again. */
async function promiseFaults({ error }: Said, { entries, tell }: NetworkEnd): Promise<readonly string[]> {
  if (error?.exitCode !== 9) return [];
  const [, words] = /run: rlctl ([^;]+)/.exec(error.hint ?? '') ?? [];
  if (words === undefined) return [`"${error.hint}" names no command`];
  const { code, out, err } = await tell(words.split(' '));
  const isTold = code === 0 && out.includes(String(error.details?.['changeId']));
  const isApplied = entries.some(({ kind }) => kind === 'change');
  return isTold === isApplied ? [] : [`rlctl ${words} says the contrary of what is stored: exit ${code} ${out}${err}`];
}

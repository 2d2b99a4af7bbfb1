import type { Environment } from '../domain/config/environment.js';
import { counted } from '../domain/counted.js';
import { withoutAddress } from '../domain/fleet/instance.js';
import { nextFails, refusedCure, refusedText } from '../domain/fleet/refused-signatures.js';
import { spread, type Standing, type StandingState } from '../domain/fleet/standing.js';
import type { RlctlError } from '../domain/errors.js';
import { valueOf } from '../domain/part.js';
import { addressed, addressedError } from '../domain/printed-command.js';
import { hasMoreWorkers } from '../domain/dialect/workers.js';
import { settingCure } from '../domain/config/setting-cure.js';
import { shellWords } from '../domain/shell-words.js';
import type { FleetStatus } from '../procedures/fleet/status.js';
import { changeText } from './author-text.js';
import { expiryRemarks, fleetStatusJson, plainInstances, plainRemark } from './fleet-json.js';
import { headline, inStepWord, mostText } from './fleet-words.js';
import { renderTable } from './table.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

export interface ShownFleet {
  readonly status: FleetStatus;
  /** How long it took until all were in step, milliseconds; `null`: they are not. */
  readonly convergedMs: number | null;
  readonly environment: Environment;
  /** Where the instances were listed, in words. */
  readonly source: string;
  /** A line for each instance, those in step too. */
  readonly isAll: boolean;
  /** Processes that an earlier proof told apart, at least; `null`: none did. */
  readonly workersSeen: number | null;
  readonly nowMs: number;
}

/** Up to so many instances each has its line. */
const fewInstances = 10;
/** Instances out of step in the table; more are counted. */
const mostLines = 40;
const mostFaults = 4;

/** Every instance beside the others: those out of step first, those in step as one line where there are many. */
export function fleetStatusView(shown: ShownFleet): View {
  const { data, items } = fleetStatusJson(shown);
  return {
    kind: 'FleetStatus',
    data,
    items,
    human: async (theme) => {
      const { standings } = shown.status;
      const { refused } = shown.status;
      const isWell = ({ state, instance }: Standing): boolean => state === 'inStep' && !refused.has(instance.name);
      const refusing = standings.filter((each) => each.state === 'inStep' && !isWell(each));
      const out = [...standings.filter(({ state }) => state !== 'inStep'), ...refusing];
      const inStep = standings.filter(isWell);
      const isFolded = !shown.isAll && standings.length > fewInstances;
      const listed = isFolded ? out.slice(0, mostLines) : [...out, ...inStep];
      const rows = listed.map((each) => rowOf(each, shown.status, theme));
      const table = rows.length === 0 ? [] : [await renderTable(columns, rows, theme)];
      const left = isFolded ? out.length - listed.length : 0;
      return [
        headline(shown, theme),
        '',
        ...table,
        ...(left > 0 ? [theme.dim(`… ${left} more out of step: --all, or --json`)] : []),
        ...(isFolded && inStep.length > 0 ? [inStepText(inStep, inStepWord(shown.status), theme)] : []),
        '',
        ...faultLines(standings, theme),
        ...storedText(shown, theme),
        ...expiryRemarks(shown.status, shown.environment).map((text) => theme.warn(term(text))),
        ...surenessText(shown, theme),
        ...plainText(shown, theme),
        ...siteText(shown, theme),
        ...workersText(shown, theme),
        ...cureText(shown, theme),
      ].join('\n');
    },
  };
}

const columns = [
  { title: 'INSTANCE' },
  { title: 'STATE' },
  { title: 'OVERRIDES', align: 'right' },
  { title: 'RELOADS', align: 'right', isOptional: true },
  { title: 'SHADOW', isOptional: true },
  { title: 'POLICY', isOptional: true },
  { title: 'WHY', isOptional: true, isFlexible: true },
] as const;

const words = {
  inStep: 'in step',
  stale: 'stale',
  differs: 'differs',
  split: 'split',
  unreachable: 'no answer',
} as const satisfies Record<StandingState, string>;

function rowOf(each: Standing, status: FleetStatus, theme: Theme): readonly string[] {
  const { instance, state, shadows, digest, answers } = each;
  const isRefusing = state !== 'unreachable' && status.refused.has(instance.name);
  const why = [whyOf(each), ...(isRefusing ? ['refused signature'] : [])].filter((text) => text !== '-');
  const paint =
    state === 'inStep' ? (isRefusing ? theme.warn : theme.good) : state === 'differs' ? theme.warn : theme.bad;
  return [
    term(instance.name),
    paint(state === 'inStep' ? inStepWord(status) : words[state]),
    range(answers.flatMap(({ overrides }) => overrides ?? []))[0] ?? '-',
    range(answers.flatMap(({ reloads }) => reloads ?? []))[0] ?? '-',
    shadows === null || shadows.length === 0 ? '-' : term(shadows.join(',')),
    state === 'split' ? 'several' : (digest?.slice(0, 8) ?? '-'),
    why.join(', ') || '-',
  ];
}

function whyOf({ instance, state, faults, error, distinctAnswers, staleReads, reads }: Standing): string {
  if (state === 'unreachable') return error === null ? '-' : term(withoutAddress(error.message, instance));
  if (state === 'split' && staleReads > 0) return `${staleReads} of ${reads} reads stale`;
  if (state === 'split') return `${distinctAnswers} answers in ${reads} reads`;
  return faults.length === 0 ? '-' : counted(faults.length, 'difference');
}

/** What is not as stored, each difference with the instances that have it, the commonest first. */
function faultLines(standings: readonly Standing[], theme: Theme): readonly string[] {
  const names = new Map<string, string[]>();
  for (const { faults, instance } of standings)
    for (const fault of faults) names.set(fault, [...(names.get(fault) ?? []), instance.name]);
  const sorted = [...names].sort(([, left], [, right]) => right.length - left.length);
  const lines = sorted
    .slice(0, mostFaults)
    .map(([fault, at]) => `${theme.bad('✗')} ${term(whoseText(at))}: ${term(fault)}`);
  const left = sorted.length - lines.length;
  return left > 0 ? [...lines, theme.dim(`… ${counted(left, 'more difference')} in --json`)] : lines;
}

const mostNames = 2;

/** `http://a`, or `5 instances (http://a, http://b and 3 more)` */
function whoseText(names: readonly string[]): string {
  const [first = ''] = names;
  if (names.length === 1) return first;
  const left = names.length - mostNames;
  const more = left > 0 ? ` and ${left} more` : '';
  return `${names.length} instances (${names.slice(0, mostNames).join(', ')}${more})`;
}

function inStepText(inStep: readonly Standing[], word: string, theme: Theme): string {
  const [first] = inStep;
  const facts = [
    `policy ${first?.digest?.slice(0, 8) ?? ''}`,
    ...range(inStep.map(({ overrides }) => overrides)).map((text) => `overrides ${text}`),
    ...range(inStep.map(({ reloads }) => reloads)).map((text) => `reloads ${text}`),
    `shadow ${term(first?.shadows?.join(',') || 'none')}`,
  ];
  return `${theme.good('✓')} ${counted(inStep.length, 'instance')} ${word}  ${theme.dim(facts.join(', '))}`;
}

/** `3`, or `3–5`; nothing where none is known. */
function range(values: readonly (number | null)[]): readonly string[] {
  const known = spread(values);
  if (known === null) return [];
  const [least, most] = known;
  return [least === most ? String(least) : `${least}–${most}`];
}

function storedText({ status, nowMs }: ShownFleet, theme: Theme): readonly string[] {
  const { stored, isForeign, loaded, coverage } = status;
  const read = valueOf(stored);
  const most = mostText(status);
  if (loaded === null || read === null) {
    const why =
      stored.state === 'notAsked'
        ? 'no Redis is configured'
        : stored.state === 'failed'
          ? 'Redis did not answer'
          : 'no server can read the document';
    return [...most, theme.dim(`What is stored is not known (${why}): the instances were compared with each other.`)];
  }
  const body = read.lastEntry?.body;
  const author = body && read.lastEntry ? changeText(body, read.lastEntry.timeMs, nowMs) : null;
  const before = author === null ? '' : `; before: ${author}`;
  const change = isForeign
    ? theme.warn(`, changed past rlctl since the last recorded change${before}`)
    : author === null
      ? ''
      : `, last changed ${author}`;
  const held = `Redis holds ${counted(loaded.objectCount, 'override')} at ${read.revision.slice(0, 12)}${change}.`;
  const cover =
    coverage.read < coverage.of ? [theme.dim(`Read ${coverage.read} of ${coverage.of} prefixes at each.`)] : [];
  return [held, ...most, ...cover];
}

function surenessText({ status, environment }: ShownFleet, theme: Theme): readonly string[] {
  const { looks, confidence, standings } = status;
  if (environment.workers === 1) return [];
  const among =
    environment.workers === null
      ? 'that takes a quarter of the connections (their number is not known: set workers)'
      : `among ${environment.workers}`;
  const percent = `${(Math.floor(confidence * 10_000) / 100).toFixed(2)} %`;
  const where = standings.length === 1 ? '' : ' of an instance';
  const each = standings.length === 1 ? '' : ' to each';
  return [
    theme.dim(
      `${counted(looks, 'connection')}${each}: one stale process${where} ${among} would have shown with ${percent}.`,
    ),
  ];
}

/** What plain http costs, said every time: nobody is to forget that it was permitted. */
function plainText({ environment, status }: ShownFleet, theme: Theme): readonly string[] {
  const plain = plainInstances(status.standings, environment);
  return plain === 0 ? [] : [theme.warn(plainRemark(plain))];
}

/** Where no instance says which environment it is, nothing shows that it is the right one. */
function siteText({ environment: { siteMode }, status }: ShownFleet, theme: Theme): readonly string[] {
  const answered = status.standings.filter(({ state }) => state !== 'unreachable');
  const isUntold = siteMode !== null && answered.length > 0 && answered.every((each) => each.siteMode === null);
  return isUntold
    ? [theme.warn(`No instance says its site mode: that they are "${term(siteMode)}" is not checked.`)]
    : [];
}

/** With too small a number of processes one look may miss a stale one. */
function workersText({ environment, workersSeen }: ShownFleet, theme: Theme): readonly string[] {
  const { workers } = environment;
  if (!hasMoreWorkers(workers, workersSeen)) return [];
  const why = `at least ${workersSeen} processes answered an earlier proof, and workers is ${workers}: a stale one may be missed`;
  const cure = settingCure(environment, 'workers', String(workersSeen));
  return [theme.warn(why), `${theme.accent('hint:')} ${term(cure)}`];
}

/** The instances whose reload mends it, named where they are few. */
function cureText(shown: ShownFleet, theme: Theme): readonly string[] {
  const { status, environment } = shown;
  const { standings, findings } = status;
  const hint = (text: string): string => `${theme.accent('hint:')} ${addressed(text, environment.address)}`;
  const isUnsafe = findings.some(({ part, hint: cure }) => part === 'overrides' && cure !== null);
  const behind = standings.filter(({ state }) => state === 'stale' || state === 'split');
  const isRefusing = ({ state, instance }: Standing): boolean =>
    state !== 'unreachable' && status.refused.has(instance.name);
  const broken = isUnsafe ? [] : behind.filter((each) => !isRefusing(each));
  const origins = [...new Set(broken.map(({ instance }) => instance.origin))];
  const isFew = origins.length <= 3 && broken.every(({ instance }) => instance.address === null);
  const flags = isFew ? origins.flatMap((origin) => ['--target', origin]) : [];
  const reload = broken.length === 0 ? [] : [hint(`run: ${shellWords(['rlctl', 'reload', ...flags])}`)];
  const whole = findings.filter(({ part }) => part === 'redis' || part === 'overrides');
  const causes = silentCauses(standings);
  return [
    ...whole.flatMap((each) => [
      theme.bad(`✗ ${term(each.message)}`),
      ...(each.hint === null ? [] : [hint(term(each.hint))]),
    ]),
    ...findings.flatMap((each) => (each.code === 'WRONG_SITE_MODE' ? [theme.bad(`✗ ${term(each.message)}`)] : [])),
    ...reload,
    ...refusedLines(standings.filter(isRefusing), isUnsafe, shown, theme),
    ...causes.slice(0, 3).map(({ error, names, why }) => {
      const { hint: cure } = addressedError(error, environment.address);
      const more = names.length > 1 ? ` and ${names.length - 1} more` : '';
      return `${theme.accent('hint:')} ${term(`${names[0] ?? ''}${more}: ${why}${cure === undefined ? '' : `; ${cure}`}`)}`;
    }),
  ];
}

/** Those that a reload alone does not mend. */
function refusedLines(
  refusing: readonly Standing[],
  isUnsafe: boolean,
  { status, environment }: ShownFleet,
  theme: Theme,
): readonly string[] {
  const [first] = refusing;
  if (first === undefined) return [];
  const at = status.refused.get(first.instance.name) ?? '';
  const who = whoseText(refusing.map(({ instance }) => instance.name));
  const isLate = refusing.some(({ state }) => state === 'stale' || state === 'split');
  const text = `${term(who)}: ${refusedText(at)}`;
  return [
    isLate ? theme.bad(`✗ ${text}`) : theme.warn(`${text}: ${nextFails}`),
    ...(isUnsafe ? [] : [`${theme.accent('hint:')} ${addressed(refusedCure, environment.address)}`]),
  ];
}

/** Why instances did not answer, each cause once, with the instances that it has silenced. */
function silentCauses(standings: readonly Standing[]) {
  const causes = new Map<
    string,
    { readonly error: RlctlError; readonly why: string; readonly names: readonly string[] }
  >();
  for (const { state, error, instance } of standings) {
    if (state !== 'unreachable' || error === null) continue;
    const known = causes.get(error.code);
    const why = known?.why ?? withoutAddress(error.message, instance);
    causes.set(error.code, { error: known?.error ?? error, why, names: [...(known?.names ?? []), instance.name] });
  }
  return [...causes.values()];
}

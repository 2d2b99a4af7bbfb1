import type { Environment } from '../domain/config/environment.js';
import { counted } from '../domain/counted.js';
import type { Standing, StandingState } from '../domain/fleet/standing.js';
import type { RlctlError } from '../domain/errors.js';
import { valueOf } from '../domain/part.js';
import { addressed, addressedError } from '../domain/printed-command.js';
import { hasMoreWorkers } from '../domain/dialect/workers.js';
import { settingCure } from '../domain/config/setting-cure.js';
import { shellWords } from '../domain/shell-words.js';
import type { FleetStatus } from '../procedures/fleet/status.js';
import { changeText } from './author-text.js';
import { fleetStatusJson } from './fleet-json.js';
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
      const out = standings.filter(({ state }) => state !== 'inStep');
      const inStep = standings.filter(({ state }) => state === 'inStep');
      const isFolded = !shown.isAll && standings.length > fewInstances;
      const listed = isFolded ? out.slice(0, mostLines) : [...out, ...inStep];
      const rows = listed.map((each) => rowOf(each, theme));
      const table = rows.length === 0 ? [] : [await renderTable(columns, rows, theme)];
      const left = isFolded ? out.length - listed.length : 0;
      return [
        headline(shown, theme),
        '',
        ...table,
        ...(left > 0 ? [theme.dim(`… ${left} more out of step: --all, or --json`)] : []),
        ...(isFolded && inStep.length > 0 ? [inStepText(inStep, theme)] : []),
        '',
        ...faultLines(standings, theme),
        ...storedText(shown, theme),
        ...surenessText(shown, theme),
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

function rowOf(each: Standing, theme: Theme): readonly string[] {
  const { instance, state, overrides, reloads, shadows, digest } = each;
  const paint = state === 'inStep' ? theme.good : state === 'differs' ? theme.warn : theme.bad;
  return [
    term(instance.name),
    paint(words[state]),
    overrides === null ? '-' : String(overrides),
    reloads === null ? '-' : String(reloads),
    shadows === null || shadows.length === 0 ? '-' : term(shadows.join(',')),
    digest === null ? '-' : digest.slice(0, 8),
    whyOf(each),
  ];
}

function whyOf({ state, faults, error, distinctAnswers, reads }: Standing): string {
  if (state === 'unreachable') return term(error?.code ?? '-');
  if (state === 'split') return `${distinctAnswers} answers in ${reads} reads`;
  return faults.length === 0 ? '-' : counted(faults.length, 'difference');
}

/** What is not as stored, each difference with how many instances have it, the commonest first. */
function faultLines(standings: readonly Standing[], theme: Theme): readonly string[] {
  const counts = new Map<string, number>();
  for (const { faults } of standings) for (const fault of faults) counts.set(fault, (counts.get(fault) ?? 0) + 1);
  const sorted = [...counts].sort(([, left], [, right]) => right - left);
  const lines = sorted
    .slice(0, mostFaults)
    .map(([fault, count]) => `${theme.bad('✗')} ${counted(count, 'instance')}: ${term(fault)}`);
  const left = sorted.length - lines.length;
  return left > 0 ? [...lines, theme.dim(`… ${counted(left, 'more difference')} in --json`)] : lines;
}

function inStepText(inStep: readonly Standing[], theme: Theme): string {
  const [first] = inStep;
  const facts = [
    `policy ${first?.digest?.slice(0, 8) ?? ''}`,
    ...range(inStep.map(({ overrides }) => overrides)).map((text) => `overrides ${text}`),
    ...range(inStep.map(({ reloads }) => reloads)).map((text) => `reloads ${text}`),
    `shadow ${term(first?.shadows?.join(',') || 'none')}`,
  ];
  return `${theme.good('✓')} ${counted(inStep.length, 'instance')} in step  ${theme.dim(facts.join(', '))}`;
}

/** `3`, or `3–5`; nothing where none is known. */
function range(values: readonly (number | null)[]): readonly string[] {
  const known = values.filter((each) => each !== null);
  if (known.length === 0) return [];
  const [least, most] = [known.reduce((a, b) => Math.min(a, b)), known.reduce((a, b) => Math.max(a, b))];
  return [least === most ? String(least) : `${least}–${most}`];
}

/** The verdict in one line. */
function headline({ status, environment, source }: ShownFleet, theme: Theme): string {
  const { standings, groups, findings } = status;
  const total = standings.length;
  const inStep = standings.filter(({ state }) => state === 'inStep').length;
  const silent = standings.filter(({ state }) => state === 'unreachable').length;
  const title = theme.bold(term(environment.name));
  const from = theme.dim(`(${term(source)})`);
  if (findings.length === 0) {
    const { read, of } = status.coverage;
    if (read >= of) return `${title}  ${theme.good(`IN STEP  ${inStep} of ${total}`)}  ${from}`;
    const looked = `IN STEP as far as looked at (${read} of ${of} overrides read)  ${inStep} of ${total}`;
    return `${title}  ${theme.good(looked)}  ${from}`;
  }
  const parts = [
    ...(groups.length > 1 ? [`${groups.length} different answers`] : []),
    ...(silent > 0 ? [`${silent} without an answer`] : []),
  ];
  const verdict = groups.length > 1 ? 'SPLIT' : groups[0]?.isAsStored === false ? 'STALE' : 'FINDINGS';
  const rest = parts.length === 0 ? '' : `, ${parts.join(', ')}`;
  return `${title}  ${theme.bad(`${verdict}  ${inStep} of ${total} in step`)}${rest}  ${from}`;
}

function storedText({ status, nowMs }: ShownFleet, theme: Theme): readonly string[] {
  const { stored, isForeign, loaded, groups, coverage } = status;
  const [majority] = groups;
  const read = valueOf(stored);
  const most =
    majority === undefined
      ? []
      : [`The most (${majority.count}) say ${majority.digest.slice(0, 8)}${standingText(majority.isAsStored)}.`];
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

function standingText(isAsStored: boolean | null): string {
  return isAsStored === null ? '' : isAsStored ? ', as stored' : ', which is not what is stored';
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

/** With too small a number of processes one look may miss a stale one. */
function workersText({ environment, workersSeen }: ShownFleet, theme: Theme): readonly string[] {
  const { workers } = environment;
  if (!hasMoreWorkers(workers, workersSeen)) return [];
  const why = `at least ${workersSeen} processes answered an earlier proof, and workers is ${workers}: a stale one may be missed`;
  const cure = settingCure(environment, 'workers', String(workersSeen));
  return [theme.warn(why), `${theme.accent('hint:')} ${term(cure)}`];
}

/** The instances whose reload mends it, named where they are few. */
function cureText({ status, environment }: ShownFleet, theme: Theme): readonly string[] {
  const { standings, findings } = status;
  const hint = (text: string): string => `${theme.accent('hint:')} ${addressed(text, environment.address)}`;
  const broken = standings.filter(({ state }) => state === 'stale' || state === 'split');
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
    ...causes.slice(0, 3).map(({ error, names }) => {
      const { code, hint: cure } = addressedError(error, environment.address);
      const more = names.length > 1 ? ` and ${names.length - 1} more` : '';
      return `${theme.accent('hint:')} ${term(`${names[0] ?? ''}${more}: ${code}: ${cure ?? ''}`)}`;
    }),
  ];
}

/** Why instances did not answer, each cause once, with the instances that it has silenced. */
function silentCauses(standings: readonly Standing[]) {
  const causes = new Map<string, { readonly error: RlctlError; readonly names: readonly string[] }>();
  for (const { state, error, instance } of standings) {
    if (state !== 'unreachable' || error === null) continue;
    const known = causes.get(error.code);
    causes.set(error.code, { error: known?.error ?? error, names: [...(known?.names ?? []), instance.name] });
  }
  return [...causes.values()];
}

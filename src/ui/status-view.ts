import type { Environment } from '../domain/config/environment.js';
import { counted } from '../domain/counted.js';
import { formatDuration } from '../domain/duration.js';
import { addressed } from '../domain/printed-command.js';
import { loadOverrides } from '../domain/policy/matching.js';
import { shareText } from '../domain/quantities.js';
import type { ReloadRecord } from '../domain/reload-record.js';
import { splitWords } from '../domain/shell-words.js';
import type { FlagFlip } from '../domain/shadow/flag-flip.js';
import { followsGlobal } from '../domain/shadow/global-shadow.js';
import { shadowByOverrides, type ShadowByOverrides } from '../domain/shadow/shadowed-routes.js';
import type { StoredOverrides } from '../ports/override-store.js';
import type { ListedOverride } from '../procedures/override/inspect.js';
import type { Status } from '../procedures/status/status.js';
import { changeText } from './author-text.js';
import { addressedFindings, findingLines } from './finding-lines.js';
import { healthLines } from './health-lines.js';
import { operationLines } from './operation-lines.js';
import { reloadVerdictText } from './reload-verdict.js';
import { lastChange, statusJson } from './status-json.js';
import { term } from './term.js';
import { relativeTime } from './time.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/** One screen: how an environment is. What did not answer says so; the rest stays. */
export function statusView(asked: StatusShown): View {
  return {
    kind: 'Status',
    data: statusJson(asked),
    human: (theme) => {
      const shown = { ...asked, theme };
      const rows: readonly (readonly [string, readonly string[]])[] = [
        [term(asked.environment.name), headText(shown)],
        ['fleet', fleetText(shown)],
        ['operations', operationsText(shown)],
        ['enabled', enabledText(shown)],
        ['shadow', shadowText(shown)],
        ['overrides', overridesText(shown)],
        ['last change', lastChangeText(shown)],
        ['last reload', lastReloadText(shown)],
        ['blocked', trafficText(shown)],
        ['health', healthLines(asked.status.targets, theme)],
        ['Redis', redisText(shown)],
        ['metrics', metricsText(shown)],
      ];
      const width = Math.max(...rows.map(([label]) => label.length));
      const body = rows.flatMap(([label, lines]) => labelled(label.padEnd(width), lines, theme));
      return [...body, '', ...brokenText(shown)].join('\n');
    },
  };
}

export interface StatusShown {
  readonly status: Status;
  readonly environment: Environment;
  /** The last reload sent from this machine; `null`: none that is known. */
  readonly reload: ReloadRecord | null;
  /** The flags that this machine set last through an env file or a program; empty: none that is known. */
  readonly flips: readonly FlagFlip[];
  readonly nowMs: number;
}

interface Shown extends StatusShown {
  readonly theme: Theme;
}

/** More than this is for the commands that show it all. */
const mostLines = 3;

/** The label stands before the first line, the others are indented as far; a row without lines is left out. */
function labelled(label: string, lines: readonly string[], theme: Theme): readonly string[] {
  return lines.map((line, index) => `${index === 0 ? theme.bold(label) : ' '.repeat(label.length)}  ${line}`);
}

function headText({ status, environment, theme }: Shown): readonly string[] {
  const modes = [...new Set(status.targets.map(({ flags }) => (flags.state === 'ok' ? flags.value.siteMode : null)))];
  const told = modes.filter((each) => each !== null).map((each) => `site mode ${term(each)}`);
  const isUntold = environment.siteMode !== null && modes.length > 0 && told.length === 0;
  const mode = isUntold ? [theme.warn(`no site mode told, so ${term(environment.siteMode)} is not checked`)] : told;
  const first = status.targets[0];
  const where = first === undefined ? noAddressText(status) : term(first.target);
  const more = status.targets.length > 1 ? ` and ${status.targets.length - 1} more` : '';
  const guarded = environment.isProtected ? [theme.warn('protected')] : [];
  return [[`${where}${more}`, ...mode, ...guarded].join('  ')];
}

function noAddressText({ fleet }: Status): string {
  return fleet.state === 'notAsked' ? 'no API configured' : 'the instances of its fleet';
}

/** How many of the instances were looked at, and how many hold what is stored. */
function fleetText({ status: { fleet }, theme }: Shown): readonly string[] {
  if (fleet.state === 'notAsked') return [];
  if (fleet.state === 'failed') return [theme.bad('✗ the instances could not be listed')];
  const { source, total, counts, isCompared } = fleet.value;
  const how = isCompared ? 'in step' : 'alike, and not compared with Redis';
  const text = `${counts.inStep} of ${counted(total, 'instance')} ${how}`;
  const mark = counts.inStep === total ? theme.good('✓') : theme.bad('✗');
  return [`${mark} ${text}  ${theme.dim(`(${term(source)})`)}`];
}

/** The buckets of which some address tells, those in shadow first; addresses that disagree are said. */
function shadowText(shown: Shown): readonly string[] {
  const { status, environment, theme } = shown;
  const answers = status.targets.flatMap(({ flags }) => (flags.state === 'ok' ? [flags.value] : []));
  const overridden = overriddenBuckets(shown);
  if (answers.length === 0) return [theme.dim('not known'), ...byOverrides(overridden, 'stored as in shadow', theme)];
  const said = (answers[0]?.flags ?? []).map(({ bucket }, index) => ({
    bucket,
    values: new Set(answers.flatMap(({ flags }) => flags[index]?.policy?.isShadow ?? [])),
  }));
  const names = (isMeant: (values: ReadonlySet<boolean>, bucket: string) => boolean): string =>
    said.flatMap(({ bucket, values }) => (isMeant(values, bucket) ? [term(bucket)] : [])).join(', ');
  const isOnly = (values: ReadonlySet<boolean>, value: boolean): boolean => values.size === 1 && values.has(value);
  const isByFlag = (name: string): boolean =>
    said.some(({ bucket, values }) => bucket === name && isOnly(values, true));
  const [split, shadow, enforcing] = [
    names((values) => values.size > 1),
    names((values) => isOnly(values, true)),
    names((values, bucket) => isOnly(values, false) && !overridden.some(({ name }) => name === bucket)),
  ];
  const words = [
    ...(split === '' ? [] : [theme.bad(`differs between addresses: ${split}`)]),
    ...(shadow === '' ? [] : [theme.warn(`in shadow: ${shadow}`), ...globalText(status, said)]),
    ...byOverrides(
      overridden.filter(({ name }) => !isByFlag(name)),
      'in shadow',
      theme,
    ),
    ...(enforcing === '' ? [] : [`enforcing: ${enforcing}`]),
    ...(enforcing === '' || shown.reload?.isGlobalShadow !== true
      ? []
      : [theme.dim('global shadow does not reach buckets that have a flag of their own')]),
  ];
  const flags = words.length === 0 ? [theme.dim('the server knows none of the buckets')] : words;
  const isOneOfMany = environment.workers !== null && environment.workers > 1;
  return [...flags, ...(isOneOfMany ? [theme.dim(`as one of ${environment.workers} workers says`)] : [])];
}

/** Which of the buckets in shadow are so by the global shadow of the env file. */
function globalText(
  { envFile }: Status,
  said: readonly { readonly bucket: string; readonly values: ReadonlySet<boolean> }[],
): readonly string[] {
  if (envFile.state !== 'ok') return [];
  const { global, lines } = envFile.value;
  const following = said.filter(({ bucket, values }) =>
    followsGlobal({ server: [...values], own: lines.get(bucket) ?? null }, global),
  );
  if (global === null || following.length === 0) return [];
  return [
    `by global shadow in the file, line ${global.line}: ${following.map(({ bucket }) => term(bucket)).join(', ')}`,
  ];
}

interface OverriddenBucket extends ShadowByOverrides {
  readonly name: string;
  /** How many routes are configured. */
  readonly of: number;
}

/** A bucket's flag does not tell of its routes that overrides put into shadow. */
function overriddenBuckets({ status: { overrides, routes: listed }, environment }: Shown): readonly OverriddenBucket[] {
  if (overrides.state !== 'ok') return [];
  const loaded = loadOverrides(overrides.value.stored.bytes);
  const denied = listed.filter(({ isDifferent }) => isDifferent).map(({ override }) => override.prefix);
  return [...environment.buckets].flatMap(([name, { routes }]) => {
    const shadow = shadowByOverrides(loaded, environment, { name, routes }, denied);
    return shadow.reach === 'none' ? [] : [{ name, of: routes.length, ...shadow }];
  });
}

function byOverrides(buckets: readonly OverriddenBucket[], how: string, theme: Theme): readonly string[] {
  const text = (wanted: ShadowByOverrides['reach']): string =>
    buckets
      .filter(({ reach }) => reach === wanted)
      .map(({ name, count, of, unshadowed, parts }) => {
        const but = unshadowed.length === 0 ? '' : `, but not ${unshadowed.join(', ')}`;
        return term(`${name} (${count === 0 ? partsText(parts) : `${count} of ${counted(of, 'route')}${but}`})`);
      })
      .join(', ');
  const [all, some] = [text('all'), text('some')];
  return [
    ...(all === '' ? [] : [theme.warn(`${how} by overrides: ${all}`)]),
    ...(some === '' ? [] : [theme.warn(`partly ${how} by overrides: ${some}`)]),
  ];
}

const mostParts = 3;

function partsText(parts: readonly string[]): string {
  const more = parts.length > mostParts ? ` and ${parts.length - mostParts} more` : '';
  return `${parts.slice(0, mostParts).join(', ')}${more}`;
}

/** Only the answer to a reload tells; what the last one told may be old. */
function enabledText({ status, reload, theme, nowMs }: Shown): readonly string[] {
  if (reload === null || reload.isEnabled === null) return [theme.dim('not known without a reload')];
  const started = startedSince(status, Date.parse(reload.at), nowMs);
  const at = theme.dim(`when last reloaded from here, ${relativeTime(Date.parse(reload.at), nowMs)}`);
  const global = reload.isGlobalShadow === true ? theme.warn(', global shadow on') : '';
  const said = `${reload.isEnabled ? 'yes' : theme.bad('NO, the limiter is off')}${global}  ${at}`;
  return started === null
    ? [said]
    : [theme.warn(`not known: it has started again since, ${started}`), `before: ${said}`];
}

/** A server that has started since a reload may have started otherwise: how long it is up; `null`: none has, or none tells. */
function startedSince({ targets }: Status, reloadedMs: number, nowMs: number): string | null {
  const ups = targets.flatMap(({ health }) =>
    Object.values(health).flatMap((part) => (part.state === 'ok' ? (part.value?.uptimeSeconds ?? []) : [])),
  );
  const least = Math.min(...ups);
  // The clocks need not agree to the second.
  return nowMs - least * 1000 > reloadedMs + 1000 ? `up ${formatDuration(Math.round(least) * 1000)}` : null;
}

function lastReloadText({ status: { fleet, targets, traffic }, reload, theme, nowMs }: Shown): readonly string[] {
  if (targets.length === 0 && fleet.state === 'notAsked') return [];
  const seenMs = traffic.state === 'ok' ? traffic.value.lastReloadMs : null;
  const seen = seenMs === null ? [] : [theme.dim(`the server counted one ${relativeTime(seenMs, nowMs)}`)];
  if (reload === null) return [theme.dim('none sent from this machine'), ...seen];
  const { command, part } = reload;
  const about = part === undefined ? '' : `; ${partText(part)}`;
  const text = `${changeText(reload, Date.parse(reload.at), nowMs)} (${term(command)}, ${reloadVerdictText(reload, nowMs)}${about})`;
  return [text, ...seen];
}

/** The instances that a reload was about, where there are others. */
function partText(part: readonly string[]): string {
  const more = part.length > mostLines ? ` and ${part.length - mostLines} more` : '';
  return `of ${counted(part.length, 'instance')} only: ${part.slice(0, mostLines).map(term).join(', ')}${more}`;
}

/** What Redis held is lost, the document or all of it: what is not there any more tells nothing. */
function isLost({ findings }: Status, ...codes: readonly ('DOCUMENT_GONE' | 'STORE_EMPTIED')[]): boolean {
  return findings.some(({ code }) => codes.some((each) => each === code));
}

const lostBelow = 'not known (see below)';

function overridesText({ status, environment, theme }: Shown): readonly string[] {
  const { overrides, redis } = status;
  if (isLost(status, 'DOCUMENT_GONE', 'STORE_EMPTIED')) return [theme.bad('gone (see below)')];
  if (overrides.state === 'failed') return [theme.bad('✗ the stored document cannot be read')];
  if (overrides.state === 'notAsked') return notKnown(redis, theme);
  const { stored, overrides: entries, isForeign } = overrides.value;
  const shadowed = entries.filter(({ loaded }) => loaded?.fields?.isShadow === true).length;
  const remarks = [
    ...entries.flatMap((each) => hiddenText(each, theme)),
    ...(isForeign ? [theme.warn('changed past rlctl since the last recorded change')] : []),
  ];
  const more = addressed(`… ${remarks.length - mostLines} more: rlctl override list`, environment.address);
  const cut = remarks.length > mostLines ? [theme.dim(more)] : [];
  const shadow = shadowed === 0 ? '' : `, ${shadowed} in shadow`;
  const at = stored.bytes === null ? '' : theme.dim(`  at ${stored.revision.slice(0, 12)}`);
  const head = `${entries.length === 0 ? 'none' : entries.length}${shadow}${at}`;
  return [head, ...neverText(stored, environment, theme), ...remarks.slice(0, mostLines), ...cut];
}

/** A namespace or a database that is not the server’s looks like this. */
function neverText(
  { type, lastEntry, key }: StoredOverrides,
  { address }: Environment,
  theme: Theme,
): readonly string[] {
  if (type !== 'none' || lastEntry !== null) return [];
  const text = `nothing was ever stored under ${key} here; not expected? rlctl doctor --only redis`;
  return [theme.dim(term(addressed(text, address)))];
}

/** Where Redis did not answer, that is told by itself; where there is none, this machine knows of runs alone. */
function operationsText({ status, environment, nowMs, theme }: Shown): readonly string[] {
  const { operations, redis } = status;
  const { open } = operations;
  if (open.length === 0 && isLost(status, 'STORE_EMPTIED')) return [theme.warn(lostBelow)];
  const shown = redis.state === 'failed' ? { open, failures: [] } : operations;
  const isNothing = open.length === 0 && redis.state !== 'ok';
  if (isNothing) return notKnown(redis, theme);
  return operationLines(shown, { environment, nowMs, theme });
}

/** What Redis did not tell; where none is configured there is nothing to tell. */
function notKnown(redis: Status['redis'], theme: Theme): readonly string[] {
  return redis.state === 'failed' ? [theme.dim('not known')] : [];
}

function hiddenText({ prefix, hiddenBy, loaded }: ListedOverride, theme: Theme): readonly string[] {
  const name = term(JSON.stringify(prefix));
  if (hiddenBy !== null) return [theme.warn(`${name} is hidden by ${term(JSON.stringify(hiddenBy))}`)];
  const because = loaded === null ? 'its value is no object' : loaded.skippedBecause;
  return because === null ? [] : [theme.warn(`${name} is ignored by the server: ${term(because)}`)];
}

function lastChangeText(shown: Shown): readonly string[] {
  const { status, theme, nowMs } = shown;
  const { redis } = status;
  const change = lastChange(shown);
  const others = redis.state === 'ok' ? [] : notKnown(redis, theme);
  if (change === null && isLost(status, 'STORE_EMPTIED')) return [theme.warn(lostBelow)];
  if (change === null) return redis.state === 'ok' ? [theme.dim('none recorded')] : others;
  const { actor, reason, ticket, time, command, routes } = change;
  const text = `${changeText({ actor, reason, ticket }, Date.parse(time), nowMs)} (${whatChanged(command, routes)})`;
  return [text, ...others.map((each) => `${each}${theme.dim(' of overrides')}`)];
}

/** The command and what it changed, unless the command says that itself. */
function whatChanged(command: string, routes: readonly string[]): string {
  const [only = ''] = routes;
  if (routes.length > 1) return `${term(command)}: ${counted(routes.length, 'route')}`;
  return splitWords(command).includes(only) ? term(command) : term(`${command} ${only}`.trimEnd());
}

function trafficText({ status: { traffic }, theme }: Shown): readonly string[] {
  if (traffic.state !== 'ok') return [];
  const { blockShares, periodSeconds } = traffic.value;
  const words = blockShares.map(({ bucket, share, threshold }) => {
    const text = `${term(bucket)} ${share === null ? 'no data' : shareText(share)}`;
    return share !== null && share > threshold ? theme.bad(text) : text;
  });
  const usual = Math.max(0, ...blockShares.map(({ threshold }) => threshold));
  const stricter = blockShares
    .filter(({ threshold }) => threshold < usual)
    .map(({ bucket, threshold }) => `, ${term(bucket)} above ${shareText(threshold)}`);
  const about = `in ${formatDuration(periodSeconds * 1000)}; the alert is above ${shareText(usual)}${stricter.join('')}`;
  return blockShares.length === 0 ? [theme.dim('no data')] : [words.join(', '), theme.dim(about)];
}

function metricsText({ status: { traffic }, theme }: Shown): readonly string[] {
  if (traffic.state === 'notAsked') return [theme.dim('not configured')];
  if (traffic.state === 'failed') return [theme.bad('✗ no usable answer')];
  return [`${theme.good('✓')} ${term(traffic.value.source)}`];
}

function redisText({ status: { redis }, theme }: Shown): readonly string[] {
  if (redis.state === 'notAsked') return [theme.dim('not configured')];
  if (redis.state === 'failed') return [theme.bad('✗ no answer')];
  const { role, replicas, runId } = redis.value;
  const words = [
    role ?? 'role not known',
    ...(replicas === null ? [] : [counted(replicas, 'replica')]),
    ...(runId === null ? [] : [`run id ${term(runId.slice(0, 12))}`]),
  ];
  return [`${role === 'replica' ? theme.bad('✗') : theme.good('✓')} ${words.join(', ')}`];
}

/** What cannot be judged is no finding, and well it is not either. */
function brokenText({ status, environment, theme }: Shown): readonly string[] {
  const findings = findingLines(addressedFindings(status.findings, environment.address), theme);
  const undecided = addressedFindings(status.undecided, environment.address).flatMap(({ message, hint }) => [
    theme.warn(`? ${term(message)}`),
    ...(hint === null ? [] : [`  ${theme.accent('hint:')} ${term(hint)}`]),
  ]);
  const lines = [...findings, ...undecided];
  return lines.length === 0 ? [theme.good('nothing found wrong in what was asked')] : lines;
}

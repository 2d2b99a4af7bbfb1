import type { Environment } from '../domain/config/environment.js';
import { counted } from '../domain/counted.js';
import { formatDuration } from '../domain/duration.js';
import { addressed } from '../domain/printed-command.js';
import { shareText } from '../domain/quantities.js';
import { splitWords } from '../domain/shell-words.js';
import type { StoredOverrides } from '../ports/override-store.js';
import type { ListedOverride } from '../procedures/override/inspect.js';
import type { Status } from '../procedures/status/status.js';
import { changeText } from './author-text.js';
import { addressedFindings, findingLines } from './finding-lines.js';
import { healthLines } from './health-lines.js';
import { operationLines } from './operation-lines.js';
import { reloadVerdictText } from './reload-verdict.js';
import { lastChange, statusJson } from './status-json.js';
import { shadowText } from './status-shadow.js';
import type { PaintedStatus, StatusShown } from './status-shown.js';
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

/** More than this is for the commands that show it all. */
const mostLines = 3;

/** The label stands before the first line, the others are indented as far; a row without lines is left out. */
function labelled(label: string, lines: readonly string[], theme: Theme): readonly string[] {
  return lines.map((line, index) => `${index === 0 ? theme.bold(label) : ' '.repeat(label.length)}  ${line}`);
}

function headText({ status, environment, theme }: PaintedStatus): readonly string[] {
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
function fleetText({ status: { fleet }, theme }: PaintedStatus): readonly string[] {
  if (fleet.state === 'notAsked') return [];
  if (fleet.state === 'failed') return [theme.bad('✗ the instances could not be listed')];
  const { source, total, counts, isCompared } = fleet.value;
  const how = isCompared ? 'in step' : 'alike, and not compared with Redis';
  const text = `${counts.inStep} of ${counted(total, 'instance')} ${how}`;
  const mark = counts.inStep === total ? theme.good('✓') : theme.bad('✗');
  return [`${mark} ${text}  ${theme.dim(`(${term(source)})`)}`];
}

/** Only the answer to a reload tells; what the last one told may be old. */
function enabledText({ status, reload, theme, nowMs }: PaintedStatus): readonly string[] {
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

function lastReloadText({
  status: { fleet, targets, traffic },
  reload,
  theme,
  nowMs,
}: PaintedStatus): readonly string[] {
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

function overridesText({ status, environment, theme }: PaintedStatus): readonly string[] {
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
function operationsText({ status, environment, nowMs, theme }: PaintedStatus): readonly string[] {
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

function lastChangeText(shown: PaintedStatus): readonly string[] {
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

function trafficText({ status: { traffic }, theme }: PaintedStatus): readonly string[] {
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

function metricsText({ status: { traffic }, theme }: PaintedStatus): readonly string[] {
  if (traffic.state === 'notAsked') return [theme.dim('not configured')];
  if (traffic.state === 'failed') return [theme.bad('✗ no usable answer')];
  return [`${theme.good('✓')} ${term(traffic.value.source)}`];
}

function redisText({ status: { redis }, theme }: PaintedStatus): readonly string[] {
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
function brokenText({ status, environment, theme }: PaintedStatus): readonly string[] {
  const findings = findingLines(addressedFindings(status.findings, environment.address), theme);
  const undecided = addressedFindings(status.undecided, environment.address).flatMap(({ message, hint }) => [
    theme.warn(`? ${term(message)}`),
    ...(hint === null ? [] : [`  ${theme.accent('hint:')} ${term(hint)}`]),
  ]);
  const lines = [...findings, ...undecided];
  return lines.length === 0 ? [theme.good('nothing found wrong in what was asked')] : lines;
}

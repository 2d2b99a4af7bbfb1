import type { Environment } from '../domain/config/environment.js';
import type { HealthReport } from '../domain/control-plane.js';
import { counted } from '../domain/counted.js';
import { formatDuration } from '../domain/duration.js';
import type { ListedOverride } from '../procedures/override/inspect.js';
import type { HealthPart, Status, TargetStatus } from '../procedures/status/status.js';
import { statusJson } from './status-json.js';
import { term } from './term.js';
import { relativeTime } from './time.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/** One screen: how an environment is. What did not answer says so; the rest stays. */
export function statusView(status: Status, environment: Environment, nowMs: number): View {
  return {
    kind: 'Status',
    data: statusJson(status, environment),
    human: (theme) => {
      const shown = { status, environment, theme, nowMs };
      const rows: readonly (readonly [string, readonly string[]])[] = [
        [term(environment.name), headText(shown)],
        ['enabled', [theme.dim('not known without a reload')]],
        ['shadow', shadowText(shown)],
        ['overrides', overridesText(shown)],
        ['last change', lastChangeText(shown)],
        ['blocked', trafficText(shown)],
        ...status.targets.map((target) => ['health', apiText(target, status.targets.length > 1, theme)] as const),
        ['Redis', redisText(shown)],
      ];
      const width = Math.max(...rows.map(([label]) => label.length));
      const body = rows.flatMap(([label, lines]) => labelled(label.padEnd(width), lines, theme));
      return [...body, ...findingsText(status, theme)].join('\n');
    },
  };
}

interface Shown {
  readonly status: Status;
  readonly environment: Environment;
  readonly theme: Theme;
  readonly nowMs: number;
}

/** More than this is for the commands that show it all. */
const mostLines = 3;

/** The label stands before the first line, the others are indented as far; a row without lines is left out. */
function labelled(label: string, lines: readonly string[], theme: Theme): readonly string[] {
  return lines.map((line, index) => `${index === 0 ? theme.bold(label) : ' '.repeat(label.length)}  ${line}`);
}

function headText({ status, environment, theme }: Shown): readonly string[] {
  const modes = [...new Set(status.targets.map(({ flags }) => (flags.state === 'ok' ? flags.value.siteMode : null)))];
  const mode = modes.filter((each) => each !== null).map((each) => `site mode ${term(each)}`);
  const first = status.targets[0];
  const where = first === undefined ? 'no API configured' : term(first.target);
  const more = status.targets.length > 1 ? ` and ${status.targets.length - 1} more` : '';
  const guarded = environment.isProtected ? [theme.warn('protected')] : [];
  return [[`${where}${more}`, ...mode, ...guarded].join('  ')];
}

/** The buckets of which some address tells, those in shadow first; addresses that disagree are said. */
function shadowText({ status, theme }: Shown): readonly string[] {
  const answers = status.targets.flatMap(({ flags }) => (flags.state === 'ok' ? [flags.value] : []));
  if (answers.length === 0) return [theme.dim('not known')];
  const said = (answers[0]?.flags ?? []).map(({ bucket }, index) => ({
    bucket,
    values: new Set(answers.flatMap(({ flags }) => flags[index]?.policy?.isShadow ?? [])),
  }));
  const names = (isMeant: (values: ReadonlySet<boolean>) => boolean): string =>
    said.flatMap(({ bucket, values }) => (isMeant(values) ? [term(bucket)] : [])).join(', ');
  const [split, shadow, enforcing] = [
    names((values) => values.size > 1),
    names((values) => values.size === 1 && values.has(true)),
    names((values) => values.size === 1 && values.has(false)),
  ];
  const words = [
    ...(split === '' ? [] : [theme.bad(`differs between addresses: ${split}`)]),
    ...(shadow === '' ? [] : [theme.warn(`in shadow: ${shadow}`)]),
    ...(enforcing === '' ? [] : [`enforcing: ${enforcing}`]),
  ];
  return words.length === 0 ? [theme.dim('the server knows none of the buckets')] : words;
}

function overridesText({ status: { overrides }, theme }: Shown): readonly string[] {
  if (overrides.state === 'failed') return [theme.bad('✗ the stored document cannot be read')];
  if (overrides.state === 'notAsked') return [];
  const { stored, overrides: entries, isForeign } = overrides.value;
  const shadowed = entries.filter(({ loaded }) => loaded?.fields?.isShadow === true).length;
  const remarks = [
    ...entries.flatMap((each) => hiddenText(each, theme)),
    ...(isForeign ? [theme.warn('changed past rlctl since the last recorded change')] : []),
    ...(stored.ttlMs === null
      ? []
      : [theme.warn(`the key expires in ${formatDuration(stored.ttlMs)}: every override goes with it`)]),
  ];
  const cut =
    remarks.length > mostLines ? [theme.dim(`… ${remarks.length - mostLines} more: rlctl override list`)] : [];
  const shadow = shadowed === 0 ? '' : `, ${shadowed} in shadow`;
  const at = stored.bytes === null ? '' : theme.dim(`  at ${stored.revision.slice(0, 12)}`);
  const head = `${entries.length === 0 ? 'none' : entries.length}${shadow}${at}`;
  return [head, ...remarks.slice(0, mostLines), ...cut];
}

function hiddenText({ prefix, hiddenBy, loaded }: ListedOverride, theme: Theme): readonly string[] {
  const name = term(JSON.stringify(prefix));
  if (hiddenBy !== null) return [theme.warn(`${name} is hidden by ${term(JSON.stringify(hiddenBy))}`)];
  const because = loaded === null ? 'its value is no object' : loaded.skippedBecause;
  return because === null ? [] : [theme.warn(`${name} is ignored by the server: ${term(because)}`)];
}

function lastChangeText({ status: { redis }, theme, nowMs }: Shown): readonly string[] {
  if (redis.state !== 'ok') return [];
  const entry = redis.value.lastEntry;
  if (!entry?.body) return [theme.dim('none recorded')];
  const { command, actor, reason, ticket, routes } = entry.body;
  const why = [reason === null ? '' : `: ${term(reason)}`, ticket === null ? '' : ` [${term(ticket)}]`].join('');
  const what = routes.length === 1 ? ` ${term(routes[0]?.route ?? '')}` : ` (${counted(routes.length, 'route')})`;
  return [`${relativeTime(entry.timeMs, nowMs)}, ${term(command)}${what} by ${term(actor)}${why}`];
}

function trafficText({ status: { traffic }, theme, nowMs }: Shown): readonly string[] {
  if (traffic.state !== 'ok') return [];
  const { blockShares, periodSeconds, lastReloadMs } = traffic.value;
  const words = blockShares.map(({ bucket, share, threshold }) => {
    const text = `${term(bucket)} ${share === null ? 'no data' : `${(share * 100).toFixed(1)} %`}`;
    return share !== null && share > threshold ? theme.bad(text) : text;
  });
  const reloaded = lastReloadMs === null ? [] : [`last reload ${relativeTime(lastReloadMs, nowMs)}`];
  return [`${words.join(' · ')}  ${theme.dim(`in ${formatDuration(periodSeconds * 1000)}`)}`, ...reloaded];
}

/** Each check in a word; which address it is only where there are several. */
function apiText({ target, health }: TargetStatus, isOneOfMany: boolean, theme: Theme): readonly string[] {
  const checks = (['live', 'ready', 'startup'] as const).map((check) => checkText(check, health[check], theme));
  const report = valueIn(health.ready) ?? valueIn(health.live);
  const about = [
    ...(isOneOfMany ? [term(target)] : []),
    ...(report?.version ? [`version ${term(report.version)}`] : []),
    ...(report?.uptimeSeconds ? [`up ${formatDuration(report.uptimeSeconds * 1000)}`] : []),
  ];
  return [[...checks, ...(about.length === 0 ? [] : [theme.dim(about.join(', '))])].join('  ')];
}

function checkText(check: string, part: HealthPart, theme: Theme): string {
  if (part.state !== 'ok') return theme.bad(`✗ ${check} no answer`);
  if (part.value === null) return theme.dim(`- ${check} (no such check)`);
  const { status, said, httpStatus } = part.value;
  if (status === 'healthy' || (status === null && httpStatus === 200)) return theme.good(`✓ ${check}`);
  return (status === 'degraded' ? theme.warn : theme.bad)(`✗ ${check} ${term(said)}`);
}

function valueIn(part: HealthPart): HealthReport | null {
  return part.state === 'ok' ? part.value : null;
}

function redisText({ status: { redis }, theme }: Shown): readonly string[] {
  if (redis.state === 'notAsked') return [theme.dim('not configured')];
  if (redis.state === 'failed') return [theme.bad('✗ no answer')];
  const { role, replicas, runId, ttlMs } = redis.value;
  const words = [
    role ?? 'role not known',
    ...(replicas === null ? [] : [counted(replicas, 'replica')]),
    ...(runId === null ? [] : [`run id ${term(runId.slice(0, 12))}`]),
    ttlMs === null ? 'document without TTL' : `document expires in ${formatDuration(ttlMs)}`,
  ];
  return [`${role === 'replica' ? theme.bad('✗') : theme.good('✓')} ${words.join(', ')}`];
}

function findingsText({ findings }: Status, theme: Theme): readonly string[] {
  if (findings.length === 0) return ['', theme.good('nothing is broken')];
  const shown = findings
    .slice(0, mostLines)
    .flatMap(({ message, hint }) => [
      theme.bad(`✗ ${term(message)}`),
      ...(hint === null ? [] : [`  ${theme.accent('hint:')} ${term(hint)}`]),
    ]);
  const more =
    findings.length > mostLines ? [theme.dim(`… ${counted(findings.length - mostLines, 'more finding')}`)] : [];
  return ['', ...shown, ...more];
}

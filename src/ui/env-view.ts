import { describeAuth, describeSource, type Environment, type SourceAccess } from '../domain/config/environment.js';
import { describeInstances } from '../domain/fleet/source.js';
import { credentialInWords, describeAccess, describeTarget, type NotifyTarget } from '../domain/notify/target.js';
import { describeRedisTls } from '../domain/config/redis-tls.js';
import { redisPlace } from '../domain/config/redis-place.js';
import { environmentSettings, type SettingKey } from '../domain/config/settings.js';
import type { GuardField, GuardRule } from '../domain/guard/rule.js';
import { limitsInWords, scopeInWords } from '../domain/guard/words.js';
import { formatDuration } from '../domain/duration.js';
import { seenToMs, traitsOf, type Detected } from '../domain/dialect/dialect.js';
import { renderTable } from './table.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

export interface ListedEnvironment {
  readonly name: string;
  readonly place: string;
  readonly isCurrent: boolean;
  /** `null`: it could not be resolved. */
  readonly isProtected: boolean | null;
  readonly api: readonly string[];
}

/** The environments there are; `missing`: the current one, where it is not among them. */
export function environmentListView(
  items: readonly ListedEnvironment[],
  source: string | null,
  missing: { readonly name: string; readonly source: string; readonly isChoice: boolean } | null,
): View {
  return {
    kind: 'EnvironmentList',
    data: { environments: items, currentSource: source, missing: missing?.name ?? null },
    items,
    human: async (theme) => {
      const gone = missing === null ? [] : [theme.warn(missingText(missing))];
      if (items.length === 0)
        return ['no environments; add one with "rlctl env add", or start "rlctl sandbox up"', ...gone].join('\n');
      const rows = items.map(({ name, place, isCurrent, isProtected, api }) => [
        isCurrent ? theme.good('*') : '',
        term(name),
        isProtected === null ? theme.warn('cannot be resolved') : isProtected ? theme.warn('protected') : '-',
        term(api.join(', ') || '-'),
        term(place),
      ]);
      const table = await renderTable(
        [{ title: '' }, { title: 'NAME' }, { title: 'PROTECTED' }, { title: 'API' }, { title: 'FROM' }],
        rows,
        theme,
      );
      return [table, ...gone].join('\n');
    },
  };
}

function missingText({ name, source, isChoice }: { name: string; source: string; isChoice: boolean }): string {
  const cure = isChoice ? '; forget that with: rlctl env use --none' : '';
  return term(`${JSON.stringify(name)}, which is chosen, is not there (${source})${cure}`);
}

export interface ConfigFacts {
  readonly path: string | null;
  readonly isTrusted: boolean;
  /** It was trusted, and has changed since. */
  readonly isChanged: boolean;
  /** What was seen of its server; `null`: nothing. */
  readonly seen: Detected | null;
}

/** Every setting with its value and source; what is secret shows as its source only. */
export function environmentShowView(environment: Environment, facts: ConfigFacts): View {
  const settings = settingsOf(environment);
  return {
    kind: 'Environment',
    data: {
      environment: environment.name,
      config: facts.path,
      isTrusted: facts.isTrusted,
      detected: facts.seen === null ? null : { ...facts.seen, traits: traitsOf(facts.seen) },
      settings,
      guards: environment.guards.map(guardJson),
      notify: environment.notify.map(receiverJson),
    },
    items: settings,
    human: async (theme) => {
      const why = facts.isChanged ? 'changed since you trusted it' : 'not trusted';
      const trust = facts.isTrusted ? '' : theme.warn(`  (${why}: run "rlctl env trust")`);
      const rows = settings.map(({ key, value, source, fallback }) => [
        key,
        value === null ? theme.dim(fallback) : term(value),
        source === 'default' ? theme.dim(source) : term(source),
      ]);
      const seen = facts.seen === null ? [] : ['', await seenText(facts.seen, theme)];
      const guards = environment.guards.length === 0 ? [] : ['', await guardsText(environment.guards, theme)];
      const told = environment.notify.length === 0 ? [] : ['', await receiversText(environment.notify, theme)];
      const table = await renderTable([{ title: 'SETTING' }, { title: 'VALUE' }, { title: 'FROM' }], rows, theme);
      return [
        `${theme.bold(term(environment.name))}  ${term(facts.path ?? 'no configuration file')}${trust}`,
        table,
        ...guards,
        ...told,
        ...seen,
      ].join('\n');
    },
  };
}

/** A rule for programs. */
function guardJson(rule: GuardRule): Record<string, unknown> {
  const { name, place, buckets, routes, commands, never, requirements, only, isDenied, isOverridable } = rule;
  const named = <T>(map: ReadonlyMap<GuardField, T>): Readonly<Record<string, T>> => Object.fromEntries(map);
  return {
    name,
    place,
    buckets,
    routes,
    commands,
    bounds: named(rule.bounds),
    factors: named(rule.factors),
    never,
    requirements,
    freeze: rule.freeze.map(({ words }) => words),
    isDenied,
    only,
    isOverridable,
  };
}

/** A receiver for programs; of its address no more than the origin. */
function receiverJson(target: NotifyTarget): Record<string, unknown> {
  const { name, kind, place, address, events } = target;
  const isKnown = address.kind === 'known';
  return {
    name,
    kind,
    place,
    origin: isKnown ? address.origin : null,
    fault: isKnown ? null : address.why,
    credential: credentialInWords(target),
    events,
    ...(kind === 'grafana' ? { tags: target.tags, dashboardUID: target.dashboardUID, panelId: target.panelId } : {}),
  };
}

function receiversText(targets: readonly NotifyTarget[], theme: Theme): Promise<string> {
  const rows = targets.map((target) => [
    term(target.name),
    target.address.kind === 'known' ? term(describeTarget(target)) : theme.warn(term(target.address.why)),
    term(describeAccess(target)),
  ]);
  return renderTable(
    [{ title: 'TOLD' }, { title: 'WHERE', isFlexible: true }, { title: 'HOW, OF WHAT', isFlexible: true }],
    rows,
    theme,
  );
}

function guardsText(rules: readonly GuardRule[], theme: Theme): Promise<string> {
  const rows = rules.map((rule) => [
    term(rule.name),
    term(scopeInWords(rule)),
    term(limitsInWords(rule)) + (rule.isOverridable ? '' : theme.warn(' (nobody may override it)')),
  ]);
  return renderTable(
    [{ title: 'GUARD' }, { title: 'ABOUT', isFlexible: true }, { title: 'LIMITS', isFlexible: true }],
    rows,
    theme,
  );
}

/** Every setting with its value and source; what is secret as its source only. */
export function settingsOf(environment: Environment) {
  return environmentSettings.map(({ key, fallback }) => ({
    key,
    value: valueOf(environment, key),
    source: environment.sources.get(key) ?? 'default',
    fallback,
  }));
}

/** A setting as text; `null`: the default holds. */
function valueOf(environment: Environment, key: SettingKey): string | null {
  if ((environment.sources.get(key) ?? 'default') === 'default') return null;
  switch (key) {
    case 'protected':
      return String(environment.isProtected);
    case 'redis':
      return (environment.redis && redisPlace(environment.redis)) ?? 'set (not shown)';
    case 'redisTls':
      return describeRedisTls(environment.redisTls);
    case 'secret':
      return environment.secret === null ? null : describeSource(environment.secret);
    case 'basePath':
      return environment.basePaths.join(', ');
    case 'probe':
      return environment.probes.map(({ url }) => url).join(', ');
    case 'buckets':
      return [...environment.buckets.keys()].join(', ');
    case 'require':
      return environment.requirements.join(', ');
    case 'guards':
      return environment.guards.map(({ name }) => name).join(', ');
    case 'signing':
      return typeof environment.signing === 'string' ? environment.signing : JSON.stringify(environment.signing);
    case 'api':
      return environment.api.join(', ');
    case 'origin':
    case 'siteMode':
    case 'namespace':
      return environment[key];
    case 'prometheus':
      return sourceText(environment.prometheus, environment.prometheusAccess);
    case 'metrics':
      return sourceText(environment.metrics, environment.metricsAccess);
    case 'workers':
      return String(environment.workers);
    case 'killSwitch':
      return environment.killSwitch === null ? null : JSON.stringify(environment.killSwitch);
    case 'shadowDriver':
      return typeof environment.shadowDriver === 'string'
        ? environment.shadowDriver
        : JSON.stringify(environment.shadowDriver);
    case 'fleet':
      return fleetText(environment.fleet);
    case 'notify':
      return environment.notify.map(({ name }) => name).join(', ');
    case 'history':
      return historyText(environment.history);
  }
}

function fleetText({ source, metricsPath }: Environment['fleet']): string | null {
  const said = [
    ...(source === null ? [] : [describeInstances(source.source)]),
    ...(metricsPath === null ? [] : [`metrics under ${metricsPath}`]),
  ];
  return said.length === 0 ? null : said.join(', ');
}

function historyText({ entries, ageMs }: Environment['history']): string {
  return `${entries} entries${ageMs === null ? '' : `, ${formatDuration(ageMs)}`}`;
}

function sourceText(url: string | null, access: SourceAccess): string | null {
  if (url === null) return null;
  const labels = [...access.labels].map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const said = [describeAuth(access), ...labels].filter((each) => each !== null);
  return said.length === 0 ? url : `${url} (${said.join(', ')})`;
}

/** How exact the dates are is part of what they say. */
const lastSeen = `LAST SEEN (OR UP TO ${formatDuration(seenToMs)} LATER)`;

/** What was seen of the server and when: it is tried first, and never relied on. */
async function seenText(seen: Detected, theme: Theme): Promise<string> {
  const rows = traitsOf(seen).map(({ title, text, at }) => [title, term(text), theme.dim(shortTime(at))]);
  return renderTable(
    [{ title: 'SERVER' }, { title: 'WHAT WAS SEEN', isFlexible: true }, { title: lastSeen }],
    rows,
    theme,
  );
}

/** `2026-11-21 12:00Z` */
function shortTime(at: string): string {
  const ms = Date.parse(at);
  return Number.isNaN(ms) ? term(at) : new Date(ms).toISOString().replace(/^(.{10})T(.{5}).*$/, '$1 $2Z');
}

import { dirname, join, resolve } from 'node:path';
import { chooseEnvironment, stateFolder } from './config.js';
import { createContext, type GlobalOptions } from './context.js';
import type { Candidate, Wanted } from './domain/completion/candidates.js';
import { allBuckets } from './domain/config/bucket-names.js';
import type { Environment } from './domain/config/environment.js';
import { limitsInWords, scopeInWords } from './domain/guard/words.js';
import { describeTarget } from './domain/notify/target.js';
import { endedPrefix, openIncidentName, parseIncident } from './domain/incident/incident.js';
import { scanDocument, rawValue } from './domain/override/document.js';
import { defaultPlanName } from './domain/rollout/plan.js';
import { readEntryFields } from './domain/override/entry.js';
import { builtInProcedures } from './domain/runbook/built-in-procedures.js';
import { builtInRollbacks } from './domain/runbook/built-in-rollbacks.js';
import { runbookFilePattern } from './domain/runbook/file-name.js';
import { parseKeptPanics } from './domain/panic/kept.js';
import { isOpen, panicsIn, type Present } from './domain/panic/panics.js';
import { flagTextIn, presentIn } from './domain/panic/present.js';
import { flipLogName, parseFlipLog } from './domain/shadow/flip-log.js';
import type { Host } from './ports/host.js';
import type { Redactor } from './ui/redactor.js';

/** Somebody waits with a finger on the TAB key: a Redis that does not answer within this time has no names. */
const patienceMs = 800;

type Context = Awaited<ReturnType<typeof createContext>>;

/**
 * Names that live in the configuration or in Redis. No command of the configuration is run and no secret is read; a project
 * file that nobody trusts opens no connection. Throws where the names cannot be had.
 */
export async function dynamicNames(
  wanted: Wanted,
  { host, redactor }: { readonly host: Host; readonly redactor: Redactor },
): Promise<readonly Candidate[]> {
  const options: GlobalOptions = {
    environment: wanted.environment ?? (host.env['RLCTL_ENV'] || null),
    config: fromHome(wanted.config ?? (host.env['RLCTL_CONFIG'] || null), host),
    format: 'json',
    jq: null,
    timeoutMs: patienceMs,
    isInputAllowed: false,
    colour: 'never',
    isQuiet: true,
    isDebug: false,
    isReadOnly: true,
  };
  const interrupted = new AbortController().signal;
  const part = { partOf: [], changeId: null };
  const reach = (): void => undefined;
  const run = (): never => {
    throw new TypeError('completion runs no command');
  };
  const check = (): Promise<null> => Promise.resolve(null);
  const context = await createContext({ host, options, version: '', redactor, interrupted, part, reach, run, check });
  try {
    if (wanted.kind === 'environment') return await environmentNames(context);
    if (wanted.kind === 'bucket') return await bucketNames(context);
    if (wanted.kind === 'runbook') return await runbookNames(context);
    if (wanted.kind === 'run') return await runIds(context);
    if (wanted.kind === 'panic') return await openPanics(context, await context.environment());
    if (wanted.kind === 'plan') return await planNames(context);
    if (wanted.kind === 'receiver') return receiverNames(await context.environment());
    if (wanted.kind === 'guard') return guardNames(await context.environment());
    if (wanted.kind === 'incident') return await incidentNames(context, await context.environment());
    return await overridePrefixes(context, await context.environment());
  } finally {
    context.close();
  }
}

/** The shell has not carried out the tilde of a word that is still being typed. */
function fromHome(path: string | null, { env }: Host): string | null {
  return path?.startsWith('~/') && env['HOME'] ? env['HOME'] + path.slice(1) : path;
}

async function environmentNames(context: Context): Promise<readonly Candidate[]> {
  const config = await context.config();
  const inUse = nameInUse(() => chooseEnvironment(config, context.options.environment).name);
  return [...config.environments].map(([name, { place }]) => ({
    value: name,
    description: name === inUse ? `in use; ${place}` : place,
  }));
}

function nameInUse(choose: () => string): string | null {
  try {
    return choose();
  } catch {
    return null;
  }
}

/** The plans of a rollout that the configuration has, beside the handbook's. */
async function planNames(context: Context): Promise<readonly Candidate[]> {
  const { rollouts, path } = await context.config();
  const own = rollouts.map((value) => ({ value, description: path ?? '' }));
  const standard = { value: defaultPlanName, description: 'the handbook’s' };
  return rollouts.includes(defaultPlanName) ? own : [standard, ...own];
}

async function bucketNames(context: Context): Promise<readonly Candidate[]> {
  const configured = await context.environment().then(
    ({ buckets }) => buckets,
    () => new Map() as Environment['buckets'],
  );
  // An alias is understood as well; beside its bucket it would look like another one.
  return allBuckets({ buckets: configured }).map(({ name, routes }) => ({
    value: name,
    description: configured.has(name) ? routes.join(' ') : 'documented',
  }));
}

/** The files of the team's own are named, and not read. */
async function runbookNames(context: Context): Promise<readonly Candidate[]> {
  const own = Object.entries({ ...builtInProcedures, ...builtInRollbacks });
  const { path } = await context.config();
  const files = path === null ? [] : ((await context.files.names(join(dirname(path), 'runbooks'))) ?? []);
  return [
    ...own.map(([value, { title }]) => ({ value, description: title })),
    ...files.flatMap((file) => {
      const value = runbookFilePattern.exec(file)?.[1];
      return value === undefined ? [] : [{ value, description: 'of the team' }];
    }),
  ];
}

const mostRuns = 20;

/** The newest runs that this machine knows. */
async function runIds({ files, host }: Context): Promise<readonly Candidate[]> {
  const names = (await files.names(join(stateFolder(host.env), 'runs'))) ?? [];
  const ids = names.flatMap((name) => /^(.+)\.journal\.json$/.exec(name)?.[1] ?? []);
  return ids
    .toReversed()
    .slice(0, mostRuns)
    .map((value) => ({ value, description: '' }));
}

/** Only those that may be overridden: another name would be of no use. */
function guardNames({ guards }: Environment): readonly Candidate[] {
  const open = guards.filter(({ isOverridable }) => isOverridable);
  return open.map((rule) => ({ value: rule.name, description: `${scopeInWords(rule)}: ${limitsInWords(rule)}` }));
}

/** Those that are open among the newest changes: an older one is listed by its command. */
async function openPanics(context: Context, environment: Environment): Promise<readonly Candidate[]> {
  if (environment.untrustedFile !== null) return [];
  const [store, operations] = [await context.store(environment), await context.operationStore(environment)];
  const [history, kept, flips, stored, flagText] = await Promise.all([
    store.history({ limit: 100 }, context.deadline),
    operations.read('panic', context.deadline),
    operations.read(flipLogName, context.deadline),
    store.read(context.deadline),
    flagTextNow(context, environment),
  ]);
  const present = presentIn(stored.bytes, flagText);
  return panicsIn({ history, kept: parseKeptPanics(kept.text), flips: parseFlipLog(flips.text) }, present)
    .filter(isOpen)
    .map(({ id, command, actor }) => ({ value: id, description: `${command} by ${actor}`.slice(0, 60) }));
}

/** By the env file, where there is one: a panic whose flags somebody set back by hand is over. */
async function flagTextNow(context: Context, { shadowDriver }: Environment): Promise<Present['flagText']> {
  if (typeof shadowDriver === 'string' || 'exec' in shadowDriver) return () => undefined;
  const place = resolve(context.host.cwd, shadowDriver['env-file']);
  const bytes = await (await context.envFiles()).read(place).catch(() => null);
  return flagTextIn(bytes && Buffer.from(bytes).toString('latin1'), place);
}

function receiverNames({ notify }: Environment): readonly Candidate[] {
  return notify.map((target) => ({ value: target.name, description: describeTarget(target) }));
}

/** The open one, and those that have ended, the newest first. */
async function incidentNames(context: Context, environment: Environment): Promise<readonly Candidate[]> {
  if (environment.untrustedFile !== null) return [];
  const operations = await context.operationStore(environment);
  const names = [openIncidentName, ...(await operations.names(endedPrefix, context.deadline))];
  const kept = await Promise.all(names.map(async (name) => (await operations.read(name, context.deadline)).text ?? []));
  const incidents = kept.flat().map((text) => parseIncident(text, openIncidentName));
  const newestFirst = incidents.sort((a, b) => b.start.atMs - a.start.atMs);
  return newestFirst.map(({ id, title, end }) => ({ value: id, description: end === null ? `open: ${title}` : title }));
}

async function overridePrefixes(context: Context, environment: Environment): Promise<readonly Candidate[]> {
  if (environment.untrustedFile !== null) return [];
  const store = await context.store(environment);
  const { bytes } = await store.read(context.deadline);
  const document = scanDocument(bytes);
  return document.members.map((member) => ({
    value: member.key,
    description: (readEntryFields(rawValue(document, member)) ?? [])
      .map(({ name, raw }) => `${name} ${raw}`)
      .join(', ')
      .slice(0, 60),
  }));
}

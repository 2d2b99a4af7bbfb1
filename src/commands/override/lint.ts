import { Option } from 'commander';
import { chooseEnvironment } from '../../config.js';
import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { formatDuration } from '../../domain/duration.js';
import { RlctlError, usageError } from '../../domain/errors.js';
import { countFindings } from '../../domain/lint/lint.js';
import { lintRules } from '../../domain/lint/rules.js';
import { nearNames } from '../../domain/near-names.js';
import { overridesKey } from '../../domain/redis-keys.js';
import { lintFile, lintStored, type LintReport } from '../../procedures/override/lint.js';
import { githubAnnotations } from '../../ui/github-annotations.js';
import { lintView } from '../../ui/lint-view.js';
import { sarifLog } from '../../ui/sarif.js';
import { collect, defineCommand, listFlag, switchFlag, textFlag } from '../command.js';
import { durationFlag } from '../decisions/question.js';
import { decisionsPort } from '../decisions/traffic.js';
import { maxFileBytes } from '../../domain/overrides-file/read-file.js';
import { readInput } from '../input-file.js';
import { addReportFlags, assertOneOutput, writeReports } from '../reports.js';

// What is wrong in a document before a server loads it, or in the one that is stored: rule by rule, each with its place.

const defaultSinceMs = 3_600_000;

function ruleNames(names: readonly string[]): ReadonlySet<string> {
  const known: readonly string[] = lintRules.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return new Set(names);
  const near = nearNames(unknown, known);
  const hint = `${near.length > 0 ? `Near it: ${near.join(', ')}. ` : ''}See them all with: rlctl help lint`;
  throw usageError(`--ignore: there is no rule "${unknown}"`, hint, 'UNKNOWN_RULE');
}

/** The environment's name and bucket routes as the configuration says them; variables in it need not be set for that. */
async function configured(context: Context): Promise<{ name: string | null; buckets: Environment['buckets'] }> {
  const config = await context.config();
  try {
    const { name } = chooseEnvironment(config, context.options.environment);
    const file = config.environments.get(name)?.file.buckets ?? {};
    const buckets = Object.entries(file).map(
      ([bucket, { routes = [], alias = [] }]) => [bucket, { routes, alias }] as const,
    );
    return { name: config.environments.has(name) ? name : null, buckets: new Map(buckets) };
  } catch (error) {
    // Several environments and none of them named: a file belongs to all or none of them.
    if (error instanceof RlctlError && error.code === 'NO_ENVIRONMENT') return { name: null, buckets: new Map() };
    throw error;
  }
}

type Linted = { readonly report: LintReport; readonly environment: string | null };

async function onDisk(context: Context, file: string, ignored: ReadonlySet<string>): Promise<Linted> {
  const [bytes, { name, buckets }] = await Promise.all([
    readInput(context, file, { flag: '-f', mostBytes: maxFileBytes }),
    configured(context),
  ]);
  const readYaml = await context.readYaml();
  return { report: lintFile(bytes, { file, readYaml }, { buckets, ignored }), environment: name };
}

async function live(context: Context, sinceMs: number, ignored: ReadonlySet<string>): Promise<Linted> {
  const environment = await context.environment();
  const { buckets, address, namespace, name } = environment;
  context.progress.step('reading the document');
  const ports = {
    store: await context.store(environment),
    clock: context.clock,
    deadline: context.deadline,
    decisions: decisionsPort(context, environment, sinceMs),
  };
  const key = overridesKey(namespace ?? '');
  return { report: await lintStored(ports, { buckets, ignored, key, address }), environment: name };
}

export const command = defineCommand({
  register: (c) => {
    c.addOption(
      new Option(
        '-f, --file <overrides>',
        'a file of overrides, or a document as Redis holds it (- is stdin), instead of the stored one',
      ),
    )
      .addOption(new Option('--strict', 'notes end it with 3 as well'))
      .addOption(new Option('--ignore <rule>', 'leave a rule out; repeatable, see: rlctl help lint').argParser(collect))
      .addOption(
        new Option(
          '--since <duration>',
          `how far back the traffic is looked at (default ${formatDuration(defaultSinceMs)}); with Prometheus only`,
        ).conflicts('file'),
      );
    addReportFlags(c, ['sarif', 'github']);
  },
  examples: [
    'rlctl -e prod override lint',
    'rlctl override lint -f overrides.json --sarif lint.sarif',
    'redis-cli -u "$REDIS_URL" get app:rl:overrides | rlctl override lint -f - --ignore match-all',
  ],
  input: (_, flags) => ({
    file: textFlag(flags, 'file'),
    isStrict: switchFlag(flags, 'strict'),
    ignored: ruleNames(listFlag(flags, 'ignore')),
    sinceMs: durationFlag(flags, 'since') ?? defaultSinceMs,
    flags,
  }),
  action: async (context, { file, isStrict, ignored, sinceMs, flags }) => {
    assertOneOutput(context, flags);
    const { report, environment } = await (file === null
      ? live(context, sinceMs, ignored)
      : onDisk(context, file, ignored));
    const { findings, source } = report;
    const tool = { version: context.version, rules: lintRules };
    const isShown = await writeReports(context, flags, {
      sarif: () => sarifLog(findings, tool, source === '-' ? 'stdin' : source),
      github: () => githubAnnotations(findings),
    });
    const { errors, warnings, notes } = countFindings(findings);
    const isFound = errors + warnings + (isStrict ? notes : 0) > 0;
    return { view: isShown ? null : lintView(report, environment), exit: isFound ? 'findings' : 'ok' };
  },
});

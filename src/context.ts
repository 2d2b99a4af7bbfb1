import { resolve } from 'node:path';
import type { Environment } from './domain/config/environment.js';
import { untrusted } from './domain/config/trust.js';
import type { SettingKey } from './domain/config/settings.js';
import { RlctlError, usageError } from './domain/errors.js';
import type { JsonValue } from './domain/json.js';
import type { OperationRef } from './domain/operation/reference.js';
import type { CommandAddress } from './domain/printed-command.js';
import type { Instance } from './domain/fleet/instance.js';
import type { Secret } from './domain/secret.js';
import type { Clock } from './ports/clock.js';
import type { ControlPlane } from './ports/control-plane.js';
import type { ReadYaml } from './domain/overrides-file/tree.js';
import type { Deadline } from './ports/deadline.js';
import type { EachInstance } from './ports/each-instance.js';
import type { Editor } from './ports/editor.js';
import type { EnvFiles } from './ports/env-files.js';
import type { Files } from './ports/files.js';
import type { Host } from './ports/host.js';
import type { OpenInstance } from './ports/instance-link.js';
import type { InstanceSources } from './ports/instance-sources.js';
import type { LimiterKeys } from './ports/limiter-keys.js';
import type { Machine } from './ports/machine.js';
import type { MetricsInspector } from './ports/metrics-inspector.js';
import type { MetricsSource } from './ports/metrics-source.js';
import type { Receiver } from './ports/notifier.js';
import type { OperationStore } from './ports/operation-store.js';
import type { OverrideStore } from './ports/override-store.js';
import type { Pages } from './ports/pages.js';
import type { ProcessTraces } from './ports/process-traces.js';
import type { Programs } from './ports/programs.js';
import type { PromqlSource } from './ports/promql-source.js';
import type { Randomness } from './ports/randomness.js';
import type { RedisInspector } from './ports/redis-inspector.js';
import type { TlsProber } from './ports/tls-prober.js';
import type { ColourChoice, Theme } from './ui/theme.js';
import type { OutputFormat, View } from './ui/view.js';
import type { Config } from './config.js';
import type { Progress } from './ui/progress.js';
import type { Redactor } from './ui/redactor.js';

/** The flags that stand on every command, as parsed. */
export interface GlobalOptions {
  readonly environment: string | null;
  readonly config: string | null;
  readonly format: OutputFormat;
  readonly jq: string | null;
  readonly timeoutMs: number;
  readonly isInputAllowed: boolean;
  readonly colour: ColourChoice;
  readonly isQuiet: boolean;
  readonly isDebug: boolean;
  readonly isReadOnly: boolean;
}

/** What a command is a part of, where another command runs it. */
export interface Part {
  /** The longer operations that its changes belong to, outermost first; empty: none. */
  readonly partOf: readonly OperationRef[];
  /** The id of its change, where it was fixed before; `null`: it is drawn when the change is made. */
  readonly changeId: string | null;
}

/** What another command of rlctl ended in. */
export interface Invoked {
  readonly exitCode: number;
  /** The Result it printed; `null`: none. */
  readonly document: JsonValue | null;
  /** `null`: it ended in a Result. */
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint: string | null;
    readonly exitCode: number;
  } | null;
}

/** What a command gets: the world behind ports, opened on first use and closed by `main`. */
export interface Context extends Part {
  readonly version: string;
  readonly host: Host;
  readonly options: GlobalOptions;
  /** How commands that are printed reach the place that this one reached. */
  readonly address: CommandAddress;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly files: Files;
  readonly deadline: Deadline & { extend(ms: number): void; renew(): void; end(reason: Error): void };
  readonly progress: Progress;
  config(): Promise<Config>;
  /** The environment in use; `flags` are settings given on the command line. */
  environment(flags?: Partial<Record<SettingKey, string>>): Promise<Environment>;
  /** The override document of an environment; throws a usage error where its Redis or namespace is not configured. */
  store(environment: Environment): Promise<OverrideStore>;
  /** The state of long operations, beside the document; throws as `store` does. */
  operationStore(environment: Environment): Promise<OperationStore>;
  /** Locks and idempotency entries in the environment's Redis; throws as `store` does. */
  limiterKeys(environment: Environment): Promise<LimiterKeys>;
  controlPlane(): Promise<ControlPlane>;
  /** `traces`: whose lock a dead process left is free at once; absent: it is after a while. */
  envFiles(traces?: ProcessTraces): Promise<EnvFiles>;
  programs(): Promise<Programs>;
  editor(): Promise<Editor>;
  readYaml(): Promise<ReadYaml>;
  /**
   * Where the limiter's metrics are read from: Prometheus where one is configured, else /metrics, which is scraped twice
   * `waitMs` apart. Throws a usage error where neither is configured, and what getting their secret throws.
   */
  metricsSource(environment: Environment, waitMs: number): Promise<MetricsSource>;
  /** Where PromQL of any kind can be asked; throws a usage error where the environment names no Prometheus. */
  promql(environment: Environment): Promise<PromqlSource>;
  /** Addresses that are only looked at. */
  pages(): Promise<Pages>;
  /** Where the instances of an environment are listed, and how each is reached. */
  instanceSources(environment: Environment): Promise<InstanceSources>;
  openInstance(environment: Environment): Promise<OpenInstance>;
  /** These instances under addresses that tell them apart; `answerMs`: the longest that one answer may take. */
  eachInstance(environment: Environment, instances: readonly Instance[], answerMs: number): Promise<EachInstance>;
  /** A look at the Redis of an environment, as a server and not as a document; throws as `store` does. */
  redisInspector(environment: Environment): Promise<RedisInspector>;
  /** A look at where the limiter's metrics are kept; `null`: nothing is configured for them. */
  metricsInspector(environment: Environment): Promise<MetricsInspector | null>;
  /** Who is told of what happens on an environment. Nothing is read and nothing is connected before it is asked for. */
  receivers(environment: Environment): Promise<readonly Receiver[]>;
  tlsProber(): Promise<TlsProber>;
  machine(): Promise<Machine>;
  /** A text without any secret that is known by now: for what leaves by another way than the streams. */
  redact(text: string): string;
  /** The signing secret; throws a usage or guard error that names the source, never its content. */
  secret(environment: Environment): Promise<Secret>;
  /** Who acts: RLCTL_ACTOR, else user@host. */
  actor(): Promise<string>;
  /** The name of this machine. */
  hostName(): Promise<string>;
  /** Shows a result now: for commands that go on afterwards. */
  show(view: View, replaced?: { readonly jq?: null }): Promise<void>;
  /** A remark for people on stderr; nothing with --quiet or in JSON mode. */
  note(text: string): Promise<void>;
  /** The same, said only once in a command. */
  noteOnce(text: string): Promise<void>;
  /**
   * Work that goes on while the result is shown already; the process does not end before it, whatever becomes of it.
   * `what`: said to people who wait.
   */
  after(what: string, work: Promise<unknown>): void;
  /** How text on stderr is dressed. */
  theme(): Promise<Theme>;
  /** A line on stderr with --debug. */
  debug(text: string): void;
  /**
   * Runs another command in this process, on the same environment and with the same configuration and deadline, without a
   * terminal. Never throws for what that command runs into.
   */
  invoke(argv: readonly string[], as: Part): Promise<Invoked>;
  /** What keeps these words from being a command line of rlctl; `null`: nothing. Runs nothing. */
  check(argv: readonly string[]): Promise<Error | null>;
}

export interface ContextParts {
  readonly host: Host;
  readonly options: GlobalOptions;
  readonly version: string;
  readonly redactor: Redactor;
  readonly interrupted: AbortSignal;
  readonly part: Part;
  /** Told of the environment once it is known: what commands that are printed from then on say. */
  readonly reach: (address: CommandAddress) => void;
  /** Runs a whole command line, with these global flags already in it. */
  readonly run: (argv: readonly string[], as: Part) => Promise<Invoked>;
  /** Reads a command line without running it. */
  readonly check: (argv: readonly string[]) => Promise<Error | null>;
}

/**
 * Builds the context of one command. `close` drops at once every connection that a result needs; `end` waits for the work
 * that goes on after it, and drops the rest.
 */
export async function createContext(parts: ContextParts): Promise<Context & { close(): void; end(): Promise<void> }> {
  const { host, options, redactor } = parts;
  const [{ systemClock }, { systemRandomness }, { createDeadline }, { systemFiles }, { createProgress }] =
    await Promise.all([
      import('./adapters/system/clock.js'),
      import('./adapters/system/randomness.js'),
      import('./adapters/system/deadline.js'),
      import('./adapters/system/files.js'),
      import('./ui/progress.js'),
    ]);
  const open: { close(): void }[] = [];
  const after = new Map<Promise<unknown>, string>();
  const noted = new Set<string>();
  const once = new Map<string, Promise<unknown>>();
  const lazily = <T>(key: string, make: () => Promise<T>): Promise<T> => {
    const known = once.get(key) ?? make();
    once.set(key, known);
    return known as Promise<T>;
  };
  const ports = { host, files: systemFiles };
  const redisPorts = {
    clock: systemClock,
    randomness: systemRandomness,
    onWaiting: (message: string) => void context.note(message),
  };
  const reachedRedis = async (environment: Environment): Promise<ReturnType<typeof configuredRedis>> => {
    const { environments } = await context.config();
    const configured = configuredRedis(environment, environments.size > 0);
    const { revealSecret } = await import('./domain/secret.js');
    // From here on it may be in an error, or in what a library says.
    redactor.addPasswordOf(revealSecret(configured.redis));
    return configured;
  };
  const context: Context = {
    ...parts,
    ...parts.part,
    address: {
      environment: options.environment,
      config: options.config === null ? null : resolve(host.cwd, options.config),
    },
    clock: systemClock,
    randomness: systemRandomness,
    files: systemFiles,
    deadline: createDeadline(systemClock, options.timeoutMs, parts.interrupted),
    progress: createProgress(host.stderr, options.isQuiet || options.format !== 'table'),
    config: () =>
      lazily('config', async () => {
        const { loadConfig } = await import('./config.js');
        return loadConfig(ports, options.config);
      }),
    environment: async (flags = {}) => {
      const { environmentOf } = await import('./config.js');
      const choice = { name: options.environment, flags, address: context.address };
      const { secretVariables } = await import('./domain/config/environment.js');
      const environment = environmentOf(await context.config(), choice, host.env);
      parts.reach(environment.address);
      // Before any of it is asked for: a library, or Node itself, may print all variables of a child process.
      for (const variable of secretVariables(environment)) redactor.add(host.env[variable] ?? '');
      return environment;
    },
    store: (environment) =>
      lazily(`store ${environment.name}`, async () => {
        const { redis, namespace } = await reachedRedis(environment);
        const { createOverrideStore } = await import('./adapters/redis/override-store.js');
        const store = createOverrideStore(
          { url: redis, namespace, limits: environment.history, tls: environment.redisTls },
          redisPorts,
        );
        open.push(store);
        return store;
      }),
    operationStore: (environment) =>
      lazily(`operations ${environment.name}`, async () => {
        const { redis, namespace } = await reachedRedis(environment);
        const { createOperationStore } = await import('./adapters/redis/operation-store.js');
        const store = createOperationStore({ url: redis, namespace, tls: environment.redisTls }, redisPorts);
        open.push(store);
        return store;
      }),
    limiterKeys: (environment) =>
      lazily(`limiter keys ${environment.name}`, async () => {
        const { redis } = await reachedRedis(environment);
        const { createLimiterKeys } = await import('./adapters/redis/limiter-keys.js');
        const keys = createLimiterKeys(redis, redisPorts, environment.redisTls);
        open.push(keys);
        return keys;
      }),
    controlPlane: () =>
      lazily('control plane', async () => {
        const { createControlPlane } = await import('./adapters/http/control-plane.js');
        const controlPlane = createControlPlane({ debug: (line) => context.debug(line) });
        open.push(controlPlane);
        return controlPlane;
      }),
    envFiles: async (traces) => (await import('./adapters/system/env-files.js')).createEnvFiles(traces),
    programs: async () => (await import('./adapters/system/programs.js')).systemPrograms,
    editor: async () => (await import('./adapters/system/editor.js')).systemEditor,
    readYaml: async () => (await import('./adapters/yaml/read-yaml.js')).readYaml,
    metricsSource: (environment, waitMs) =>
      lazily(`metrics ${environment.name}`, async () => {
        const { openMetricsSource } = await import('./adapters/metrics/open-source.js');
        const secretParts = { host, files: systemFiles, deadline: context.deadline, redactor };
        const source = await openMetricsSource(environment, {
          clock: systemClock,
          waitMs,
          secretParts,
          debug: (line) => context.debug(line),
        });
        open.push(source);
        return source;
      }),
    promql: (environment) =>
      lazily(`promql ${environment.name}`, async () => {
        const { openPromqlSource } = await import('./adapters/metrics/promql-source.js');
        const secretParts = { host, files: systemFiles, deadline: context.deadline, redactor };
        const source = await openPromqlSource(environment, { secretParts, debug: (line) => context.debug(line) });
        open.push(source);
        return source;
      }),
    pages: () =>
      lazily('pages', async () => {
        const { createPages } = await import('./adapters/http/pages.js');
        const pages = createPages((line) => context.debug(line));
        open.push(pages);
        return pages;
      }),
    instanceSources: (environment) =>
      lazily(`instance sources ${environment.name}`, async () => {
        const { createInstanceSources } = await import('./adapters/fleet/instance-sources.js');
        const secretParts = { host, files: systemFiles, deadline: context.deadline, redactor };
        return createInstanceSources(environment, secretParts, (line) => context.debug(line));
      }),
    openInstance: async ({ fleet }) => {
      const { createInstanceLinks } = await import('./adapters/fleet/instance-link.js');
      return createInstanceLinks({ debug: (line) => context.debug(line), isPlainAllowed: fleet.isPlainAllowed });
    },
    eachInstance: async ({ fleet }, instances, timeoutMs) => {
      const [{ createInstanceLinks }, { reachEach }] = await Promise.all([
        import('./adapters/fleet/instance-link.js'),
        import('./adapters/fleet/each-instance.js'),
      ]);
      const debug = (line: string): void => context.debug(line);
      const links = createInstanceLinks({ debug, isPlainAllowed: fleet.isPlainAllowed, timeoutMs });
      const each = reachEach(links, instances, await context.controlPlane());
      open.push(each.controlPlane);
      return each;
    },
    redisInspector: (environment) =>
      lazily(`redis inspector ${environment.name}`, async () => {
        const { redis, namespace } = await reachedRedis(environment);
        const { createRedisInspector } = await import('./adapters/redis/inspector.js');
        const inspector = createRedisInspector({ url: redis, namespace, tls: environment.redisTls });
        open.push(inspector);
        return inspector;
      }),
    metricsInspector: (environment) =>
      lazily(`metrics inspector ${environment.name}`, async () => {
        const { openMetricsInspector } = await import('./adapters/metrics/open-inspector.js');
        const secretParts = { host, files: systemFiles, deadline: context.deadline, redactor };
        const inspector = await openMetricsInspector(environment, {
          secretParts,
          debug: (line) => context.debug(line),
        });
        if (inspector !== null) open.push(inspector);
        return inspector;
      }),
    receivers: (environment) =>
      lazily(`receivers ${environment.name}`, async () => {
        const { openReceivers } = await import('./adapters/notify/open-receivers.js');
        // Not the command's own time: who is told of a failure is told after that has passed.
        const deadline = createDeadline(systemClock, longestMs, parts.interrupted);
        const secretParts = { host, files: systemFiles, deadline, redactor };
        const receivers = openReceivers(environment, {
          clock: systemClock,
          secretParts,
          debug: (line) => context.debug(line),
        });
        open.push({ close: () => deadline.end(new Error('closed')) }, ...receivers);
        return receivers;
      }),
    tlsProber: async () => (await import('./adapters/tls/prober.js')).systemTlsProber,
    machine: async () => (await import('./adapters/system/machine.js')).systemMachine,
    redact: (text) => redactor.redact(text),
    secret: (environment) =>
      lazily(`secret ${environment.name}`, async () => {
        const { readSecret } = await import('./adapters/system/secret.js');
        return readSecret(environment, { host, files: systemFiles, deadline: context.deadline, redactor });
      }),
    hostName: async () => (await import('node:os')).hostname(),
    actor: async () => {
      const named = host.env['RLCTL_ACTOR'];
      if (named) return named;
      const { hostname, userInfo } = await import('node:os');
      return `${host.env['SUDO_USER'] ?? host.env['USER'] ?? userInfo().username}@${hostname()}`;
    },
    show: async (view, replaced = {}) => {
      context.progress.clear();
      const raw = options.format === 'table' && !host.stdout.isTTY ? view.raw : undefined;
      if (raw !== undefined) return host.stdout.write(raw);
      const [{ renderPieces }, { createTheme }] = await Promise.all([import('./ui/view.js'), import('./ui/theme.js')]);
      const theme = await createTheme(host.stdout, options.colour, host.env, options.isQuiet);
      for await (const piece of renderPieces(view, { ...options, ...replaced }, theme)) {
        if (host.stdout.isGone) return;
        await host.stdout.write(piece);
      }
    },
    note: async (text) => {
      if (options.isQuiet || options.format !== 'table') return;
      context.progress.clear();
      await host.stderr.write(`${text}\n`);
    },
    noteOnce: async (text) => {
      if (noted.has(text)) return;
      noted.add(text);
      await context.note(text);
    },
    after: (what, work) => {
      after.set(work, what);
      work.finally(() => after.delete(work)).catch(() => undefined);
    },
    theme: () =>
      lazily('theme', async () => {
        const { createTheme } = await import('./ui/theme.js');
        return createTheme(host.stderr, options.colour, host.env, options.isQuiet);
      }),
    debug: (text) => {
      if (options.isDebug) void host.stderr.write(`debug: ${text}\n`);
    },
    invoke: async (argv, as) => {
      const { name } = await context.environment();
      const isNamed = (await context.config()).environments.has(name);
      const { config } = context.address;
      const flags = [
        ...(isNamed ? ['--env', name] : []),
        ...(config === null ? [] : ['--config', config]),
        '--output',
        'json',
        '--no-input',
        '--timeout',
        `${options.timeoutMs}ms`,
        ...(options.isReadOnly ? ['--read-only'] : []),
      ];
      return parts.run([...flags, ...argv], as);
    },
  };
  return Object.assign(context, {
    close: () => {
      context.progress.clear();
      // What goes on after the result may still ask Redis something: then all of it is closed at the end.
      if (after.size === 0) for (const each of open) each.close();
    },
    end: async () => {
      const [what] = after.values();
      if (what !== undefined) context.progress.step(what);
      await Promise.allSettled(after.keys());
      context.progress.clear();
      for (const each of open) each.close();
    },
  });
}

function configuredRedis(environment: Environment, isConfigured: boolean): { redis: Secret; namespace: string } {
  const { redis, namespace, name, untrustedFile, isChangedSinceTrusted: isChanged, requirements } = environment;
  if (untrustedFile !== null && (redis === null || namespace === null)) {
    throw untrusted(untrustedFile, 'the limiter’s own variables', { isChanged, requirements });
  }
  if (redis === null) {
    throw usageError(
      `the environment "${name}" has no Redis address`,
      `${isConfigured ? 'Set environments.NAME.redis in rlctl.yaml' : nothingConfigured}, or RLCTL_REDIS_URL.`,
      'NO_REDIS',
    );
  }
  if (namespace === null) {
    throw usageError(
      `the environment "${name}" has no namespace`,
      `${isConfigured ? 'Set environments.NAME.namespace in rlctl.yaml' : nothingConfigured}, or RLCTL_NAMESPACE.`,
      'NO_NAMESPACE',
    );
  }
  return { redis, namespace };
}

/** The longest that a timer can be set for, milliseconds: 24 days. */
const longestMs = 2 ** 31 - 1;

const nothingConfigured =
  'There is no configuration yet. Try it on this machine with: rlctl sandbox up; or add an environment with: rlctl env add NAME --api URL --namespace NAME --redis URL; or set RLCTL_API';

/** An interrupt as an error: what was done by then is said by whoever catches it. */
export function interruption(signal: 'SIGINT' | 'SIGTERM'): RlctlError {
  const hint =
    'Nothing has to be cleaned up. See what is stored with "rlctl override list", and run the command again.';
  return signal === 'SIGINT'
    ? new RlctlError('interrupted', 'interrupted; nothing more was sent', { code: 'INTERRUPTED', hint })
    : new RlctlError('terminated', 'terminated; nothing more was sent', { code: 'TERMINATED', hint });
}

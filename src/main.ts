import { exitCodeOf } from './domain/exit-codes.js';
import { RlctlError } from './domain/errors.js';
import { addressedError, bareAddress, type CommandAddress } from './domain/printed-command.js';
import type { Context, Invoked, Part } from './context.js';
import type { Host, OutputStream } from './ports/host.js';
import { createRedactor, type Redactor } from './ui/redactor.js';
import { createTheme } from './ui/theme.js';
import type { View } from './ui/view.js';

/** A command that no other command runs. */
const alone: Part = { partOf: [], changeId: null };

/**
 * Runs one command line in a given world and returns the process's exit code. The only place where an error becomes an
 * exit code. Everything that leaves on either stream has passed the redactor.
 */
export async function main(
  argv: readonly string[],
  world: Host,
  version: string,
  redactor: Redactor = createRedactor(),
  part: Part = alone,
): Promise<number> {
  registerSecretsOf(world.env, redactor);
  const guarded = (stream: OutputStream): OutputStream => ({
    isTTY: stream.isTTY,
    get columns() {
      return stream.columns;
    },
    get rows() {
      return stream.rows;
    },
    get isGone() {
      return stream.isGone ?? false;
    },
    onGone: (listener) => stream.onGone?.(listener) ?? (() => undefined),
    onResize: (listener) => stream.onResize?.(listener) ?? (() => undefined),
    write: (text) => stream.write(typeof text === 'string' ? redactor.redact(text) : redactor.redactBytes(text)),
  });
  const host: Host = { ...world, stdout: guarded(world.stdout), stderr: guarded(world.stderr) };
  const interrupt = new AbortController();
  const stopListening = host.onSignal((signal) => {
    if (interrupt.signal.aborted) return host.leave(signal === 'SIGINT' ? 130 : 143);
    void import('./context.js').then(({ interruption }) => interrupt.abort(interruption(signal)));
    return undefined;
  });
  const reached: Reached = { address: bareAddress, end: () => Promise.resolve() };
  const fault = faultOf(host);
  try {
    const runOther = (words: readonly string[], as: Part): Promise<Invoked> =>
      import('./invoke.js').then(({ invoke }) =>
        invoke(world, (captured) => main(words, captured, version, redactor, as)),
      );
    const check = (words: readonly string[]): Promise<Error | null> => checkWords(words, host, version);
    const parts = { version, redactor, interrupted: interrupt.signal, reached, part, run: runOther, check };
    return await Promise.race([run(argv, host, parts), fault.met]);
  } catch (error) {
    const code = await fail(error, argv, host, reached.address);
    // What the fault broke may never answer, and would hold the process.
    if (fault.isMet()) host.leave(code);
    return code;
  } finally {
    if (!fault.isMet()) await reached.end();
    fault.forget();
    stopListening();
  }
}

/** The first error that nobody waits for; `met` rejects with it. */
function faultOf(host: Host): { met: Promise<never>; isMet: () => boolean; forget: () => void } {
  const state = { isMet: false, forget: (): void => undefined };
  const met = new Promise<never>((_, reject) => {
    state.forget =
      host.onFault?.((error) => {
        state.isMet = true;
        reject(error);
      }) ?? state.forget;
  });
  return { met, isMet: () => state.isMet, forget: () => state.forget() };
}

/** What the environment holds in clear must not come out again, even where a library prints the environment itself. */
function registerSecretsOf(env: Host['env'], redactor: Redactor): void {
  redactor.add(env['CONFIG_RELOAD_SECRET'] ?? '');
  for (const value of Object.values(env)) if (value?.includes('@')) redactor.addPasswordOf(value);
}

/** How far a command line came: what its own commands have to say to come as far; nothing before it was parsed. */
interface Reached {
  address: CommandAddress;
  /** Waits for what goes on after the result. */
  end: () => Promise<void>;
}

interface RunParts {
  readonly version: string;
  readonly redactor: Redactor;
  readonly interrupted: AbortSignal;
  readonly reached: Reached;
  readonly part: Part;
  readonly run: (argv: readonly string[], as: Part) => Promise<Invoked>;
  readonly check: (argv: readonly string[]) => Promise<Error | null>;
}

/** What keeps words from being a command line; `null`: nothing, or they ask for help. */
async function checkWords(words: readonly string[], host: Host, version: string): Promise<Error | null> {
  const { parseArguments, HelpText } = await import('./cli.js');
  try {
    await parseArguments(words, { env: host.env, version, width: 80 });
    return null;
  } catch (error) {
    return error instanceof Error && !(error instanceof HelpText) ? error : null;
  }
}

async function run(argv: readonly string[], host: Host, parts: RunParts): Promise<number> {
  const { reached, ...rest } = parts;
  const { version } = rest;
  const { parseArguments, HelpText } = await import('./cli.js');
  const width = Math.min(100, host.stdout.columns ?? 80);
  try {
    const { leaf, spec, args, flags, options } = await parseArguments(argv, { env: host.env, version, width });
    if (leaf.isMutation && options.isReadOnly && flags['dryRun'] !== true) throw readOnly(leaf.path);
    if (options.jq !== null) await (await import('./ui/jq.js')).checkJq(options.jq);
    const { createContext } = await import('./context.js');
    const reach = (address: CommandAddress): void => void (reached.address = address);
    const context = await createContext({ host, options, ...rest, reach });
    reached.address = context.address;
    reached.end = () => context.end();
    try {
      const { view, exit } = await spec.run(context, args, flags);
      context.close();
      const code = exitCodeOf(exit);
      if (view !== null) await showResult(context, view, { isMutation: leaf.isMutation, code });
      return code;
    } finally {
      context.close();
    }
  } catch (error) {
    if (!(error instanceof HelpText)) throw error;
    await host.stdout.write(error.text);
    return 0;
  }
}

/** A command that has run to its end. */
interface Ended {
  readonly isMutation: boolean;
  /** The exit code of its result. */
  readonly code: number;
}

/** Nobody may take a change for one that failed because its result could not be written. */
function unshown(error: RlctlError, code: number): RlctlError {
  const message = `it has run to its end (exit ${code}), but ${error.message.replace('the output', 'its result')}`;
  const hint = 'Do not just run it again: "rlctl override history" and "rlctl audit log" tell what it has changed.';
  return new RlctlError('unexpected', message, { code: error.code, hint });
}

/**
 * Shows a result. A jq program that fails on the result of a change must not hide that something was changed: the whole
 * document is shown instead, and the failure is unexpected (1), because 2 says that nothing was sent.
 */
async function showResult(context: Context, view: View, { isMutation, code }: Ended): Promise<void> {
  try {
    await context.show(view);
  } catch (error) {
    if (isMutation && error instanceof RlctlError && error.code === 'OUTPUT_FAILED') throw unshown(error, code);
    if (!isMutation || !(error instanceof RlctlError) || error.code !== 'JQ_PROGRAM') throw error;
    await context.show(view, { jq: null });
    const hint = 'The change was made; its whole result stands on stdout.';
    throw new RlctlError('unexpected', error.message, { code: error.code, hint });
  }
}

function readOnly(path: string): RlctlError {
  return new RlctlError('guard', `--read-only refuses "rlctl ${path}", because it changes something`, {
    code: 'READ_ONLY',
    hint: 'Leave out --read-only (and RLCTL_READ_ONLY), or add --dry-run to see what it would do.',
  });
}

async function fail(error: unknown, argv: readonly string[], host: Host, address: CommandAddress): Promise<number> {
  const [{ explained, errorText, errorJson }, { errorOptions }] = await Promise.all([
    import('./ui/error-view.js'),
    import('./global-options.js'),
  ]);
  const { format, colour, isDebug } = errorOptions(argv, host.env);
  const shown = addressedError(explained(error), address);
  const isForPeople = format === 'table' || format === 'yaml';
  const theme = await createTheme(host.stderr, colour, host.env);
  await host.stderr.write(isForPeople ? errorText(shown, theme, isDebug) : errorJson(shown));
  return shown.exitCode;
}

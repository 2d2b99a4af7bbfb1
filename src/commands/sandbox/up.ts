import { join, resolve } from 'node:path';
import { Option } from 'commander';
import { sandboxPath, stateFolder } from '../../config.js';
import type { Context } from '../../context.js';
import { usageError } from '../../domain/errors.js';
import { Secret } from '../../domain/secret.js';
import type { Sandbox, SandboxOptions } from '../../sandbox/sandbox.js';
import { sandboxView } from '../../ui/sandbox-view.js';
import { defineCommand, textFlag } from '../command.js';
import { forget } from '../detection.js';

// The system of the documents, working, on this machine: a place to learn rlctl and to rehearse a runbook.

function whole(text: string | null, flag: string, fallback: number, max: number): number {
  if (text === null) return fallback;
  if (/^\d{1,6}$/.test(text) && Number(text) <= max) return Number(text);
  throw usageError(`${flag}: "${text}" is not a whole number up to ${max}`, `Give ${flag} a whole number.`);
}

/** The environment by which other commands reach the sandbox. */
function registration(sandbox: Sandbox, workers: number) {
  const routes = {
    read: ['/api'],
    auth: ['/auth'],
    write: ['/api/orders'],
    financial: ['/api/payments', '/api/checkout'],
  };
  return {
    pid: process.pid,
    environment: {
      api: sandbox.origin,
      basePath: sandbox.basePath,
      namespace: sandbox.namespace,
      redis: sandbox.redisUrl,
      metrics: `${sandbox.origin}/metrics`,
      secret: { file: sandbox.secretFile },
      workers,
      buckets: Object.fromEntries(Object.entries(routes).map(([name, prefixes]) => [name, { routes: prefixes }])),
      shadowDriver: { 'env-file': sandbox.envFile },
    },
  };
}

/**
 * A choice made with `env use sandbox` is the operator's and stays: taken away in silence, the next command would go to
 * another environment.
 */
async function leftChoice(context: Context): Promise<string> {
  const { loadState } = await import('../../config.js');
  const { current } = await loadState(context);
  if (!Object.values(current).includes('sandbox')) return '';
  return '; it is still chosen, forget that with: rlctl env use --none';
}

/** The state folder that other terminals have to be told; `null`: the usual one. */
function ownStateHome({ host: { env } }: Context): string | null {
  const own = env['XDG_STATE_HOME'];
  return own === undefined || own === '' || own === join(env['HOME'] ?? '', '.local', 'state') ? null : own;
}

/** Resolves at the first Ctrl-C or SIGTERM. */
function untilInterrupted({ interrupted }: { readonly interrupted: AbortSignal }): Promise<void> {
  // A pending promise alone does not keep a process alive; the gateway's listening socket does.
  return new Promise((resolve) => {
    if (interrupted.aborted) resolve();
    else interrupted.addEventListener('abort', () => resolve(), { once: true });
  });
}

export const command = defineCommand({
  register: (c) => {
    c.addOption(
      new Option('--dialect <name>', 'documented: as the handbook says; deployed: with the traps of real servers')
        .choices(['documented', 'deployed'])
        .default('documented'),
    )
      .addOption(new Option('--workers <n>', 'independent states behind the one port, 1 to 64 (default 1)'))
      .addOption(new Option('--traffic <rps>', 'requests a second of its own: users, routes and abusers (default 0)'))
      .addOption(new Option('--redis <url>', 'a Redis on this machine; else redis-server, else an embedded one'))
      .addOption(new Option('--port <n>', 'port on 127.0.0.1 (default: any free one)'))
      .addOption(new Option('--namespace <name>', 'prefix of its keys').default('sandbox'))
      .addOption(
        new Option(
          '--secret-file <path>',
          'private file with the secret to use, so that several share one (default: new)',
        ),
      );
  },
  examples: [
    'rlctl sandbox up',
    'rlctl sandbox up --dialect deployed --workers 4 --traffic 50',
    'XDG_STATE_HOME=/tmp/second rlctl sandbox up --redis redis://127.0.0.1:6379 --secret-file ~/.secrets/lab',
  ],
  input: (_, flags): Omit<SandboxOptions, 'folder'> => ({
    dialect: textFlag(flags, 'dialect') === 'deployed' ? 'deployed' : 'documented',
    workers: whole(textFlag(flags, 'workers'), '--workers', 1, 64),
    trafficPerSecond: whole(textFlag(flags, 'traffic'), '--traffic', 0, 5000),
    redisUrl: textFlag(flags, 'redis'),
    port: whole(textFlag(flags, 'port'), '--port', 0, 65_535),
    namespace: textFlag(flags, 'namespace') ?? 'sandbox',
    secretFile: textFlag(flags, 'secretFile'),
  }),
  action: async (context, options) => {
    const { startSandbox } = await import('../../sandbox/sandbox.js');
    context.progress.step('starting the sandbox');
    const sandbox = await startSandbox({
      ...options,
      secretFile: options.secretFile == null ? null : resolve(context.host.cwd, options.secretFile),
      folder: join(stateFolder(context.host.env), 'sandbox'),
    });
    try {
      const registered = registration(sandbox, options.workers);
      await context.files.writePrivate(sandboxPath(context.host.env), `${JSON.stringify(registered, null, 2)}\n`);
      await context.show(
        sandboxView(sandbox, { ...options, stateHome: ownStateHome(context), isRedisGiven: options.redisUrl !== null }),
      );
      await untilInterrupted(context.deadline);
    } finally {
      await context.files.remove(sandboxPath(context.host.env));
      await sandbox.stop();
      const { origin, redisUrl, namespace } = sandbox;
      const server = { name: 'sandbox', api: [origin], redis: new Secret(redisUrl), namespace };
      await forget(context, server, options.redisUrl === null);
    }
    const left = options.redisUrl === null ? 'nothing of it is left' : 'its keys stay in the Redis that it was given';
    await context.note(`the sandbox has ended; ${left}${await leftChoice(context)}`);
    return { view: null, exit: 'ok' };
  },
});

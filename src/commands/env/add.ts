import { Option } from 'commander';
import { userConfigPath } from '../../config.js';
import { checkedOrigin } from '../../domain/config/origin.js';
import { parseConfigFile } from '../../domain/config/schema.js';
import { RlctlError, usageError } from '../../domain/errors.js';
import { messageView } from '../../ui/message-view.js';
import { defineCommand, switchFlag, textFlag } from '../command.js';

// Adds an environment to the configuration file; comments and everything else in it stay.

const textSettings = [
  'api',
  'basePath',
  'origin',
  'siteMode',
  'namespace',
  'redis',
  'prometheus',
  'metrics',
  'signing',
] as const;

/** Anything before the last @ that is not a variable's name may be a password, whatever characters it holds. */
function holdsPassword(address: string): boolean {
  return address.replaceAll(/\$\{\w+\}/g, '').includes('@');
}

export const command = defineCommand({
  register: (c) => {
    c.argument('<name>', 'name of the new environment')
      .addOption(new Option('--api <url>', 'address of the API').makeOptionMandatory())
      .addOption(new Option('--namespace <name>', 'prefix of the limiter’s keys'))
      .addOption(
        new Option('--redis <url>', 'address of Redis; without a password: write ${VARIABLE} for one that has it'),
      )
      .addOption(new Option('--base-path <path>', 'path of the internal endpoints'))
      .addOption(new Option('--origin <url>', 'Origin header that the server wants'))
      .addOption(new Option('--site-mode <mode>', 'what X-Site-Mode must say'))
      .addOption(new Option('--prometheus <url>', 'address of Prometheus'))
      .addOption(new Option('--metrics <url>', 'address of /metrics'))
      .addOption(new Option('--signing <profile>', 'signing profile'))
      .addOption(new Option('--workers <n>', 'processes behind the address').argParser(Number))
      .addOption(new Option('--secret-file <path>', 'file that holds the signing secret'))
      .addOption(
        new Option('--secret-env <variable>', 'variable that holds the signing secret').conflicts('secretFile'),
      )
      .addOption(new Option('--protected', 'changes ask for the environment’s name'));
  },
  examples: [
    "rlctl env add preview --api https://preview-api.example.com --namespace app --redis '${PREVIEW_REDIS_URL}' --secret-env PREVIEW_SECRET",
    "rlctl env add prod --protected --api https://api.example.com --namespace app --redis '${PROD_REDIS_URL}' --secret-file ~/.secrets/prod",
  ],
  input: ([name = ''], flags) => {
    if (!/^[A-Za-z0-9][\w.-]*$/.test(name))
      throw usageError(`"${name}" is no name for an environment`, 'Use letters, digits, dot, dash and underscore.');
    checkedOrigin(textFlag(flags, 'api') ?? '', '--api');
    if (holdsPassword(textFlag(flags, 'redis') ?? '')) {
      throw usageError(
        '--redis: a password must not stand on the command line',
        "Put the address into a variable and write --redis '${VARIABLE}'.",
        'SECRET_IN_ARGV',
      );
    }
    const texts = textSettings.flatMap((key) =>
      textFlag(flags, key) === null ? [] : [[key, textFlag(flags, key)] as const],
    );
    const [secretFile, secretEnv] = [textFlag(flags, 'secretFile'), textFlag(flags, 'secretEnv')];
    const entry = {
      ...(switchFlag(flags, 'protected') ? { protected: true } : {}),
      ...Object.fromEntries(texts),
      ...(typeof flags['workers'] === 'number' ? { workers: flags['workers'] } : {}),
      ...(secretFile ? { secret: { file: secretFile } } : secretEnv ? { secret: { env: secretEnv } } : {}),
    };
    return { name, entry };
  },
  action: async (context, { name, entry }) => {
    const config = await context.config();
    const path = config.path ?? userConfigPath(context.host.env);
    if (config.environments.get(name)?.place === path) {
      throw new RlctlError('usage', `${path} already has an environment "${name}"`, {
        code: 'ENVIRONMENT_EXISTS',
        hint: `Edit ${path}, or choose another name.`,
      });
    }
    const { withEnvironment } = await import('../../config-file.js');
    const added = withEnvironment(config.path === null ? '' : config.text, path, name, entry);
    parseConfigFile(added.value, path);
    await context.files.writePrivate(path, added.text);
    const isFound = config.path !== null && context.options.config === null && !path.endsWith('config.yaml');
    const trust = isFound ? '; trust it with: rlctl env trust' : '';
    return {
      view: messageView('EnvironmentAdded', { environment: name, path }, `added "${name}" to ${path}${trust}`),
      exit: 'ok',
    };
  },
});

import { resolve } from 'node:path';
import type { Environment } from '../../domain/config/environment.js';
import { usageError } from '../../domain/errors.js';
import type { InstanceSources } from '../../ports/instance-sources.js';
import { createCommandRunner } from '../system/command-runner.js';
import { readCredential, type SecretParts } from '../system/secret.js';
import { resolveAddresses } from './resolver.js';

/** Ten thousand long addresses are well below this. */
const maxBytes = 4 * 1024 * 1024;

/** The sources of this machine and of an environment's Prometheus, each asked once: one command sees one list. */
export function createInstanceSources(
  environment: Environment,
  parts: SecretParts,
  debug: (line: string) => void,
): InstanceSources {
  const sources = openSources(environment, parts, debug);
  const known = new Map<string, Promise<unknown>>();
  const once = <T>(question: readonly unknown[], ask: () => Promise<T>): Promise<T> => {
    const key = JSON.stringify(question);
    const answer = known.get(key) ?? ask();
    known.set(key, answer);
    return answer as Promise<T>;
  };
  return {
    addresses: (asked, signal) => once(['addresses', asked.name, asked.server], () => sources.addresses(asked, signal)),
    text: (path) => once(['text', path], () => sources.text(path)),
    output: (argv, signal) => once(['output', ...argv], () => sources.output(argv, signal)),
    scrapeTargets: (signal) => once(['targets'], () => sources.scrapeTargets(signal)),
  };
}

function openSources(environment: Environment, parts: SecretParts, debug: (line: string) => void): InstanceSources {
  const { prometheus, prometheusAccess, name } = environment;
  const runner = createCommandRunner({ what: 'the command that lists instances', code: 'FLEET_COMMAND', maxBytes });
  return {
    addresses: resolveAddresses,
    text: async (path) => {
      if (path === '-') return (await parts.host.stdin.readAll()).toString('utf8');
      const text = await parts.files.readText(resolve(parts.host.cwd, path));
      if (text !== null) return text;
      throw usageError(`there is no file ${path} with instances`, 'Check the path.', 'FLEET_FILE');
    },
    output: (argv, signal) => runner.run(argv, signal),
    scrapeTargets: async (signal) => {
      if (prometheus === null) {
        throw usageError(
          `the environment "${name}" has no Prometheus to list instances`,
          'Set environments.NAME.prometheus in rlctl.yaml, or RLCTL_PROMETHEUS.',
          'NO_METRICS',
        );
      }
      const { auth } = prometheusAccess;
      const credential =
        auth === null ? null : await readCredential(auth, 'the credential of Prometheus', environment, parts);
      const { readScrapeTargets } = await import('./scrape-targets.js');
      return readScrapeTargets({ url: prometheus, credential, debug }, signal);
    },
  };
}

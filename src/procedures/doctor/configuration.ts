import { describeSource, type Environment } from '../../domain/config/environment.js';
import { untrusted } from '../../domain/config/trust.js';
import { counted } from '../../domain/counted.js';
import { RlctlError } from '../../domain/errors.js';
import type { Found } from '../../domain/doctor/report.js';
import { uselessGuards } from '../../domain/guard/useless.js';
import { shellWords } from '../../domain/shell-words.js';
import type { FileFacts } from '../../ports/files.js';
import { NotChecked, foundError, well, type Answer, type Facts } from './facts.js';

const noFile = 'no configuration file';

/** Which file there is. */
export async function checkFile({ input }: Facts): Promise<Answer> {
  const { configuration, environment } = input;
  if (configuration instanceof RlctlError) {
    if (configuration.code === 'CONFIG_MISSING') throw configuration;
    return well(configuration.message.split('\n')[0] ?? '');
  }
  if (configuration.path !== null) return well(configuration.path);
  // What is wrong with a variable is said by the next check, and so there is something to look at.
  const isSet =
    environment instanceof RlctlError ||
    (environment !== null && (environment.api.length > 0 || environment.redis !== null));
  if (isSet) return well(noFile);
  const cure =
    'Try it on this machine with: rlctl sandbox up; or add an environment with: rlctl env add NAME --api URL --namespace NAME --redis URL';
  const message = 'there is no configuration, so there is nothing to look at';
  return {
    evidence: noFile,
    found: [{ code: 'NO_CONFIGURATION', part: 'configuration', message, evidence: noFile, cure }],
  };
}

/** Whether file and variables make an environment, and which value comes from where. */
export async function checkValid({ input }: Facts): Promise<Answer> {
  const { configuration, environment } = input;
  if (configuration instanceof RlctlError) {
    if (configuration.code === 'CONFIG_MISSING') throw new NotChecked('see configuration.file');
    throw configuration;
  }
  if (environment instanceof RlctlError) throw environment;
  if (environment === null) throw new NotChecked('see configuration.file');
  return well(sourcesText(environment));
}

/** `api, namespace from rlctl.yaml; redis from RLCTL_REDIS_URL`. */
function sourcesText({ sources }: Environment): string {
  const bySource = new Map<string, string[]>();
  for (const [key, source] of sources) {
    if (source !== 'default') bySource.set(source, [...(bySource.get(source) ?? []), key]);
  }
  const parts = [...bySource].map(([source, keys]) => `${keys.join(', ')} from ${source}`);
  return parts.length === 0 ? 'nothing is set' : parts.join('; ');
}

/** Whoever can write the file decides where signatures go. */
export async function checkMode({ input, ports }: Facts): Promise<Answer> {
  const { configuration } = input;
  if (configuration instanceof RlctlError || configuration.path === null) throw new NotChecked(noFile);
  const { holdsPassword } = configuration;
  // A link has no permissions of its own; those of what it leads to count.
  const path = (await ports.machine.realPath(configuration.path)) ?? configuration.path;
  const facts = await ports.files.facts(path);
  if (facts === null) throw new NotChecked(noFile);
  const evidence = `${path} has mode ${octal(facts.mode)}`;
  const common = { part: path, evidence };
  const found: Found[] = [];
  if ((facts.mode & 0o022) !== 0) {
    const message = `${path} can be written by others, who could send the signatures elsewhere`;
    found.push({ ...common, code: 'CONFIG_WRITABLE', message, ...narrowed(path, facts, facts.mode & ~0o022) });
  } else if (holdsPassword && (facts.mode & 0o044) !== 0) {
    const message = `${path} holds a password and can be read by others`;
    found.push({ ...common, code: 'CONFIG_READABLE', message, ...narrowed(path, facts, 0o600) });
  }
  const { userId } = ports.machine;
  if (userId !== null && facts.ownerId !== userId && facts.ownerId !== 0) {
    const message = `${path} belongs to another user, who can change it at any time`;
    found.push({
      ...common,
      code: 'CONFIG_FOREIGN',
      message,
      cure: `Use a copy of your own: cp ${path} ~/.config/rlctl/config.yaml`,
    });
  }
  return { evidence, found };
}

/** A file found upwards gets no secret before somebody has vouched for it. */
export async function checkTrust({ input }: Facts): Promise<Answer> {
  const { configuration } = input;
  if (configuration instanceof RlctlError || configuration.path === null) throw new NotChecked(noFile);
  if (configuration.isTrusted) return well('trusted');
  throw untrusted(configuration.path, 'any secret or variable', { isChanged: configuration.isChanged });
}

/** A rule that can never apply leaves somebody unguarded who does not know it. */
export function checkGuards({ environment, ports }: Facts): Answer {
  const { guards } = environment;
  if (guards.length === 0) return well('no guards are configured');
  const found = uselessGuards(environment, ports.clock.nowMs());
  return {
    evidence: counted(guards.length, 'rule'),
    found: found.map(({ code, rule, message, cure }) => ({
      code,
      part: rule.place,
      message,
      evidence: rule.name,
      cure,
    })),
  };
}

/** The secret is read, shown by its fingerprint only, and nothing is signed with it. */
export async function checkSecret(facts: Facts): Promise<Answer> {
  const { environment, ports } = facts;
  if (environment.secret === null) {
    if (!facts.hasApi) throw new NotChecked('no API is configured that a secret would be for');
    const cure = `Set environments.${environment.name}.secret in rlctl.yaml to {file: PATH}, {env: NAME} or {command: [..]}, or RLCTL_SECRET_FILE`;
    const message = `the environment "${environment.name}" has no signing secret, so it can send no reload`;
    const evidence = 'secret is not set';
    return { evidence, found: [{ code: 'NO_SECRET', part: 'secret', message, evidence, cure }] };
  }
  const place = describeSource(environment.secret);
  try {
    const secret = await ports.secret(environment);
    return well(`${place}, fingerprint ${secret.fingerprint}`);
  } catch (error) {
    if (!(error instanceof RlctlError)) throw error;
    if (error.code === 'CONFIG_UNTRUSTED') throw error;
    const fix = await secretFix(facts);
    return { evidence: place, found: [{ ...foundError(error, place), ...fix }] };
  }
}

async function secretFix({ environment, input, ports }: Facts): Promise<Partial<Found>> {
  if (environment.secret?.kind !== 'file') return {};
  const path = input.resolvePath(environment.secret.path);
  const facts = await ports.files.facts(path);
  if (facts === null || !facts.isRegular || (facts.mode & 0o077) === 0) return {};
  return narrowed(path, facts, 0o600);
}

/** The command that narrows the permissions, and the same for `--fix`. */
export function narrowed(path: string, { mode }: FileFacts, to: number): Required<Pick<Found, 'cure' | 'fix'>> {
  return { cure: `Run: ${shellWords(['chmod', octal(to), path])}`, fix: { path, from: mode, to } };
}

/** Permission bits as chmod takes them. */
export function octal(mode: number): string {
  return mode.toString(8).padStart(3, '0');
}

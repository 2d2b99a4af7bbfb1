import { createHmac } from 'node:crypto';
import { resolve } from 'node:path';
import {
  describeSource,
  type Environment,
  type SecretSource,
  type SourceAuth,
} from '../../domain/config/environment.js';
import { assertPrivateFile } from '../../domain/config/private-file.js';
import { untrusted } from '../../domain/config/trust.js';
import { RlctlError, usageError } from '../../domain/errors.js';
import type { SourceCredential } from '../../domain/source-credential.js';
import { Secret } from '../../domain/secret.js';
import type { Deadline } from '../../ports/deadline.js';
import type { Files } from '../../ports/files.js';
import type { Host } from '../../ports/host.js';

export interface SecretParts {
  readonly host: Host;
  readonly files: Files;
  readonly deadline: Deadline;
  readonly redactor: { add(value: string): void };
}

/**
 * Gets the signing secret from where the environment says: a private file, a variable, a command or stdin. One trailing
 * newline is trimmed. It and its constant signatures are registered with the redactor before anybody can print them.
 */
export async function readSecret(environment: Environment, parts: SecretParts): Promise<Secret> {
  const source = environment.secret;
  const place = environment.sources.get('secret') ?? '';
  assertTrusted(environment, source);
  if (source === null) {
    throw usageError(
      `the environment "${environment.name}" has no signing secret`,
      'Set environments.NAME.secret in rlctl.yaml, give --secret-file PATH (or - for stdin), or set CONFIG_RELOAD_SECRET.',
      'NO_SECRET',
    );
  }
  const text = await readText(source, 'the signing secret', parts);
  // The signatures of a constant text are credentials like the secret itself.
  for (const payload of ['', 'reload']) parts.redactor.add(createHmac('sha256', text).update(payload).digest('hex'));
  const limiters = parts.host.env['CONFIG_RELOAD_SECRET'];
  const isConfigured = !['flag', 'RLCTL_SECRET_FILE'].includes(place);
  if (limiters && isConfigured && limiters !== text) throw contradiction(environment.name);
  return new Secret(text);
}

/**
 * Gets what an address of metrics asks for, from a private file, a variable or a command. A file that names both
 * the address and the secret while nobody has vouched for it gets none.
 */
export async function readCredential(
  auth: SourceAuth,
  what: string,
  { untrustedFile, isChangedSinceTrusted: isChanged }: Pick<Environment, 'untrustedFile' | 'isChangedSinceTrusted'>,
  parts: SecretParts,
): Promise<SourceCredential> {
  if (untrustedFile !== null) throw untrusted(untrustedFile, what, { isChanged });
  const text = await readText(auth.kind === 'bearer' ? auth.token : auth.password, what, parts);
  if (/[^\x20-\x7e]/.test(text) && auth.kind === 'bearer') {
    const hint = 'Put the token there alone, in one line.';
    throw usageError(`${what} holds characters that no header can carry`, hint, 'SECRET_MALFORMED');
  }
  if (auth.kind === 'bearer') return { kind: 'bearer', token: new Secret(text) };
  parts.redactor.add(Buffer.from(`${auth.username}:${text}`).toString('base64'));
  return { kind: 'basic', username: auth.username, password: new Secret(text) };
}

/** Gets what a receiver of events is signed for with. A file that nobody has vouched for gets none. */
export async function readReceiverSecret(
  source: SecretSource,
  what: string,
  { untrustedFile, isChangedSinceTrusted: isChanged }: Pick<Environment, 'untrustedFile' | 'isChangedSinceTrusted'>,
  parts: SecretParts,
): Promise<Secret> {
  if (untrustedFile !== null) throw untrusted(untrustedFile, what, { isChanged });
  const text = await readText(source, what, parts);
  // The key itself, which a signature is made with, is the part behind the mark.
  parts.redactor.add(text.replace(/^whsec_/, ''));
  return new Secret(text);
}

/** The text of a secret without one trailing newline, known to the redactor from here on. */
async function readText(source: SecretSource, what: string, parts: SecretParts): Promise<string> {
  const text = (await textOf(source, what, parts)).replace(/\r?\n$/, '');
  if (text === '') {
    const hint = 'Put the secret there, or name another source.';
    throw usageError(`${what} (${describeSource(source)}) is empty`, hint, 'SECRET_EMPTY');
  }
  parts.redactor.add(text);
  return text;
}

/**
 * A signature is as good as the secret. Where an untrusted file says whose secret it is, or where the signature would go,
 * there is none, wherever the secret itself comes from.
 */
function assertTrusted(environment: Environment, source: SecretSource | null): void {
  const { untrustedFile, sources, isChangedSinceTrusted: isChanged, requirements } = environment;
  if (untrustedFile === null) return;
  const isFromFile = [sources.get('api'), sources.get('secret')].includes(untrustedFile);
  if (isFromFile || source === null) throw untrusted(untrustedFile, 'the signing secret', { isChanged, requirements });
}

function contradiction(name: string): RlctlError {
  return new RlctlError('usage', `CONFIG_RELOAD_SECRET differs from the secret of the environment "${name}"`, {
    code: 'ENVIRONMENT_CONTRADICTION',
    hint: 'Unset CONFIG_RELOAD_SECRET, or choose the environment it belongs to with -e.',
  });
}

async function textOf(source: SecretSource, what: string, parts: SecretParts): Promise<string> {
  switch (source.kind) {
    case 'file':
      return readSecretFile(resolve(parts.host.cwd, source.path), parts.files);
    case 'env': {
      const value = parts.host.env[source.variable];
      if (value) return value;
      throw usageError(
        `the variable ${source.variable}, which holds ${what}, is not set`,
        `Set ${source.variable}.`,
        'SECRET_MISSING',
      );
    }
    case 'command': {
      const { systemCommandRunner } = await import('./command-runner.js');
      return systemCommandRunner.run(source.argv, parts.deadline.signal());
    }
    case 'stdin':
      return (await parts.host.stdin.readAll()).toString('utf8');
  }
}

/** A secret in a file that others can read is no secret: such a file is refused with the command that mends it. */
async function readSecretFile(path: string, files: Files): Promise<string> {
  const facts = await files.facts(path);
  if (facts === null) throw usageError(`there is no secret file ${path}`, 'Check the path.', 'SECRET_MISSING');
  assertPrivateFile(`the secret file ${path}`, path, { ...facts, ownId: process.getuid?.() ?? facts.ownerId });
  const text = await files.readText(path);
  if (text === null) throw usageError(`there is no secret file ${path}`, 'Check the path.', 'SECRET_MISSING');
  return text;
}

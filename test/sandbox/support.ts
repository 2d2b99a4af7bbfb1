import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request, type Agent, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import type { Behaviour, Dialect } from '../../src/sandbox/behaviour.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.js';
import { startEmbedded, type TestRedis } from '../support/embedded-redis.js';
import { startRedis, type RunningRedis } from '../support/redis-server.js';

const run = promisify(execFile);

// Set by the vitest project that runs these tests a second time.
const isEmbedded = process.env['SANDBOX_REDIS'] === 'embedded';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; `null`: it is none. */
  readonly json: Readonly<Record<string, unknown>>;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Left out: a fresh connection, closed after. */
  readonly agent?: Agent;
}

/** One HTTP request on a connection of its own, unless an agent is given. Never follows a redirect. */
export async function ask(url: string, options: Ask = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const agent = options.agent ?? false;
    const call = request(url, { method: options.method ?? 'GET', headers: options.headers ?? {}, agent });
    call.once('error', reject);
    call.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) });
      });
    });
    call.end(options.body);
  });
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}

/** An HMAC-SHA256 made by openssl, which knows nothing of our code. */
export async function hmac(key: string, payload: string): Promise<Buffer> {
  const running = run('openssl', ['dgst', '-sha256', '-mac', 'HMAC', '-macopt', `key:${key}`, '-binary'], {
    encoding: 'buffer',
  });
  running.child.stdin?.end(payload);
  return (await running).stdout;
}

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rlctl-sandbox-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export interface TestSandbox extends Sandbox {
  readonly folder: string;
  readonly secret: string;
  /** A signed reload in the documented or the empty form, whichever this dialect takes. */
  reload(options?: Ask): Promise<Reply>;
  policy(route: string, bucket?: string): Promise<Reply>;
  get(path: string, user: string): Promise<Reply>;
}

export interface TestSandboxOptions {
  readonly dialect?: Dialect;
  readonly workers?: number;
  readonly redisUrl?: string | null;
  readonly port?: number;
  readonly trafficPerSecond?: number;
  readonly behaviour?: Partial<Behaviour>;
}

/** A sandbox that ends with the test. */
export async function openSandbox(options: TestSandboxOptions = {}): Promise<TestSandbox> {
  const folder = await temporaryFolder();
  const sandbox = await startSandbox({
    dialect: 'documented',
    workers: 1,
    trafficPerSecond: 0,
    redisUrl: isEmbedded ? (await openEitherRedis()).url : null,
    port: 0,
    namespace: 'demo',
    folder,
    // Generous: other tests may keep the machine busy, and a time-out would let requests pass.
    behaviour: { redisTimeoutMs: 5000, ...options.behaviour },
    ...without(options, 'behaviour'),
  });
  onTestFinished(() => sandbox.stop());
  const secret = await readFile(sandbox.secretFile, 'utf8');
  const control = `${sandbox.origin}${sandbox.basePath}`;
  return {
    ...sandbox,
    folder,
    secret,
    reload: async (extra = {}) => {
      const signed = await signedReload(sandbox.behaviour.signing, secret);
      const headers = { ...signed.headers, ...extra.headers };
      return ask(`${control}/config/reload`, { method: 'POST', ...signed, ...extra, headers });
    },
    policy: (route, bucket = 'read') =>
      ask(`${control}/rate-limit/policy?${new URLSearchParams({ route, method: 'GET', bucket }).toString()}`),
    get: (path, user) => ask(`${sandbox.origin}${path}`, { headers: { 'X-User-Id': user } }),
  };
}

function without<T extends object, K extends keyof T>(object: T, key: K): Omit<T, K> {
  const { [key]: _dropped, ...rest } = object;
  return rest;
}

async function signedReload(signing: string, secret: string): Promise<Ask> {
  if (signing === 'empty') {
    return { headers: { 'X-Config-Reload-Signature': (await hmac(secret, '')).toString('hex') } };
  }
  const signature = (await hmac(secret, 'reload')).toString('hex');
  return { headers: { 'X-Config-Signature': signature }, body: '{"action": "reload"}' };
}

/** A redis-server that ends with the test. */
export async function openRedis(args: readonly string[] = []): Promise<RunningRedis> {
  const redis = await startRedis({ args });
  onTestFinished(() => redis.stop());
  return redis;
}

/** Whichever Redis this project of tests is about, ending with the test. */
export async function openEitherRedis(): Promise<TestRedis> {
  if (!isEmbedded) return openRedis();
  const redis = await startEmbedded();
  onTestFinished(() => redis.stop());
  return redis;
}

/** Runs redis-cli against a sandbox's Redis. */
export async function cli(sandbox: Pick<Sandbox, 'redisUrl'>, ...args: string[]): Promise<string> {
  return (await run('redis-cli', ['-u', sandbox.redisUrl, ...args])).stdout.replace(/\n$/, '');
}

export const overridesKey = 'demo:rl:overrides';

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

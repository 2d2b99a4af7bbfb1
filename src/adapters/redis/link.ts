import type { Redis } from 'ioredis';
import type { TlsFiles } from '../tls/tls-files.js';
import type { Budget } from './budget.js';
import { failureOf, LinkFailure, ReplyFailure } from './failure.js';
import { fixedOptions, loginCommands, serverIdentity } from './link-options.js';
import type { CommandWords, Reply, ReplyValue } from './link-types.js';
import type { Endpoint, RedisTarget } from './redis-url.js';

/** The longest that a server may stay silent while something is awaited from it. */
const silenceMs = 1500;

interface RunOptions {
  /** The commands change data: a connection lost under them leaves their outcome open. */
  readonly changes?: boolean;
  /** What to call the key in an error. */
  readonly key?: string;
  /** Do not fail where the login does: sentinels often want none. */
  readonly isLoginOptional?: boolean;
}

export function serverName(endpoint: Endpoint): string {
  if ('path' in endpoint) return endpoint.path;
  return endpoint.host.includes(':') ? `[${endpoint.host}]:${endpoint.port}` : `${endpoint.host}:${endpoint.port}`;
}

/**
 * One connection to one server, used until its first failure and never mended: the library's own reconnecting, re-sending
 * and time-outs would decide about a write in our place.
 */
export class RedisLink {
  readonly #redis: Redis;
  readonly #login: CommandWords[];
  #lastError: unknown = null;
  /** How many replicas the sentinel that named this server knows of it; `null`: none named it. */
  watchedReplicas: number | null = null;

  private constructor(
    redis: Redis,
    login: CommandWords[],
    readonly server: string,
  ) {
    this.#redis = redis;
    this.#login = login;
    // Without a listener the library prints the error; the true cause of a lost connection comes only here.
    redis.on('error', (error: unknown) => {
      this.#lastError ??= error;
    });
  }

  /** Connects without logging in. Throws a LinkFailure. */
  static async open(
    endpoint: Endpoint,
    target: RedisTarget,
    tls: TlsFiles,
    budget: Budget,
    onStart: (link: RedisLink) => void,
  ): Promise<RedisLink> {
    // The library's debug output would print every argument.
    delete process.env['DEBUG'];
    const { Redis } = await import('./library.js');
    const left = Math.max(1, Math.min(silenceMs, budget.leftMs()));
    const secure = target.isTls ? { tls: { ...serverIdentity(endpoint), ...tls } } : {};
    const redis = new Redis({ ...fixedOptions, ...endpoint, ...secure, connectTimeout: left });
    const link = new RedisLink(redis, loginCommands(target), serverName(endpoint));
    onStart(link);
    try {
      await link.#await(redis.connect(), budget, false);
      return link;
    } catch (failure) {
      const isMute = failure instanceof LinkFailure && ['silent', 'closed', 'reset'].includes(failure.reason);
      throw target.isTls && isMute ? new LinkFailure('handshake', '', link.server) : failure;
    }
  }

  get isOpen(): boolean {
    return this.#redis.status === 'ready';
  }

  /**
   * Sends the commands in one flush and returns their answers in order. The login goes in the same flush, except before
   * commands that change data: those must not run as another user or in another database because the login failed.
   * Throws a LinkFailure, or the ReplyFailure of the login.
   */
  async run(commands: readonly CommandWords[], budget: Budget, options: RunOptions = {}): Promise<Reply[]> {
    const login = this.#login.splice(0);
    if (login.length > 0 && options.changes === true) {
      this.#assertLoggedIn(await this.#flush(login, budget, {}));
      return this.#flush(commands, budget, options);
    }
    const replies = await this.#flush([...login, ...commands], budget, options);
    const answered = replies.splice(0, login.length);
    if (options.isLoginOptional !== true) this.#assertLoggedIn(answered);
    return replies;
  }

  close(): void {
    this.#redis.disconnect();
  }

  #assertLoggedIn(replies: readonly Reply[]): void {
    for (const reply of replies) {
      // A password where none is wanted does no harm.
      if (reply.kind === 'error' && !/without any password|no password is set/.test(reply.failure.reply))
        throw reply.failure;
    }
  }

  async #flush(commands: readonly CommandWords[], budget: Budget, options: RunOptions): Promise<Reply[]> {
    if (!this.isOpen) throw failureOf(this.#lastError ?? {}, this.server);
    const pipeline = this.#redis.pipeline();
    for (const [name, ...args] of commands) pipeline.callBuffer(name, ...args);
    const changes = options.changes === true;
    const results = (await this.#await(pipeline.exec(), budget, changes)) ?? [];
    return results.map(([error, value], index): Reply => {
      if (!error) return { kind: 'value', value: value as ReplyValue };
      // An error of Redis's own, in contrast to the connection's end, which leaves the whole flush without an outcome.
      if (error.name !== 'ReplyError') throw failureOf(this.#lastError ?? error, this.server, changes);
      if (/^(ERR max number of clients|DENIED)/.test(error.message)) throw failureOf(error, this.server);
      const [name = ''] = commands[index] ?? [];
      const key = options.key ?? keyOf(commands[index]);
      return { kind: 'error', failure: new ReplyFailure(error.message, name, key, this.server) };
    });
  }

  /** Waits for the library, but only as long as the server shows signs of life and the budget lasts. */
  #await<T>(work: Promise<T>, budget: Budget, changes: boolean): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (failure: LinkFailure): void => {
        settle();
        this.close();
        reject(failure);
      };
      const onAbort = (): void => fail(new LinkFailure('aborted', '', this.server, changes));
      const watch = { timer: undefined as NodeJS.Timeout | undefined };
      const arm = (seen: string): void => {
        watch.timer = setTimeout(
          () => {
            const now = this.#progress();
            if (now === seen || budget.leftMs() <= 0) fail(new LinkFailure('silent', '', this.server, changes));
            else arm(now);
          },
          Math.max(1, Math.min(silenceMs, budget.leftMs())),
        );
      };
      const settle = (): void => {
        clearTimeout(watch.timer);
        budget.signal.removeEventListener('abort', onAbort);
      };
      if (budget.signal.aborted) onAbort();
      else {
        budget.signal.addEventListener('abort', onAbort, { once: true });
        arm(this.#progress());
      }
      work
        .then(resolve, (error: unknown) => fail(failureOf(this.#lastError ?? error, this.server, changes)))
        .finally(settle);
    });
  }

  /** Changes whenever bytes come in or go out: a large document over a slow line is not silence. */
  #progress(): string {
    const stream = this.#redis.stream as NetStreamFacts | undefined;
    return `${stream?.bytesRead ?? 0}/${stream?.writableLength ?? 0}`;
  }
}

interface NetStreamFacts {
  readonly bytesRead: number;
  readonly writableLength: number;
}

function keyOf(command: CommandWords | undefined): string | null {
  const [name, first] = command ?? [''];
  return typeof first === 'string' && !/^(AUTH|SELECT|INFO|SENTINEL|WAIT|TIME|MULTI|EXEC)$/.test(name ?? '')
    ? first
    : null;
}

import type { RedisPlace } from '../../domain/redis-cli.js';
import type { TlsFiles } from '../tls/tls-files.js';
import type { Budget } from './budget.js';
import { LinkFailure, ReplyFailure } from './failure.js';
import { RedisLink, serverName } from './link.js';
import type { CommandWords, Reply } from './link-types.js';
import type { Endpoint, RedisTarget } from './redis-url.js';

/** What a sentinel says of a master. */
interface Master {
  readonly endpoint: Endpoint;
  readonly replicas: number | null;
}

/**
 * Finds the server that holds the document and hands out connections to it. All keys share one slot, so one server is
 * enough on a cluster too, and no cluster client stands between us and a lost answer: it would send a write again.
 */
export class RedisConnection {
  readonly #live = new Set<RedisLink>();
  #place: RedisPlace | null = null;
  #warm: Promise<RedisLink> | null = null;
  #redirect: Endpoint | null = null;
  #isClosed = false;

  constructor(
    readonly target: RedisTarget,
    readonly loadTls: () => TlsFiles,
  ) {}

  /** Where the last connection went; before any, where the first would go. */
  get place(): RedisPlace {
    const [first] = this.target.endpoints;
    return this.#place ?? this.#placeOf(first === undefined ? '' : serverName(first));
  }

  #placeOf(server: string): RedisPlace {
    const { database, isTls, password, username } = this.target;
    return { server, database, isTls, hasPassword: password !== null, user: username ?? 'default' };
  }

  /** Starts connecting; a failure surfaces at the next `take`. */
  warmUp(budget: Budget): void {
    if (this.#warm || this.#isClosed) return;
    const opening = this.#open(budget);
    opening.catch(() => undefined);
    this.#warm = opening;
  }

  /** The connection kept from before, or a new one. Whoever takes it gives it back or closes it. */
  async take(budget: Budget): Promise<RedisLink> {
    const warm = this.#warm;
    this.#warm = null;
    const link = await (warm ?? this.#open(budget));
    if (link.isOpen) return link;
    this.discard(link);
    return this.#open(budget);
  }

  /** Keeps a healthy connection for the next call. */
  giveBack(link: RedisLink): void {
    if (this.#warm || !link.isOpen || this.#isClosed) this.discard(link);
    else this.#warm = Promise.resolve(link);
  }

  discard(link: RedisLink): void {
    this.#live.delete(link);
    link.close();
  }

  /** Remembers where a `MOVED slot host:port` points. False: it names nothing that can be reached. */
  follow(failure: ReplyFailure): boolean {
    const match = /^MOVED \d+ (.*):(\d+)$/.exec(failure.reply);
    const from = /^(.*):\d+$/.exec(failure.server)?.[1] ?? '';
    // An empty host means the one that answered; "?" that the cluster does not know it.
    const host = (match?.[1] || from).replace(/^\[|\]$/g, '');
    if (!match || host === '' || host === '?') return false;
    this.#redirect = { host, port: Number(match[2]) };
    return true;
  }

  /** Forgets what was learned about the cluster, so that the next connection asks anew. */
  forget(): void {
    this.#redirect = null;
  }

  close(): void {
    this.#isClosed = true;
    this.#warm = null;
    for (const link of this.#live) link.close();
    this.#live.clear();
  }

  async #open(budget: Budget): Promise<RedisLink> {
    const { topology, endpoints } = this.target;
    if (this.#redirect) return this.#openFirst([this.#redirect], budget);
    if (topology !== 'sentinel') return this.#openFirst(endpoints, budget);
    const { endpoint, replicas } = await this.#askSentinels(budget);
    const link = await this.#openFirst([endpoint], budget);
    link.watchedReplicas = replicas;
    return link;
  }

  async #openFirst(endpoints: readonly Endpoint[], budget: Budget): Promise<RedisLink> {
    const state = { failure: null as unknown };
    const tls = this.target.isTls ? this.loadTls() : {};
    for (const endpoint of endpoints) {
      if (this.#isClosed) throw new LinkFailure('closed', '', serverName(endpoint));
      const opening = { link: null as RedisLink | null };
      const onStart = (link: RedisLink): void => {
        opening.link = link;
        this.#live.add(link);
        // The store may have been closed while the library was loading.
        if (this.#isClosed) link.close();
      };
      try {
        const link = await RedisLink.open(endpoint, this.target, tls, budget, onStart);
        this.#place = this.#placeOf(link.server);
        return link;
      } catch (failure) {
        if (opening.link) this.discard(opening.link);
        state.failure = failure;
        if (budget.signal.aborted) break;
      }
    }
    throw state.failure;
  }

  /** The master from the first sentinel that knows it. */
  async #askSentinels(budget: Budget): Promise<Master> {
    const state = { failure: null as unknown };
    for (const endpoint of this.target.endpoints) {
      try {
        const master = await this.#askSentinel(endpoint, budget);
        if (master) return master;
        state.failure ??= new LinkFailure('noMaster', this.target.masterName ?? '', serverName(endpoint));
      } catch (failure) {
        state.failure = failure;
        if (budget.signal.aborted) break;
      }
    }
    throw state.failure;
  }

  async #askSentinel(endpoint: Endpoint, budget: Budget): Promise<Master | null> {
    const link = await this.#openFirst([endpoint], budget);
    try {
      const name = this.target.masterName ?? '';
      const asked: CommandWords[] = [
        ['SENTINEL', 'get-master-addr-by-name', name],
        ['SENTINEL', 'MASTER', name],
      ];
      const [reply, facts] = await link.run(asked, budget, { isLoginOptional: true });
      if (reply?.kind === 'error') throw reply.failure;
      if (!Array.isArray(reply?.value)) return null;
      const [host, port] = (reply.value as Buffer[]).map(String);
      return host === undefined ? null : { endpoint: { host, port: Number(port) }, replicas: replicasIn(facts) };
    } finally {
      this.discard(link);
    }
  }
}

/** The replicas of a master, those that are down among them: a master that is cut off soon no longer counts its own. */
function replicasIn(facts: Reply | undefined): number | null {
  const words =
    facts?.kind === 'value' && Array.isArray(facts.value) ? (facts.value as readonly unknown[]).map(String) : [];
  const at = words.indexOf('num-slaves');
  return at < 0 ? null : Number(words[at + 1]);
}

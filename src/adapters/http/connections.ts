import type { Socket } from 'node:net';
import type { buildConnector, Client } from 'undici';
import { RlctlError } from '../../domain/errors.js';
import { compileSimply } from '../../webassembly.js';
import { bodyLimit, runExchange, type Exchange, type RawAnswer } from './exchange.js';

export interface ConnectionOptions {
  /** The longest one exchange may take, milliseconds, whatever its signal says. */
  readonly timeoutMs: number;
  /** A certificate authority in PEM, instead of those that Node trusts. */
  readonly ca?: string;
  /** The IP address to connect to, whatever the host resolves to; the Host header and TLS go by the host all the same. */
  readonly address?: string;
  /** What is loaded already, for many clients of one kind; absent: loaded at the first use. Its own limits hold then. */
  readonly library?: Promise<Library>;
  /** The largest body that is read, bytes; 1 MiB where absent. */
  readonly maxBytes?: number;
}

/** A client with at most one connection, and how to drop that in whatever state it is. */
interface Line {
  readonly client: Client;
  drop(): void;
}

/** What a connection is made with. */
export interface Library {
  /** Connects ahead of the first request. */
  readonly connect: (client: Client) => void;
  readonly createLine: (origin: string, address: string | undefined) => Line;
}

/**
 * Connections over undici. It never follows a redirect. One client for each connection instead of undici's pool: a pool
 * opens a second connection for a request that follows an answer at once, and cannot give up on one that is connecting.
 */
export class Connections {
  readonly #free = new Map<string, Line[]>();
  readonly #lines = new Set<Line>();
  #library: Promise<Library> | null = null;
  #isClosed = false;

  constructor(private readonly options: ConnectionOptions) {}

  /** Starts connecting in the background; a failure shows at the first use, with its cause. */
  async open({ origin }: URL): Promise<void> {
    const library = await this.#load();
    if (this.#isClosed || this.#freeTo(origin).length > 0) return;
    const line = this.#add(library.createLine(origin, this.options.address));
    this.#freeTo(origin).push(line);
    library.connect(line.client);
  }

  /** Sends one request and reads its answer. Rejects with an RlctlError where no whole answer came. */
  async send(exchange: Exchange): Promise<RawAnswer> {
    const { url, method, isFresh, isQuestion } = exchange;
    const { createLine } = await this.#load();
    if (this.#isClosed) {
      throw new RlctlError('unreachable', 'the connections are closed', {
        code: 'API_CLOSED',
        hint: 'repeat the command',
      });
    }
    const kept = isFresh ? undefined : this.#freeTo(url.origin).pop();
    const line = kept ?? this.#add(createLine(url.origin, this.options.address));
    try {
      const answer = await runExchange(exchange, this.options.timeoutMs, line.client);
      if (isFresh || answer.isTooLarge) this.#drop(line);
      else this.#freeTo(url.origin).push(line);
      return answer;
    } catch (error) {
      this.#drop(line);
      // The server may close a kept connection in this very moment: a question can simply be asked again.
      const isReset = error instanceof RlctlError && error.code === 'API_RESET';
      if (!isReset || kept === undefined || (method !== 'GET' && isQuestion !== true)) throw error;
      return await this.send({ ...exchange, isFresh: true });
    }
  }

  /** Drops every connection at once; what is under way fails. */
  close(): void {
    this.#isClosed = true;
    this.#free.clear();
    for (const line of this.#lines) this.#drop(line);
  }

  #load(): Promise<Library> {
    this.#library ??= this.options.library ?? loadLibrary(this.options);
    return this.#library;
  }

  #freeTo(origin: string): Line[] {
    const lines = this.#free.get(origin) ?? [];
    this.#free.set(origin, lines);
    return lines;
  }

  #add(line: Line): Line {
    this.#lines.add(line);
    return line;
  }

  #drop(line: Line): void {
    this.#lines.delete(line);
    line.drop();
  }
}

/** Loads what connections are made with. */
export async function loadLibrary({ ca, maxBytes }: Pick<ConnectionOptions, 'ca' | 'maxBytes'>): Promise<Library> {
  const { buildConnector, Client, connectAhead } = await import('./library.js');
  // No timers of undici's: they tick once a second. Each exchange has its own deadline.
  const limits = { headersTimeout: 0, bodyTimeout: 0, maxResponseSize: maxBytes ?? bodyLimit };
  const connect = buildConnector({ timeout: 0, ...(ca === undefined ? {} : { ca }) });
  const createLine = (origin: string, address: string | undefined): Line => {
    const last: { socket?: Socket } = {};
    const remember = (to: buildConnector.Options, done: buildConnector.Callback): void => {
      const connected = compilingParser(done);
      last.socket = connect(address === undefined ? to : { ...to, hostname: address }, connected);
    };
    const client = new Client(origin, { ...limits, connect: remember });
    const drop = (): void => {
      // undici would wait for a connection that is not established yet. And it ends one with an error of its own, whose
      // stack costs more than the request did.
      last.socket?.destroy();
      void client.destroy();
    };
    return { client, drop };
  };
  return { connect: connectAhead, createLine };
}

/** The first connection that stands compiles undici's HTTP parser, which is WebAssembly. */
function compilingParser(done: buildConnector.Callback): buildConnector.Callback {
  return (...outcome) => {
    const end = compileSimply();
    try {
      done(...outcome);
    } finally {
      end();
    }
  };
}

import { RlctlError } from '../../domain/errors.js';
import { parseJournal, runName, serialiseJournal, type RunJournal } from '../../domain/runbook/journal.js';
import { resumeCommand, type Resumption } from '../../domain/runbook/resume-command.js';
import type { Clock } from '../../ports/clock.js';
import type { Deadline } from '../../ports/deadline.js';
import type { OperationLease, OperationStore } from '../../ports/operation-store.js';
import { keepRenewed, leaseMs } from '../operation/renewed-lease.js';
import { ownDeadline } from './own-deadline.js';

/** The copy of a journal on this machine: a file of its own for each run, replaced as a whole. */
export interface LocalJournals {
  /** `null`: there is none. */
  read(id: string): Promise<string | null>;
  write(id: string, text: string): Promise<void>;
  /** What this machine's driver holds the lease by, and the process it is; `null`: none is known. */
  driver(id: string): Promise<LocalDriver | null>;
  /** `null`: it drives no longer. */
  setDriver(id: string, token: string | null): Promise<void>;
}

export interface LocalDriver {
  readonly token: string;
  readonly isAlive: boolean;
}

export interface KeeperPorts {
  /** `null`: the environment has no Redis; the run is then known to this machine alone. */
  readonly store: OperationStore | null;
  readonly local: LocalJournals;
  readonly clock: Clock;
  /** The longest that one read or write may take, milliseconds. */
  readonly patienceMs: number;
  /** Who drives: `user@host`. */
  readonly holder: string;
  /** What tells this driver from any other. */
  readonly token: string;
}

/** Keeps the journal of one run in Redis and on disk, and the right to drive it. */
export class JournalKeeper {
  #text: string | null = null;
  #lost: OperationLease | null = null;
  #isTakingBack = false;
  #beating: AbortController | null = null;

  constructor(
    private readonly ports: KeeperPorts,
    readonly id: string,
  ) {}

  /**
   * Takes the right to drive. A driver of this machine whose process is gone has left it; anybody else keeps it until it
   * runs out, unless it is taken over. Throws a conflict (5) that names the holder, and how to take it over for the same.
   */
  async take(isTakeOver: boolean, wish: Resumption): Promise<void> {
    this.#isTakingBack = wish.isTakingBack;
    const { store, local, holder, token } = this.ports;
    const known = await local.driver(this.id);
    if (store === null) {
      if (known?.isAlive === true && !isTakeOver)
        throw driven(this.id, { holder: 'another process of this machine' }, wish);
    } else {
      const current = await store.read(runName(this.id), this.#deadline());
      const isOrphan = known !== null && !known.isAlive && current.lease?.token === known.token;
      const wanted = { holder, token, ttlMs: leaseMs, isForced: isTakeOver || isOrphan };
      const taken = await store.lease(runName(this.id), wanted, this.#deadline());
      if (taken.kind === 'taken') throw driven(this.id, taken.by, wish);
    }
    await local.setDriver(this.id, token);
    this.#beating = new AbortController();
    void this.#beat(this.#beating.signal);
  }

  /** The newest journal there is; `null`: there is none of this id. After `take`, so that nobody else writes it. */
  async read(): Promise<RunJournal | null> {
    const { store, local } = this.ports;
    const stored = store === null ? null : (await store.read(runName(this.id), this.#deadline())).text;
    this.#text = stored;
    return newest([stored, await local.read(this.id)]);
  }

  /**
   * Writes the journal down, in Redis first: what it says is begun only after this. Throws a conflict (5) where somebody
   * else drives by now, and as the store does where it cannot be written; nothing may then be begun.
   */
  async save(journal: RunJournal): Promise<RunJournal> {
    const { store, local, token } = this.ports;
    const next = serialiseJournal(journal);
    if (store !== null) {
      const outcome = await store.write(runName(this.id), { expected: this.#text, next, token }, this.#deadline());
      // What was said of single steps is done by now, or written down.
      const wish = { isTakingBack: this.#isTakingBack };
      if (outcome.kind !== 'written') throw driven(this.id, outcome.current.lease ?? this.#lost, wish);
      this.#text = next;
    }
    await local.write(this.id, next);
    return journal;
  }

  /** Gives the right to drive back; where that fails it runs out. */
  async release(): Promise<void> {
    const { store, local, token } = this.ports;
    this.#beating?.abort(new Error('ended'));
    await store?.release(runName(this.id), token, this.#deadline()).catch(() => undefined);
    await local.setDriver(this.id, null);
  }

  /** Gives back what a driver of this machine left behind whose process is gone; nothing where there is none. */
  async releaseOrphan(): Promise<void> {
    const { store, local } = this.ports;
    const known = await local.driver(this.id);
    if (known === null || known.isAlive) return;
    await store?.release(runName(this.id), known.token, this.#deadline());
    await local.setDriver(this.id, null);
  }

  async #beat(signal: AbortSignal): Promise<void> {
    const { store, clock, holder, token } = this.ports;
    if (store === null) return;
    const ports = { store, clock, deadline: () => this.#deadline() };
    this.#lost = (await keepRenewed(ports, runName(this.id), { holder, token }, signal)) ?? this.#lost;
  }

  #deadline(): Deadline {
    return ownDeadline(this.ports.clock, this.ports.patienceMs);
  }
}

/** Of several copies of a journal the one that was written last; `null`: none of them is one. */
export function newest(texts: readonly (string | null)[]): RunJournal | null {
  const journals = texts.flatMap((text) => (text === null ? [] : [parseJournal(text)])).filter((each) => each !== null);
  return journals.toSorted((a, b) => b.rev - a.rev)[0] ?? null;
}

function driven(
  id: string,
  by: { readonly holder: string; readonly untilMs?: number } | null,
  wish: Resumption,
): RlctlError {
  const until = by?.untilMs === undefined ? '' : `, until ${new Date(by.untilMs).toISOString()} unless it is renewed`;
  return new RlctlError('conflict', `run ${id} is driven by ${by?.holder ?? 'somebody else'}${until}`, {
    code: 'RUN_DRIVEN',
    hint: `Talk to them; then take it over with: ${resumeCommand(id, wish)} --take-over`,
    details: { run: id, holder: by?.holder ?? null, untilMs: by?.untilMs ?? null },
  });
}

import { RlctlError } from '../../domain/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { Deadline } from '../../ports/deadline.js';
import type { Randomness } from '../../ports/randomness.js';
import type { RedisConnection } from './connection.js';
import { LinkFailure, ReplyFailure } from './failure.js';
import { dispositionOf, explainFailure } from './redis-failure.js';

const mostRedirects = 5;
const mostRetries = 2;

export interface PatiencePorts {
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** Told once, after a second of waiting, what is waited for. */
  readonly onWaiting?: (message: string) => void;
}

/** Decides after each failed attempt of one operation: another one after a pause, or the error that ends it. */
export class Patience {
  #retries = 0;
  #redirects = 0;
  #hasReresolved = false;
  #hasTold = false;
  /** The newest failure that the deadline did not cut short; what the server said stands over silence that follows. */
  #telling: LinkFailure | ReplyFailure | null = null;
  readonly #startMs: number;

  constructor(
    readonly connection: RedisConnection,
    readonly deadline: Deadline,
    readonly ports: PatiencePorts,
  ) {
    this.#startMs = ports.clock.monotonicMs();
  }

  /** The error for the operator. An interrupt comes before every other cause. */
  explain(failure: LinkFailure | ReplyFailure): RlctlError {
    if (this.deadline.interrupted.aborted) return interruption(this.deadline.interrupted.reason);
    // An attempt that the deadline ended says less than the one before it, and silence less than words.
    const isLess = isSilence(failure) && (this.deadline.leftMs() <= 0 || this.#telling instanceof ReplyFailure);
    return this.explainPlainly((isLess && this.#telling) || failure);
  }

  /** The same without regard to an interrupt. */
  explainPlainly(failure: LinkFailure | ReplyFailure): RlctlError {
    return explainFailure(failure, this.connection.target.username ?? 'default');
  }

  /** Returns after a pause if another attempt makes sense; else throws. What is not a failure of Redis is thrown as it is. */
  async after(thrown: unknown): Promise<void> {
    const failure = asFailure(thrown);
    if (this.#isHopeless(failure)) throw this.explain(failure);
    this.#tell(failure);
    // Where another server is to be asked, the one that said so has told all it knows.
    if (failure instanceof ReplyFailure && dispositionOf(failure) === 'redirect') return;
    if (!isSilence(failure) || !(this.#telling instanceof ReplyFailure)) this.#telling = failure;
    try {
      await this.pause();
    } catch {
      throw this.explain(failure);
    }
    if (this.deadline.leftMs() <= 0) throw this.explain(failure);
  }

  /** A pause with full jitter that grows with each: 50 ms, 100 ms … 800 ms at most. Rejects at the deadline or an interrupt. */
  pause(): Promise<void> {
    const most = Math.min(50 * 2 ** this.#retries, 800);
    this.#retries += 1;
    return this.ports.clock.sleep(
      Math.ceil(most * (0.3 + 0.7 * this.ports.randomness.fraction())),
      this.deadline.signal(),
    );
  }

  #isHopeless(failure: LinkFailure | ReplyFailure): boolean {
    if (this.deadline.leftMs() <= 0 || this.deadline.interrupted.aborted) return true;
    const isSingle = this.connection.target.topology === 'single';
    if (failure instanceof ReplyFailure) return this.#isHopelessReply(failure, isSingle);
    if (dispositionOf(failure) !== 'retry') return dispositionOf(failure) === 'permanent';
    this.connection.forget();
    // A server that said it is busy for a while may well be too busy to say so again.
    if (!isSingle || (isSilence(failure) && this.#telling instanceof ReplyFailure)) return false;
    return !['reset', 'closed', 'silent', 'handshake'].includes(failure.reason) || this.#retries >= mostRetries;
  }

  #isHopelessReply(failure: ReplyFailure, isSingle: boolean): boolean {
    const disposition = dispositionOf(failure);
    if (disposition === 'redirect') {
      this.#redirects += 1;
      return this.#redirects > mostRedirects || !this.connection.follow(failure);
    }
    if (failure.word === 'READONLY' && !isSingle && !this.#hasReresolved) {
      this.#hasReresolved = true;
      this.connection.forget();
      return false;
    }
    return disposition === 'permanent';
  }

  #tell(failure: LinkFailure | ReplyFailure): void {
    if (this.#hasTold || this.ports.clock.monotonicMs() - this.#startMs < 1000) return;
    this.#hasTold = true;
    this.ports.onWaiting?.(`${this.explainPlainly(failure).message}; trying again`);
  }
}

/** True of what ended for want of time: nothing was heard. */
function isSilence(failure: LinkFailure | ReplyFailure): boolean {
  return failure instanceof LinkFailure && failure.wasCut;
}

/** Anything else is a fault of ours or an error already explained, and is thrown on. */
export function asFailure(thrown: unknown): LinkFailure | ReplyFailure {
  if (thrown instanceof LinkFailure || thrown instanceof ReplyFailure) return thrown;
  throw thrown;
}

function interruption(reason: unknown): RlctlError {
  if (reason instanceof RlctlError) return reason;
  return new RlctlError('interrupted', 'interrupted; nothing was written', {
    code: 'INTERRUPTED',
    hint: 'Run the command again.',
  });
}

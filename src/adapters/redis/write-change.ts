import type { OverrideWrite, StoredOverrides, WriteOutcome } from '../../ports/override-store.js';
import type { AttemptResult, WriteContext } from './attempt.js';
import { graceful, type Budget } from './budget.js';
import { LinkFailure, ReplyFailure } from './failure.js';
import type { RedisLink } from './link.js';
import { asFailure, type Patience } from './patience.js';
import { dispositionOf } from './redis-failure.js';
import { awaitReplicas } from './replication.js';
import { msToFence, resolveChange } from './resolve-change.js';
import { attemptScript } from './script-attempt.js';
import { attemptTransaction } from './transaction-fallback.js';

/** How long an answer that is on its way is awaited after an interrupt. */
const graceMs = 400;
/** What an attempt after a lost answer leaves of the time, for a last look at what became of the change. */
const lastLookMs = 300;
/** How far back a change id is searched: stream ids and TIME may disagree by a little, after a lost answer by more. */
const slackMs = { first: 50, afterLoss: 2000 };

/**
 * One write, from the first attempt to a known outcome. As soon as a change may have reached the server, every way out
 * leads through its id in the history.
 */
export class ChangeWriter {
  #isSent = false;
  #usesTransaction = false;
  /** What the server refused an attempt with after an answer had been lost. */
  #refusal: ReplyFailure | null = null;
  /** How the newest attempt failed that was not cut short. */
  #failure: LinkFailure | ReplyFailure | null = null;
  readonly #patience: Patience;

  constructor(
    patience: Patience,
    readonly write: OverrideWrite,
    readonly context: WriteContext,
  ) {
    this.#patience = patience;
  }

  async run(): Promise<WriteOutcome> {
    for (;;) {
      if (this.#isSent && this.#isOver()) return this.#resolve();
      try {
        return await this.#attempt();
      } catch (thrown) {
        const failure = asFailure(thrown);
        if (!(failure instanceof LinkFailure && failure.reason === 'aborted')) this.#failure = failure;
        if (failure instanceof LinkFailure && failure.mayHaveChanged) this.#isSent = true;
        if (!this.#isSent) await this.#patience.after(failure);
        else if (await this.#isFinal(failure)) return await this.#resolve();
      }
    }
  }

  /**
   * With a lost answer behind us. A refused login ends the attempts; a refused write does not, since the script looks for
   * the change and at the fence before it writes, and so tells the truth even where it may not write.
   */
  async #isFinal(failure: LinkFailure | ReplyFailure): Promise<boolean> {
    const { connection } = this.#patience;
    if (failure instanceof ReplyFailure && dispositionOf(failure) === 'redirect') connection.follow(failure);
    else connection.forget();
    if (failure instanceof ReplyFailure && dispositionOf(failure) === 'permanent') {
      this.#refusal = failure;
      if (!['OOM', 'MISCONF', 'NOREPLICAS', 'READONLY'].includes(failure.word)) return true;
    }
    await this.#patience.pause().catch(() => undefined);
    return this.#isOver();
  }

  async #attempt(): Promise<WriteOutcome> {
    const { connection, deadline, ports } = this.#patience;
    const budget = graceful(deadline, ports.clock, { graceMs, reserveMs: this.#isSent ? lastLookMs : 0 });
    try {
      const link = await connection.take(budget);
      try {
        const outcome = await this.#outcomeOf(await this.#send(link, budget), link, budget);
        connection.giveBack(link);
        return outcome;
      } catch (thrown) {
        connection.discard(link);
        throw thrown;
      }
    } finally {
      budget.end();
    }
  }

  async #send(link: RedisLink, budget: Budget): Promise<AttemptResult> {
    if (this.#patience.deadline.interrupted.aborted && !this.#isSent) throw new LinkFailure('aborted', '', link.server);
    const slack = this.#isSent ? slackMs.afterLoss : slackMs.first;
    const context = { ...this.context, sinceMs: Math.max(0, this.context.startedMs - slack), budget };
    if (!this.#usesTransaction) {
      const result = await attemptScript(link, this.write, context);
      if (result.kind !== 'scriptDenied') return result;
      this.#usesTransaction = true;
    }
    return attemptTransaction(link, this.write, context);
  }

  async #outcomeOf(result: AttemptResult, link: RedisLink, budget: Budget): Promise<WriteOutcome> {
    switch (result.kind) {
      case 'written':
        return { ...result, replication: await awaitReplicas(link, this.write.requiredReplicas, budget) };
      case 'expired':
        // An earlier EXEC may still be on its way, and nothing but a touch of what it watches stops that one.
        return this.#isSent && this.#usesTransaction ? this.#resolve() : this.#concluded(result);
      case 'conflict': {
        const { replicas, watchedReplicas, role, runId, heartbeat } = this.context.seen;
        const current: StoredOverrides = {
          key: this.context.keys.document,
          replicas,
          watchedReplicas,
          role,
          runId,
          heartbeat,
          ...result.state,
        };
        return { kind: 'conflict', current };
      }
      case 'scriptDenied':
        throw new Error('a transaction does not answer so');
    }
  }

  async #resolve(): Promise<WriteOutcome> {
    const { write, context } = this;
    const lost = { patience: this.#patience, write, context, usesTransaction: this.#usesTransaction };
    return this.#concluded(await resolveChange(lost));
  }

  /** Where nothing was written and the server had said why, or the network had failed, the operator wants to read that. */
  #concluded(outcome: WriteOutcome): WriteOutcome {
    if (outcome.kind !== 'expired') return outcome;
    if (this.#refusal) throw this.#patience.explain(this.#refusal);
    return this.#failure ? { kind: 'expired', cause: this.#patience.explainPlainly(this.#failure).message } : outcome;
  }

  #isOver(): boolean {
    const { deadline } = this.#patience;
    const { write, context } = this;
    return (
      deadline.interrupted.aborted ||
      deadline.leftMs() <= 0 ||
      msToFence({ patience: this.#patience, write, context }) < 0
    );
  }
}

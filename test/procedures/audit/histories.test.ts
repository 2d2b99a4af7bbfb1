import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/adapters/system/clock.js';
import { systemRandomness } from '../../../src/adapters/system/randomness.js';
import { RlctlError } from '../../../src/domain/errors.js';
import { scanDocument } from '../../../src/domain/override/document.js';
import { setOverride } from '../../../src/domain/override/edit.js';
import { replay } from '../../../src/domain/override/replay.js';
import { metadataKey, overridesKey } from '../../../src/domain/redis-keys.js';
import { revisionOf } from '../../../src/domain/revision.js';
import type { OverrideStore } from '../../../src/ports/override-store.js';
import { verifyHistory } from '../../../src/procedures/audit/verify.js';
import { planChange, type ChangeIntent } from '../../../src/procedures/override/plan.js';
import { repairIntent } from '../../../src/procedures/override/repair.js';
import { restoreIntent } from '../../../src/procedures/override/restore.js';
import { undoIntent } from '../../../src/procedures/override/undo.js';
import { unsetIntent } from '../../../src/procedures/override/unset.js';
import { writePlan } from '../../../src/procedures/override/write.js';
import { deadlineIn, storeAt } from '../../contracts/override-store.kit.js';
import { documents, keys, patches } from '../../domain/override/generated.js';
import { createFakeOverrides } from '../../support/fake-override-store.js';
import { startRedis, type RunningRedis } from '../../support/redis-server.js';
import { undoBy } from '../../support/undo-by.js';

/** A document and what can be done to it past rlctl. */
interface Subject {
  readonly store: OverrideStore;
  foreign(text: string): Promise<void>;
  foreignMetadata(text: string): Promise<void>;
}

const step = fc.record({
  kind: fc.constantFrom('set', 'set', 'set', 'unset', 'undo', 'undoTo', 'foreign', 'broken', 'metadata'),
  route: keys,
  patch: patches,
  text: documents,
  pick: fc.nat(),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

const author = { actor: 'ann@host', reason: null, ticket: null, rlctl: '0', environment: 'test' };
const past = undoBy(author.actor);
const emptyBytes = Buffer.from('{}');

/** Does random things to a document, and knows what each must leave. */
class Story {
  /** What stood before each change that still stands, as far back as nobody wrote past rlctl. */
  readonly before: Uint8Array[] = [];
  readonly seen = new Map<string, Uint8Array>();

  constructor(readonly subject: Subject) {}

  get ports() {
    const deadline = Object.assign(deadlineIn(20_000), { extend: () => undefined });
    return { store: this.subject.store, clock: systemClock, randomness: systemRandomness, deadline };
  }

  async bytes(): Promise<Uint8Array | null> {
    return (await this.ports.store.read(this.ports.deadline)).bytes;
  }

  async tell({ kind, route, patch, text, pick }: Step): Promise<void> {
    const { ports } = this;
    switch (kind) {
      case 'set':
        return this.#change(intentOf((document) => setOverride(document ?? scanDocument(null), route, patch)));
      case 'unset':
        return this.#change(unsetIntent(route, { kind: 'unsaid' }, null));
      case 'undo':
        return this.before.length === 0 ? undefined : this.undo();
      case 'undoTo': {
        const [revision, bytes] = [...this.seen][pick % Math.max(1, this.seen.size)] ?? [];
        if (revision === undefined || bytes === undefined) return undefined;
        await this.#change(restoreIntent(ports, revision.slice(0, 16), null));
        await this.#expectBytes(bytes);
        return undefined;
      }
      case 'foreign':
      case 'broken':
        await this.subject.foreign(kind === 'broken' ? `${text}!` : text);
        this.before.length = 0;
        if (kind === 'broken') await this.#repair();
        return undefined;
      case 'metadata':
        return this.subject.foreignMetadata(`{"v":1,"by":${pick}}`);
    }
  }

  /** Takes the last change back, which brings the very bytes back. */
  async undo(): Promise<void> {
    await this.#write(undoIntent(this.ports, null, past));
    await this.#expectBytes(this.before.pop() ?? null);
  }

  async #expectBytes(wanted: Uint8Array | null): Promise<void> {
    const [found, text] = [textOf(await this.bytes()), textOf(wanted)];
    if (found !== text) throw new Error(`found ${JSON.stringify(found)}, wanted ${JSON.stringify(text)}`);
  }

  async #change(intent: ChangeIntent): Promise<void> {
    const before = await this.bytes();
    if (await this.#write(intent)) this.before.push(before ?? emptyBytes);
  }

  /** What is broken cannot come back. */
  async #repair(): Promise<void> {
    try {
      await this.#write(
        repairIntent(
          this.ports,
          { to: null, ifRevision: null },
          {
            held: () => Promise.resolve({ prefixes: null, count: null }),
            lastReload: () => Promise.resolve(null),
          },
        ),
      );
    } catch (error) {
      if (!(error instanceof RlctlError) || error.code !== 'NOTHING_TO_REPAIR_FROM') throw error;
      await this.subject.foreign('{}');
    }
  }

  async #write(intent: ChangeIntent): Promise<boolean> {
    const plan = await planChange(this.ports, intent);
    if (!plan.isNoop) await writePlan(this.ports, plan, author);
    const bytes = await this.bytes();
    if (bytes !== null && !plan.isNoop) this.seen.set(revisionOf(bytes), bytes);
    return !plan.isNoop;
  }
}

function intentOf(edit: ChangeIntent['edit']): ChangeIntent {
  return { command: 'override set', routes: [], edit, undoes: () => null, isForced: false, ifRevision: null };
}

const textOf = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString());

async function expectWhole(story: Story): Promise<void> {
  const entries = (await story.ports.store.history({ limit: 10_000 }, story.ports.deadline)).toReversed();
  const found = await verifyHistory(story.ports, { head: null, isAnew: false });
  expect(found).toMatchObject({ findings: [], checked: entries.length });
  if (!found.isForeign && entries.length > 0) expect(textOf(replay(entries))).toBe(textOf(await story.bytes()));
}

/** After any story the history is whole and replays to the document, and every change is taken back to the byte. */
async function expectStory(subject: Subject, steps: readonly Step[]): Promise<void> {
  const story = new Story(subject);
  for (const each of steps) await story.tell(each);
  await expectWhole(story);
  while (story.before.length > 0) await story.undo();
  await expectWhole(story);
}

describe('random stories of set, unset, undo, undo --to, repair and foreign writes', () => {
  const shared: { redis: RunningRedis | null; count: number } = { redis: null, count: 0 };
  beforeAll(async () => {
    shared.redis = await startRedis();
  });
  afterAll(() => shared.redis?.stop());

  test('in memory', async () => {
    await fc.assert(
      fc.asyncProperty(fc.option(documents), fc.array(step, { maxLength: 25 }), async (start, steps) => {
        const fake = createFakeOverrides(start === null ? {} : { document: start });
        await expectStory(
          {
            store: fake.store(),
            foreign: async (text) => fake.foreignSet(text),
            foreignMetadata: async (text) => {
              fake.state.metadata = text;
            },
          },
          steps,
        );
      }),
      { numRuns: 150, seed: 71 },
    );
  }, 240_000);

  test('on redis-server', async () => {
    const redis = shared.redis as RunningRedis;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 30 }), async (steps) => {
        shared.count += 1;
        const namespace = `story${shared.count}`;
        const store = storeAt(redis.url, { namespace });
        try {
          await expectStory(
            {
              store,
              foreign: async (text) =>
                void (await redis.cli('SET', overridesKey(namespace), text.replaceAll('\0', ' '))),
              foreignMetadata: async (text) =>
                void (await redis.cli('SET', metadataKey(overridesKey(namespace)), text)),
            },
            steps,
          );
        } finally {
          store.close();
        }
      }),
      { numRuns: 12, seed: 72 },
    );
  }, 240_000);
});

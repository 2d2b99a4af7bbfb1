import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/adapters/system/clock.js';
import { systemRandomness } from '../../../src/adapters/system/randomness.js';
import { readYaml } from '../../../src/adapters/yaml/read-yaml.js';
import { createOverrideStore } from '../../../src/adapters/redis/override-store.js';
import { rawValue, scanDocument } from '../../../src/domain/override/document.js';
import { setOverride } from '../../../src/domain/override/edit.js';
import { parsePlanFile } from '../../../src/domain/override/plan-file.js';
import { documentOf, readOverridesFile, type FileEntry } from '../../../src/domain/overrides-file/read-file.js';
import { writeOverridesFile } from '../../../src/domain/overrides-file/write-file.js';
import { undoBy } from '../../support/undo-by.js';
import { Secret } from '../../../src/domain/secret.js';
import type { OverrideStore } from '../../../src/ports/override-store.js';
import { applyIntent, syncIntent } from '../../../src/procedures/override/declared.js';
import { editIntent } from '../../../src/procedures/override/edited.js';
import { planChange, type ChangeIntent, type StorePorts } from '../../../src/procedures/override/plan.js';
import { planFileOf, plannedIntent } from '../../../src/procedures/override/planned.js';
import { undoIntent } from '../../../src/procedures/override/undo.js';
import { unsetIntent } from '../../../src/procedures/override/unset.js';
import { writePlan } from '../../../src/procedures/override/write.js';
import { deadlineIn } from '../../contracts/override-store.kit.js';
import { documents } from '../../domain/override/generated.js';
import { createFakeOverrides, type FakeOverrides } from '../../support/fake-override-store.js';
import { startRedis } from '../../support/redis-server.js';

const author = { actor: 'me@here', reason: null, ticket: null, rlctl: '0', environment: 'e' };
const clock = { ...systemClock, sleep: async () => undefined };
const portsOf = (store: OverrideStore): StorePorts => ({
  store,
  clock,
  randomness: systemRandomness,
  deadline: deadlineIn(60_000),
});
const entriesOf = (text: string): readonly FileEntry[] =>
  readOverridesFile(Buffer.from(text), { file: 'f', readYaml }).entries;
const apply = (text: string): ChangeIntent => applyIntent({ entries: entriesOf(text), ifRevision: null });
const sync = (text: string, owner = 'o', isPruning = false): ChangeIntent =>
  syncIntent({ entries: entriesOf(text), ifRevision: null }, { owner, isPruning, isAdopting: false });
const textOf = (fake: FakeOverrides): string => Buffer.from(fake.state.bytes ?? []).toString();

/** Plans, lets somebody else write, then writes. */
async function raced(before: string, intent: ChangeIntent, theirs: string) {
  const fake = createFakeOverrides({ document: before });
  const ports = portsOf(fake.store());
  const plan = await planChange(ports, intent);
  fake.foreignSet(theirs);
  const ended = await writePlan(ports, plan, author).then(
    (written) => ({ conflicts: 'conflicts' in written ? written.conflicts : 0 }),
    (error: unknown) => error,
  );
  return { ended, text: textOf(fake) };
}

describe('somebody else writes between the plan and the write', () => {
  const before = '{"/a":{"rate":1},"/b":{"rate":2},"/c":{"rate":3}}';

  test.each([
    ['apply', apply('{"/b":{"rate":9}}'), '{"/a":{"rate":5},"/b":{"rate":9},"/c":{"rate":3}}'],
    ['sync', sync('{"/b":{"rate":9}}'), '{"/a":{"rate":5},"/b":{"rate":9},"/c":{"rate":3}}'],
  ])('%s: another route is merged', async (_, intent, expected) => {
    expect(await raced(before, intent, before.replace('"rate":1', '"rate":5'))).toEqual({
      ended: { conflicts: 1 },
      text: expected,
    });
  });

  test.each([
    ['a route that changes', apply('{"/a":{"rate":9}}'), '{"rate":9}', '{"rate":1}'],
    ['a route that was as the file wants it', apply('{"/a":{"rate":1},"/b":{"rate":9}}'), '{"rate":1}', '{"rate":1}'],
    ['the same, in a sync', sync('{"/a":{"rate":1},"/b":{"rate":9}}'), '{"rate":1}', '{"rate":1}'],
  ])('%s is refused with base, theirs and mine', async (_, intent, mine, base) => {
    const theirs = before.replace('"rate":1', '"rate":5');
    expect(await raced(before, intent, theirs)).toMatchObject({
      ended: {
        kind: 'conflict',
        code: 'CONFLICT',
        details: { routes: [{ route: '/a', base, theirs: '{"rate":5}', mine }] },
      },
      text: theirs,
    });
  });

  test('a new route that both add is refused', async () => {
    const theirs = '{"/n":{"rate":5}}';
    expect(await raced('{}', apply('{"/n":{"rate":9}}'), theirs)).toMatchObject({
      ended: { code: 'CONFLICT', details: { routes: [{ route: '/n', base: null, theirs: '{"rate":5}' }] } },
      text: theirs,
    });
  });

  test('undo does not take back what somebody else did meanwhile', async () => {
    const fake = createFakeOverrides({ document: before });
    const ports = portsOf(fake.store());
    const run = async (intent: ChangeIntent) => writePlan(ports, await planChange(ports, intent), author);
    await run(apply('{"/a":{"rate":7}}'));
    const undo = await planChange(ports, undoIntent(ports, null, undoBy(author.actor)));
    await run(apply('{"/c":{"rate":8}}'));
    await expect(writePlan(ports, undo, author)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(textOf(fake)).toBe('{"/a":{"rate":7},"/b":{"rate":2},"/c":{"rate":8}}');
  });

  test.each([
    ['the whole document', '{"/x":{}}'],
    ['a route that it does not touch', before.replace('"rate":1', '"rate":5')],
  ])('a plan is refused, whatever changed: %s', async (_, theirs) => {
    const fake = createFakeOverrides({ document: before });
    const ports = portsOf(fake.store());
    const plan = await planChange(ports, apply('{"/b":{"rate":9}}'));
    const file = JSON.stringify({ apiVersion: 'rlctl/v1', kind: 'OverridePlan', ...planFileOf(plan, author, 0) });
    const again = await planChange(ports, plannedIntent(parsePlanFile(file, 'p'), 'e', null));
    fake.foreignSet(theirs);
    await expect(writePlan(ports, again, author)).rejects.toMatchObject({ kind: 'conflict' });
    expect(textOf(fake)).toBe(theirs);
  });
});

describe('an edited dump', () => {
  /** What comes of an edit while somebody else turned `before` into `theirs`. */
  async function edited(before: string, mine: string, theirs: string) {
    const fake = createFakeOverrides({ document: before });
    const ports = portsOf(fake.store());
    const base = await ports.store.read(ports.deadline);
    const dumped = new Set(scanDocument(Buffer.from(before)).members.map(({ key }) => key));
    const intent = editIntent({ base, dumped, entries: entriesOf(mine), ifRevision: null });
    fake.foreignSet(theirs);
    const ended = await planChange(ports, intent)
      .then((plan) => writePlan(ports, plan, author))
      .then(
        () => 'written',
        (error: unknown) => error,
      );
    return { ended, text: textOf(fake) };
  }

  test.each([
    ['alone', '{"/a":1,"/b":2}', '{"/a":1,"/b":9}', '{"/a":1,"/b":2}', '{"/a":1,"/b":9}'],
    ['their value stays', '{"/a":1,"/b":2}', '{"/a":1,"/b":9}', '{"/a":5,"/b":2}', '{"/a":5,"/b":9}'],
    ['their new entry stays', '{"/a":1}', '{"/a":9}', '{"/a":1,"/t":5}', '{"/a":9,"/t":5}'],
    ['what they removed stays away', '{"/a":1,"/b":2}', '{"/a":1,"/b":9}', '{"/b":2}', '{"/b":9}'],
    ['what I removed goes', '{"/a":1,"/b":2}', '{"/b":2}', '{"/a":1,"/b":7}', '{"/b":7}'],
    [
      'their order stays',
      '{"/a":1,"/b":2,"/c":3}',
      '{"/a":1,"/b":9,"/n":4,"/c":3}',
      '{"/c":3,"/b":2,"/a":1}',
      '{"/c":3,"/b":9,"/n":4,"/a":1}',
    ],
    [
      'my order comes',
      '{"/a":1,"/b":2,"/c":3}',
      '{"/b":2,"/a":1,"/c":3}',
      '{"/a":1,"/b":2,"/c":7}',
      '{"/b":2,"/a":1,"/c":7}',
    ],
  ])('%s', async (_, before, mine, theirs, expected) => {
    expect(await edited(before, mine, theirs)).toEqual({ ended: 'written', text: expected });
  });

  test.each([
    ['changed by both', '{"/a":1}', '{"/a":9}', '{"/a":5}', { base: '1', theirs: '5', mine: '9' }],
    ['removed by me', '{"/a":1,"/b":2}', '{"/b":2}', '{"/a":5,"/b":2}', { base: '1', theirs: '5', mine: null }],
    ['removed by them', '{"/a":1,"/b":2}', '{"/a":9,"/b":2}', '{"/b":2}', { base: '1', theirs: null, mine: '9' }],
    ['added by both', '{}', '{"/a":9}', '{"/a":5}', { base: null, theirs: '5', mine: '9' }],
  ])('%s is refused', async (_, before, mine, theirs, all) => {
    expect(await edited(before, mine, theirs)).toMatchObject({
      ended: { kind: 'conflict', details: { routes: [{ route: '/a', ...all }] } },
      text: theirs,
    });
  });
});

describe('any document', () => {
  const dumped = (text: string): string => {
    const document = scanDocument(Buffer.from(text));
    return writeOverridesFile({
      comments: [],
      dumpedFrom: { environment: 'e', revision: 'none' },
      owner: null,
      entries: document.members.map((member) => ({
        prefix: member.key,
        raw: rawValue(document, member),
        comments: [],
      })),
    });
  };

  test('300: its dump applied writes nothing and adds no history', async () => {
    await fc.assert(
      fc.asyncProperty(documents, async (text) => {
        const fake = createFakeOverrides({ document: text });
        const plan = await planChange(portsOf(fake.store()), apply(dumped(text)));
        expect(plan).toMatchObject({ isNoop: true, diff: [] });
      }),
      { numRuns: 300, seed: 31 },
    );
  });

  test('500: a plan kept in a file and made leads to what apply does', async () => {
    await fc.assert(
      fc.asyncProperty(documents, documents, async (before, wanted) => {
        const fake = createFakeOverrides({ document: before });
        const ports = portsOf(fake.store());
        const plan = await planChange(ports, apply(dumped(wanted)));
        const file = JSON.stringify({ apiVersion: 'rlctl/v1', kind: 'OverridePlan', ...planFileOf(plan, author, 0) });
        const again = await planChange(ports, plannedIntent(parsePlanFile(file, 'p'), 'e', null));
        expect(again.isNoop).toBe(plan.isNoop);
        if (again.isNoop) return;
        await writePlan(ports, again, author);
        expect(textOf(fake)).toBe(Buffer.from(plan.edit.next).toString());
        expect((await planChange(ports, apply(dumped(wanted)))).isNoop).toBe(true);
        const { entries } = readOverridesFile(Buffer.from(dumped(wanted)), { file: 'f', readYaml });
        const order = scanDocument(documentOf({ entries })).members.map(({ key }) => key);
        const now = scanDocument(fake.state.bytes).members.map(({ key }) => key);
        expect(now.filter((key) => order.includes(key))).toEqual(order);
      }),
      { numRuns: 500, seed: 32 },
    );
  });

  const steps = fc.array(
    fc.oneof(
      fc
        .constantFrom('/api', '/b', '', '__proto__')
        .map((route) => (): ChangeIntent => unsetIntent(route, { kind: 'unsaid' }, null)),
      fc
        .tuple(fc.constantFrom('/api', '/n', '/b'), fc.integer({ min: 1, max: 9 }))
        .map(([route, ratePerMin]) => (): ChangeIntent => ({
          ...apply('{}'),
          command: 'override set',
          routes: [route],
          edit: (document) => setOverride(document ?? scanDocument(null), route, { ratePerMin }),
        })),
      documents.map((text) => () => apply(dumped(text))),
      fc.tuple(documents, fc.boolean()).map(
        ([text, isPruning]) =>
          () =>
            sync(dumped(text), 'o', isPruning),
      ),
    ),
    { maxLength: 6 },
  );

  test('400: as many undos as there were changes give the exact bytes back', async () => {
    await fc.assert(
      fc.asyncProperty(documents, steps, async (text, wanted) => {
        const fake = createFakeOverrides({ document: text });
        const ports = portsOf(fake.store());
        for (const intent of wanted) {
          const plan = await planChange(ports, intent());
          if (!plan.isNoop) await writePlan(ports, plan, author);
        }
        const changes = fake.writes.filter(
          ({ expected, next }) => !Buffer.from(next).equals(expected ?? Buffer.of()),
        ).length;
        for (let count = 0; count < changes; count += 1) {
          const plan = await planChange(ports, undoIntent(ports, null, undoBy(author.actor)));
          await writePlan(ports, plan, author);
        }
        expect(textOf(fake)).toBe(text);
      }),
      { numRuns: 400, seed: 33 },
    );
  });
});

test('in a real Redis: eight files at once, each its own route, and none is lost', async () => {
  const redis = await startRedis();
  const stores = Array.from({ length: 8 }, () =>
    createOverrideStore(
      { url: new Secret(redis.url), namespace: 'n' },
      { clock: systemClock, randomness: systemRandomness },
    ),
  );
  try {
    await redis.cli('SET', 'n:rl:overrides', '{"/shared":{"rate":1}}');
    const written = await Promise.all(
      stores.map(async (store, index) => {
        const ports = { ...portsOf(store), clock: systemClock };
        const intent = sync(`{"/w/${index}":{"rate":${index + 1}}}`, `owner-${index}`);
        return writePlan(ports, await planChange(ports, intent), author);
      }),
    );
    expect(written.reduce((sum, each) => sum + ('conflicts' in each ? each.conflicts : 0), 0)).toBeGreaterThan(0);
    const stored = JSON.parse(await redis.cli('GET', 'n:rl:overrides')) as Record<string, unknown>;
    expect(Object.keys(stored).sort()).toEqual(['/shared', ...stores.map((_, index) => `/w/${index}`)]);
    const same = await Promise.allSettled(
      stores.map(async (store, index) => {
        const ports = { ...portsOf(store), clock: systemClock };
        return writePlan(ports, await planChange(ports, apply(`{"/shared":{"rate":${index + 10}}}`)), author);
      }),
    );
    const lost = same.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
    expect(same.length - lost.length).toBeGreaterThan(0);
    for (const error of lost)
      expect(error).toMatchObject({ kind: 'conflict', details: { routes: [{ route: '/shared' }] } });
  } finally {
    for (const store of stores) store.close();
    await redis.stop();
  }
});

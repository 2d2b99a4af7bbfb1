import { readFile, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { operationsKey } from '../../src/domain/redis-keys.js';
import type { Dialect } from '../../src/sandbox/behaviour.js';
import { labHistoryKey, labKey, openLab, type Lab } from '../support/lab.js';
import type { MemoryHost } from '../support/memory-host.js';
import { startWebhook } from '../support/receivers.js';
import { freePort } from '../support/redis-server.js';
import { startPrometheus } from '../support/prometheus.js';
import { errorOf, jsonOf, type JsonObject, type MainOptions, type Ran } from '../support/world.js';

const labKeyOfOperations = operationsKey(labKey);

interface Site {
  readonly lab: Lab;
  run(args: readonly string[], environment?: JsonObject, options?: MainOptions): Promise<Ran>;
}

/** What `--json` prints, as far as these tests read it. */
interface Shown {
  readonly panicId: string;
  readonly restore: string;
  readonly way: string;
  readonly remarks: readonly string[];
  readonly manualSteps: readonly string[];
  readonly proof: { readonly verdict: string; readonly levelReached: string; readonly trap: string | null };
  readonly decisions: {
    readonly verdict: string;
    readonly text: string;
    readonly error: { readonly code: string };
  } | null;
}

const buckets = {
  read: { routes: ['/api'] },
  financial: { routes: ['/api/payments', '/api/checkout'], alias: ['pay'] },
  write: {},
};

async function openSite(options: Parameters<typeof openLab>[0]): Promise<Site> {
  const lab = await openLab(options);
  return {
    lab,
    run: async (args, environment = {}, more = {}) => {
      const environments = { lab: { ...lab.environment, buckets, ...environment } };
      const path = await lab.world.config('site.yaml', { environments });
      return lab.world.main(args, { ...more, env: { RLCTL_CONFIG: path, ...more.env } });
    },
  };
}

const shown = (ran: Ran): Shown => jsonOf<Shown>(ran.out);
const historyOf = async (lab: Lab): Promise<number> => Number(await lab.redis.cli('XLEN', labHistoryKey));

/** Sends so many requests of one caller to a route. */
async function send({ sandbox }: Lab, route: string, count: number, user = 'one'): Promise<readonly number[]> {
  const answers: number[] = [];
  for (let sent = 0; sent < count; sent += 1) {
    const method = route.startsWith('/api/payments') ? 'POST' : 'GET';
    const answer = await fetch(sandbox.origin + route, { method, headers: { 'x-user-id': user } });
    await answer.arrayBuffer();
    answers.push(answer.status);
  }
  return answers;
}

/** Sends requests until the answer of a command is there. */
async function underTraffic(lab: Lab, route: string, running: Promise<Ran>): Promise<Ran> {
  const state: { ran: Ran | null } = { ran: null };
  const ended = running.then((ran) => void (state.ran = ran));
  while (state.ran === null) {
    await send(lab, route, 3);
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 50))]);
  }
  return state.ran;
}

interface Status {
  readonly operations: { readonly open: readonly { readonly commands: readonly string[] }[] };
}

describe.each(['documented', 'deployed'] as const)('panic through overrides (%s)', (dialect: Dialect) => {
  const state = {} as { site: Site };
  const run: Site['run'] = (...args) => state.site.run(...args);
  beforeAll(async () => {
    state.site = await openSite({ dialect });
  });
  afterAll(() => state.site.lab.stop());
  beforeEach(() => state.site.lab.reset());

  const before = '{ "/api/payments" : {"rate":3, "x":1},  "/api/search": {"rate":9, "shadow": false} }';

  test.each([
    [['global'], '{ "" : {"shadow":true},  "/api/payments"', 1],
    [['bucket', 'pay'], '{ "/api/payments" : {"rate":3, "x":1, "shadow":true},', 2],
    [['route', '/api/search'], '"/api/search": {"rate":9, "shadow": true}', 1],
  ])(
    '%j acts in one change without a question, proves it, and is restored to the byte',
    async (what, expected, changes) => {
      const { lab } = state.site;
      await lab.store(before);
      const acted = await run(['panic', ...what, '--json']);
      expect(acted).toMatchObject({ code: 0, err: '' });
      expect(jsonOf(acted.out)).toMatchObject({
        kind: 'Panic',
        way: 'overrides',
        proof: { verdict: 'proven', levelReached: 'loaded' },
        decisions: null,
      });
      expect(jsonOf<{ changes: unknown[] }>(acted.out).changes).toHaveLength(changes);
      expect(await lab.document()).toContain(expected);
      // The snapshot of what stood there before, and one change.
      expect(await historyOf(lab)).toBe(2);
      const { panicId, restore } = shown(acted);
      expect(restore).toMatch(new RegExp(`^rlctl --config \\S+ panic restore ${panicId}$`));

      const listed = jsonOf<{ panics: JsonObject[]; open: number }>((await run(['panic', 'list', '--json'])).out);
      expect(listed).toMatchObject({
        open: 1,
        panics: [{ panicId, command: `panic ${what.join(' ')}`, isOpen: true }],
      });

      const dry = await run(['panic', 'restore', '--dry-run', '--json']);
      expect(jsonOf(dry.out)).toMatchObject({ kind: 'OverridePlan', isNoop: false });
      const restored = await run(['panic', 'restore', panicId, '--json']);
      expect(restored).toMatchObject({ code: 0, err: '' });
      expect(jsonOf(restored.out)).toMatchObject({ kind: 'PanicRestore', panicId, proof: { verdict: 'proven' } });
      expect(await lab.document()).toBe(before);
      expect((await run(['panic', 'list'])).out).toBe('no panic is open\n');
      const all = jsonOf<{ panics: JsonObject[] }>((await run(['panic', 'list', '--all', '--json'])).out);
      expect(all.panics).toMatchObject([{ panicId, isOpen: false, restored: { actor: 'tester@test' } }]);
      expect(errorOf(await run(['panic', 'restore', panicId, '--json'])).code).toBe('PANIC_RESTORED');
    },
  );

  test('the same once more by the same person is the same panic: nothing is written, and it is proven', async () => {
    const { panicId, restore } = shown(await run(['panic', 'bucket', 'financial', '--json']));
    const again = await run(['panic', 'bucket', 'financial', '--json']);
    expect(again.code).toBe(0);
    expect(jsonOf(again.out)).toMatchObject({ panicId, restore, isNoop: true, proof: { verdict: 'proven' } });
    expect((await run(['panic', 'bucket', 'financial'])).out).toContain(`panic ${panicId} is open`);
    expect(jsonOf((await run(['panic', 'list', '--json'])).out)).toMatchObject({ open: 1 });
  });

  test('after somebody else changed a route of it, restoring is a conflict and writes nothing', async () => {
    const { lab } = state.site;
    await lab.store(before);
    await run(['panic', 'bucket', 'financial']);
    await run(['override', 'set', '/api/payments', '--rate', '7']);
    const theirs = await lab.document();
    const ran = await run(['panic', 'restore', '--json']);
    expect(ran.code).toBe(5);
    expect(errorOf(ran).details).toMatchObject({
      routes: [{ route: '/api/payments', theirs: '{"rate":7, "x":1, "shadow":true}', mine: '{"rate":3, "x":1}' }],
    });
    expect(await lab.document()).toBe(theirs);
    // What is elsewhere does not stand in its way.
    await run(['override', 'undo']);
    await run(['override', 'set', '/api/other', '--rate', '7']);
    expect((await run(['panic', 'restore'])).code).toBe(0);
    expect(await lab.document()).toBe(before.replace(/ \}$/, ',  "/api/other" : {"rate":7} }'));
  });

  test('as a step that is repeated after it was cut off, it is the same panic, and restored once', async () => {
    const { lab } = state.site;
    await lab.store(before);
    const step = (changeId: string): MainOptions => ({ part: { partOf: [{ kind: 'runbook', id: 'b-1' }], changeId } });
    const acted = await run(['panic', 'bucket', 'financial', '--json'], {}, step('c-fixed-1'));
    const again = await run(['panic', 'bucket', 'financial', '--json'], {}, step('c-fixed-1'));
    expect([acted.code, again.code]).toEqual([0, 0]);
    expect(shown(again)).toMatchObject({ panicId: shown(acted).panicId, restore: shown(acted).restore });
    expect(await historyOf(lab)).toBe(2);
    const restored = await run(['panic', 'restore', '--json'], {}, step('c-fixed-2'));
    const once = await run(['panic', 'restore', '--json'], {}, step('c-fixed-2'));
    expect([restored.code, once.code]).toEqual([0, 0]);
    expect([await lab.document(), await historyOf(lab)]).toEqual([before, 3]);
  });

  test('undone by "override undo" it is restored, too', async () => {
    await run(['panic', 'route', '/api/search']);
    expect((await run(['override', 'undo'])).code).toBe(0);
    expect(errorOf(await run(['panic', 'restore', '--json'])).code).toBe('NO_PANIC');
  });

  test('a document that cannot be read is 6 with the cure, and nothing is written', async () => {
    const { lab } = state.site;
    await lab.store('{"/api": ');
    const ran = await run(['panic', 'bucket', 'financial', '--json'], { killSwitch: { exec: ['stop', '{value}'] } });
    expect(ran.code).toBe(6);
    const { code, hint } = errorOf(ran);
    expect(code).toBe('DOCUMENT_CORRUPT');
    expect(hint).toMatch(/override repair; then run the panic again/);
    expect(hint).toMatch(/panic global --by kill-switch needs no document/);
    expect(hint).toMatch(/on the platform itself:\n {2}1\. .*RATE_LIMIT_SHADOW_FINANCIAL=true/);
    expect(errorOf(ran).message).toMatch(/nothing was changed$/);
    expect(await lab.document()).toBe('{"/api": ');
  });

  test('usage errors name what there is', async () => {
    for (const [args, code] of [
      [['bucket', 'nope'], 'UNKNOWN_BUCKET'],
      [['bucket', 'write'], 'BUCKET_WITHOUT_ROUTES'],
      [['route', 'api'], 'USAGE'],
      [['bucket', 'pay', '--by', 'flags'], 'USAGE'],
      [['global', '--by', 'kill-switch'], 'USAGE'],
      [['restore', 'x'], 'PANIC_ID'],
      [['restore', 'p-00000000'], 'UNKNOWN_PANIC'],
    ] as const) {
      const ran = await run(['panic', ...args, '--json']);
      expect([ran.code, errorOf(ran).code]).toEqual([2, code]);
    }
  });

  test('a protected environment wants a reason and its name, and no end', async () => {
    const { lab } = state.site;
    const panic = ['panic', 'global', '--json'];
    const isProtected = { protected: true };
    expect(errorOf(await run(panic, isProtected)).code).toBe('REASON_MISSING');
    panic.push('--reason', 'INC-42');
    expect(errorOf(await run(panic, isProtected)).code).toBe('NOT_CONFIRMED');
    expect(await lab.document()).toBeNull();
    const acted = await run([...panic, '--confirm', 'lab'], isProtected);
    expect(acted.code).toBe(0);
    // The way back is printed with all that it will want, wherever it is printed.
    const back = /panic restore p-\w{8} --reason TEXT --confirm lab$/;
    expect(jsonOf(acted.out)['restore']).toMatch(back);
    const status = await run(['status', '--json'], isProtected);
    expect(jsonOf<Status>(status.out).operations.open[0]?.commands[0]).toMatch(back);
    expect((await run(['panic', 'list'], isProtected)).out).toMatch(/panic restore ID --reason\s+TEXT --confirm\s+lab/);
    const printed = back.exec(String(jsonOf(acted.out)['restore']))?.[0].split(' ') ?? [];
    expect((await run([...printed, '--dry-run', '--json'], isProtected)).out).not.toContain('will be refused');
    const restore = ['panic', 'restore', '--json', '--reason', 'over'];
    expect(errorOf(await run(restore, isProtected)).code).toBe('NOT_CONFIRMED');
    expect(await run([...restore, '--confirm', 'lab'], isProtected)).toMatchObject({ code: 0 });
    expect((await run(['--read-only', 'panic', 'global'])).code).toBe(6);
  });

  test('guards: what is never to stop enforcing is refused by name; a freeze does not hold, which is said', async () => {
    const freeze = { from: '2020-01-01', to: '2999-01-01', zone: 'UTC' };
    const frozen = { guards: [{ name: 'winter', freeze }] };
    const acted = await run(['panic', 'route', '/api/search', '--json'], frozen);
    expect(acted.code).toBe(0);
    expect(shown(acted).remarks.join('\n')).toMatch(/the freeze of "winter" \(until .*\) does not hold for a panic/);
    expect((await run(['panic', 'restore'], frozen)).code).toBe(0);

    const never = { guards: [{ name: 'money', buckets: ['financial'], never: 'shadow' }] };
    for (const what of [['global'], ['bucket', 'pay'], ['route', '/api/payments/x']]) {
      const ran = await run(['panic', ...what, '--json'], never);
      expect([ran.code, errorOf(ran).code]).toEqual([6, 'GUARD_REFUSED']);
      expect(errorOf(ran).message).toContain('money');
    }
    const past = ['panic', 'bucket', 'pay', '--override-guard', 'money', '--json'];
    expect(errorOf(await run(past, never)).code).toBe('REASON_MISSING');
    expect((await run([...past, '--reason', 'INC-1'], never)).code).toBe(0);
  });

  test('where the API refuses the reload, it is written and not proven, and the way back is its own', async () => {
    const secret = await state.site.lab.world.write('wrong-secret', 'wrong\n');
    const ran = await run(['panic', 'route', '/api/search', '--json'], { secret: { file: secret } });
    expect(ran.code).toBe(8);
    expect(jsonOf<{ hint: string }>(ran.out).hint).toContain(`panic restore ${shown(ran).panicId}`);
    expect((await run(['panic', 'restore'])).code).toBe(0);
  });
});

describe('what can be proven of a panic', () => {
  test.each(['documented', 'deployed'] as const)('by probe (%s)', async (dialect) => {
    const site = await openSite({ dialect });
    try {
      const probe = [{ url: `${site.lab.sandbox.origin}/api/search` }];
      const ran = await site.run(['panic', 'global', '--json'], { probe });
      const isEnforced = dialect === 'documented';
      expect(ran.code).toBe(isEnforced ? 0 : 8);
      expect(shown(ran).proof).toMatchObject(
        isEnforced ? { verdict: 'proven', levelReached: 'enforced' } : { trap: 'overridesNotEnforced' },
      );
      // What no request showed is left to the platform.
      expect(shown(ran).manualSteps.length > 0).toBe(!isEnforced);
      if (isEnforced) return;
      // From then on it is known that no override lets anything through here: no proof, and what is left instead.
      for (const what of [['global'], ['bucket', 'pay'], ['route', '/api/search']]) {
        const again = await site.run(['panic', ...what, '--json']);
        expect(again.code).toBe(8);
        expect(shown(again)).toMatchObject({
          proof: { verdict: 'notProven', levelReached: 'loaded', trap: 'overridesNotEnforced' },
        });
        expect(shown(again).remarks.join('\n')).toContain('"loaded" is all that this can come to');
        expect(shown(again).manualSteps.join('\n')).toMatch(/Restart them/);
      }
      expect((await site.run(['panic', 'route', '/api/search', '--require', 'loaded'])).code).toBe(0);
    } finally {
      await site.lab.stop();
    }
  });

  test.each(['documented', 'deployed'] as const)('by decisions, from /metrics (%s)', async (dialect) => {
    const site = await openSite({ dialect });
    const { lab } = site;
    const key = randomBytes(32);
    const hooks = await startWebhook({ key });
    try {
      expect(await send(lab, '/api/payments', 4)).toContain(429);
      const environment = { metrics: `${lab.sandbox.origin}/metrics` };
      const secret = await lab.world.write('hook-secret', `whsec_${key.toString('base64')}\n`);
      const notify = [{ webhook: hooks.origin, secret: { file: secret }, events: ['panic'] }];
      const args = ['panic', 'bucket', 'financial', '--wait', '9s', '--json'];
      const ran = await underTraffic(lab, '/api/payments', site.run(args, { ...environment, notify }));
      expect(ran.code).toBe(dialect === 'documented' ? 0 : 8);
      // Others are told what it came to, and not what was proven before decisions were watched.
      expect(hooks.events()).toMatchObject([
        { type: 'panic.acted', verdict: dialect === 'documented' ? 'proven' : 'contradicted' },
      ]);
      expect(shown(ran)).toMatchObject({
        proof: { verdict: 'proven', levelReached: 'loaded' },
        decisions: { verdict: dialect === 'documented' ? 'proven' : 'contradicted' },
      });
      expect((await site.run(['status'])).out).toMatch(
        dialect === 'documented'
          ? /^last reload .*, proven\)$/m
          : /^last reload .*, contradicted: the policy is proven \(loaded\), the decisions contradict it\)$/m,
      );
      // What decisions contradicted is remembered: the next one does not call "loaded" a proof.
      const next = await site.run(['panic', 'route', '/api/checkout', '--json']);
      expect([next.code, shown(next).proof.verdict]).toEqual(
        dialect === 'documented' ? [0, 'proven'] : [8, 'notProven'],
      );
      // No request showed it.
      expect(shown(next).manualSteps.length > 0).toBe(true);
    } finally {
      await hooks.stop();
      await lab.stop();
    }
  });

  test('by decisions, from a real Prometheus; and when that is away, it acts and says what is missing', async () => {
    const site = await openSite({});
    const { lab } = site;
    const prometheus = await startPrometheus({ jobs: [{ name: 'lab', url: `${lab.sandbox.origin}/metrics` }] });
    try {
      await send(lab, '/api/payments', 4);
      const args = ['panic', 'bucket', 'financial', '--wait', '20s', '--json'];
      const ran = await underTraffic(lab, '/api/payments', site.run(args, { prometheus: prometheus.url }));
      expect(ran.code).toBe(0);
      expect(shown(ran).decisions).toMatchObject({ verdict: 'proven', error: null });
      expect((await send(lab, '/api/payments', 4)).every((status) => status === 200)).toBe(true);
      await site.run(['panic', 'restore']);

      const away = { prometheus: `http://127.0.0.1:${await freePort()}` };
      const without = await site.run(['panic', 'bucket', 'financial', '--json'], away);
      expect(without.code).toBe(0);
      expect(shown(without).proof.verdict).toBe('proven');
      expect(without.out).toMatch(/metrics could not be read|does not answer|nothing listens/);
      await site.run(['panic', 'restore'], away);
      const waited = await site.run([...args.slice(0, 4), '4s', '--json'], away);
      expect(waited.code).toBe(8);
      expect(shown(waited)).toMatchObject({
        proof: { verdict: 'proven' },
        decisions: { verdict: 'noData', error: { code: expect.any(String) as string } },
      });
      const unwatched = await site.run(['panic', 'bucket', 'financial', '--wait', '3s']);
      // Whoever waits for decisions is not told that all is well where nothing tells of them.
      expect(unwatched.code).toBe(8);
      expect(unwatched.out).toContain('neither prometheus nor metrics is configured');
    } finally {
      await prometheus.stop();
      await lab.stop();
    }
  });
});

describe('telling others', () => {
  test('of a panic and of its end, under the id of its change; not with --no-notify, nor where nothing changed', async () => {
    const site = await openSite({});
    const key = randomBytes(32);
    const hooks = await startWebhook({ key });
    const secret = await site.lab.world.write('hook-secret', `whsec_${key.toString('base64')}\n`);
    const notify = { notify: [{ webhook: hooks.origin, secret: { file: secret }, events: ['panic'] }] };
    try {
      const args = ['panic', 'bucket', 'financial', '--reason', 'INC-1', '--json'];
      const acted = await site.run(args, notify);
      const { panicId, changeId } = jsonOf<{ panicId: string; changeId: string }>(acted.out);
      expect(jsonOf(acted.out)).toMatchObject({ notifications: [{ isDelivered: true }] });
      await site.run(args, notify);
      await site.run(['panic', 'restore', '--json'], notify);
      await site.run([...args, '--no-notify'], notify);
      expect(hooks.events()).toMatchObject([
        {
          type: 'panic.acted',
          changeId,
          command: 'panic bucket financial',
          summary: `panic bucket financial (${panicId}) on lab: proven`,
          reason: 'INC-1',
          partOf: [{ kind: 'panic', id: panicId }],
        },
        { type: 'panic.restored', summary: `panic bucket financial (${panicId}) was restored on lab: proven` },
      ]);
    } finally {
      await hooks.stop();
      await site.lab.stop();
    }
  });
});

describe('what does not go as it should', () => {
  test('an interrupt while decisions are watched says that the panic is in force, and how to take it back', async () => {
    const site = await openSite({});
    const state = { scrapes: 0 };
    const hosts: MemoryHost[] = [];
    const key = randomBytes(32);
    const hooks = await startWebhook({ key });
    const server = createServer((_, response) => {
      state.scrapes += 1;
      void fetch(`${site.lab.sandbox.origin}/metrics`)
        .then((answer) => answer.text())
        .then((text) => response.setHeader('content-type', 'text/plain; version=0.0.4').end(text));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const metrics = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
      const args = ['panic', 'bucket', 'financial', '--wait', '2m', '--json'];
      const secret = await site.lab.world.write('hook-secret', `whsec_${key.toString('base64')}\n`);
      const notify = [{ webhook: hooks.origin, secret: { file: secret }, events: ['panic'] }];
      const running = site.run(args, { metrics, notify }, { onHost: (host) => void hosts.push(host) });
      // The proof reads it once or twice; what goes on reading is the watch.
      while (state.scrapes < 6) await new Promise((resolve) => setTimeout(resolve, 20));
      hosts[0]?.signal('SIGINT');
      const ran = await running;
      expect(ran.code).toBe(130);
      expect(errorOf(ran)).toMatchObject({
        message: expect.stringMatching(
          /^interrupted while the decisions were watched; the panic p-\w+ has acted/,
        ) as string,
        hint: expect.stringMatching(/panic restore p-/) as string,
        details: { applied: true },
      });
      // It is in force: others hear of it although nobody waited for the end.
      expect(hooks.events()).toMatchObject([{ type: 'panic.acted', verdict: 'notProven' }]);
      // That the policy was loaded is not what was asked.
      expect((await site.run(['status'])).out).toMatch(
        /^last reload .*\(panic bucket financial, not proven: the policy is proven \(loaded\), the decisions waited for/m,
      );
      expect((await site.run(['panic', 'restore'])).code).toBe(0);
    } finally {
      await hooks.stop();
      server.close();
      await site.lab.stop();
    }
  });

  test('Redis that does not answer is 7, one that is full 4, and an API that does not answer is 7 before anything is written', async () => {
    const site = await openSite({});
    try {
      const nowhere = `127.0.0.1:${await freePort()}`;
      const args = ['panic', 'global', '--json', '--timeout', '3s'];
      for (const broken of [{ redis: `redis://${nowhere}` }, { api: `http://${nowhere}` }]) {
        const ran = await site.run(args, broken);
        expect(ran.code).toBe(7);
        expect(errorOf(ran).message).toMatch(/; nothing was changed$/);
        expect(errorOf(ran).hint).toMatch(/on the platform itself:\n {2}1\. .*RATE_LIMIT_ENABLED=false/);
        expect(errorOf(ran).hint).not.toMatch(/\.;|\.\./);
      }
      const { redis } = site.lab;
      await redis.cli('CONFIG', 'SET', 'maxmemory', '1');
      const full = await site.run(args);
      await redis.cli('CONFIG', 'SET', 'maxmemory', '0');
      expect(errorOf(full)).toMatchObject({
        code: 'REDIS_OOM',
        exitCode: 4,
        message: expect.stringMatching(/; nothing was changed$/) as string,
        hint: expect.stringMatching(/on the platform itself:\n {2}1\. /) as string,
      });
      expect(await site.lab.document()).toBeNull();
      // Where the API is what is down, the write alone still prepares the next start.
      const written = await site.run([...args, '--no-reload'], { api: `http://${nowhere}` });
      expect([written.code, await site.lab.document()]).toEqual([0, '{"":{"shadow":true}}']);
      expect(jsonOf(written.out)).toMatchObject({ isAwaitingReload: true, proof: { verdict: 'notAttempted' } });
      expect(
        (await site.run(['panic', 'list', '--json', '--timeout', '3s'], { redis: `redis://${nowhere}` })).code,
      ).toBe(7);
    } finally {
      await site.lab.stop();
    }
  });

  test('a terminal of people: one screen, no question, and the way back at its end', async () => {
    const site = await openSite({});
    try {
      const ran = await site.run(['panic', 'bucket', 'financial']);
      expect(ran.err).toBe('');
      expect(ran.out.trimEnd().split('\n').at(-1)).toMatch(
        /^panic p-[0-9a-f]{8} is open\. To put back exactly what was before: rlctl --config \S+ panic restore p-/,
      );
      expect((await site.run(['panic', 'list'])).out).toMatch(
        /^ID +STATE +WHAT +BY +STANDS ON +WHO AND WHY\np-[0-9a-f]{8} +open +bucket financial/,
      );
      const items = (await site.run(['panic', 'list', '-o', 'ndjson'])).out.trimEnd().split('\n');
      expect(items.map((line) => jsonOf(line))).toMatchObject([{ command: 'panic bucket financial', isOpen: true }]);
    } finally {
      await site.lab.stop();
    }
  });
});

describe.each(['documented', 'deployed'] as const)('panic by flags in an env file (%s)', (dialect) => {
  const state = {} as { site: Site; pristine: string };
  const run = (args: readonly string[], more: JsonObject = {}, options?: MainOptions): Promise<Ran> =>
    state.site.run(args, { shadowDriver: { 'env-file': state.site.lab.sandbox.envFile }, ...more }, options);
  const file = (): Promise<string> => readFile(state.site.lab.sandbox.envFile, 'utf8');
  beforeAll(async () => {
    state.site = await openSite({ dialect });
    state.pristine = await file();
  });
  afterAll(() => state.site.lab.stop());
  beforeEach(async () => {
    const { lab } = state.site;
    await writeFile(lab.sandbox.envFile, state.pristine);
    for (const kept of ['state.json', 'flips'])
      await rm(join(lab.world.stateHome, 'rlctl', kept), { recursive: true, force: true });
    await lab.reset();
  });
  const isMoving = dialect === 'documented';

  test('sets the flag, says where a restart is needed, and is restored to the byte from another machine', async () => {
    const { lab } = state.site;
    const acted = await run(['panic', 'bucket', 'financial', '--reason', 'r', '--json']);
    expect(acted.code).toBe(isMoving ? 0 : 8);
    expect(shown(acted)).toMatchObject({
      way: 'flags',
      proof: isMoving ? { verdict: 'proven' } : { verdict: 'contradicted', trap: 'flagNeedsRestart' },
    });
    expect(await file()).toContain('RATE_LIMIT_SHADOW_FINANCIAL=true');
    expect(await lab.document()).toBeNull();
    // The other machine has the file, and none of this one's memory.
    const elsewhere = { env: { XDG_STATE_HOME: join(lab.world.root, 'elsewhere'), RLCTL_ACTOR: 'bo@other' } };
    const listed = await run(['panic', 'list', '--json'], {}, elsewhere);
    expect(jsonOf(listed.out)).toMatchObject({
      panics: [{ panicId: shown(acted).panicId, way: 'flags', changed: ['RATE_LIMIT_SHADOW_FINANCIAL'], reason: 'r' }],
    });
    const restored = await run(['panic', 'restore', '--json'], {}, elsewhere);
    // A server that needs a restart says what it said all along, which is what is wanted again.
    expect(restored.code).toBe(0);
    expect(await file()).toBe(state.pristine);
    expect((await run(['panic', 'list'])).out).toBe('no panic is open\n');
  });

  test('global sets the flag of every bucket, and prints the steps of the platform', async () => {
    const steps = ['open the console', 'press the button'];
    const acted = await run(['panic', 'global', '--json'], { killSwitch: { steps } });
    expect(shown(acted).manualSteps.slice(0, 2)).toEqual(steps);
    for (const name of ['READ', 'WRITE', 'FINANCIAL']) expect(await file()).toContain(`RATE_LIMIT_SHADOW_${name}=true`);
    await run(['panic', 'restore']);
    expect(await file()).toBe(state.pristine);
  });

  test('a flag that somebody set since is a conflict, and nothing is written', async () => {
    const { lab } = state.site;
    await run(['panic', 'global']);
    const theirs = (await file()).replace('RATE_LIMIT_SHADOW_READ=true', 'RATE_LIMIT_SHADOW_READ="false"');
    await writeFile(lab.sandbox.envFile, theirs);
    const ran = await run(['panic', 'restore', '--json']);
    expect(ran.code).toBe(5);
    expect(errorOf(ran).details).toMatchObject({
      variables: [{ variable: 'RATE_LIMIT_SHADOW_READ', theirs: '"false"' }],
    });
    expect(errorOf(ran).hint).toMatch(
      /^RATE_LIMIT_SHADOW_READ is "false" now; the panic wrote true, and before it was (?:not set|false)\. Where/,
    );
    expect(errorOf(ran).hint).toMatch(/rlctl .*panic restore p-\w+ --leave\. See .* rlctl .*shadow list/);
    expect(await file()).toBe(theirs);
    expect(jsonOf((await run(['panic', 'list', '--json'])).out)).toMatchObject({ open: 1 });
  });

  test('without a reload it is done as asked, and the last line says that the server goes on as before', async () => {
    const ran = await run(['panic', 'bucket', 'financial', '--no-reload']);
    expect(ran.code).toBe(0);
    expect(ran.out.trimEnd().split('\n').at(-1)).toMatch(
      /^the emergency is not in force before the server has a reload; run: rlctl .*reload$/,
    );
    await run(['panic', 'restore', '--leave']);
    const again = await run(['panic', 'bucket', 'financial', '--no-reload']);
    expect(again.out.trimEnd().split('\n').at(-1)).toMatch(/^whether the server has it in force was not asked; /);
    expect(jsonOf((await run(['panic', 'bucket', 'financial', '--json'])).out)).toMatchObject({
      isAwaitingReload: false,
    });
  });

  test('what is as before already is left, and where all of it is, the panic is over', async () => {
    const { lab } = state.site;
    const { panicId } = shown(await run(['panic', 'bucket', 'financial', '--json']));
    await writeFile(lab.sandbox.envFile, state.pristine);
    expect((await run(['panic', 'list'])).out).toBe('no panic is open\n');
    const over = (await run(['panic', 'list', '--all'])).out;
    expect(over).toContain('over in the file');
    expect(over).toMatch(/whether the server took up what the file says now: rlctl .*shadow list\n$/);
    const before = (await run(['shadow', 'list', '--json'])).out;
    const planned = await run(['panic', 'restore', panicId, '--dry-run']);
    expect(planned.code).toBe(0);
    expect((await run(['shadow', 'list', '--json'])).out).toBe(before);
    const restored = await run(['panic', 'restore', panicId, '--json']);
    expect(restored.code).toBe(0);
    expect(jsonOf(restored.out)).toMatchObject({
      kind: 'PanicRestore',
      panicId,
      isNoop: true,
      // A server that takes its flags up without a restart was still in shadow; the other one never was.
      proof: { verdict: isMoving ? 'proven' : 'notAttempted' },
    });
    expect((await run(['shadow', 'list'])).code).toBe(0);
    expect(await file()).toBe(state.pristine);
    expect(jsonOf((await run(['panic', 'list', '--all', '--json'])).out)).toMatchObject({
      panics: [{ panicId, isOpen: false, state: 'restored', restored: { actor: 'tester@test' } }],
    });
  });

  test('a dry run changes nothing and keeps nothing; a failed one neither', async () => {
    const dry = await run(['panic', 'bucket', 'financial', '--dry-run']);
    expect(dry.out).toContain('nothing has been changed');
    const nowhere = await run(['panic', 'bucket', 'financial', '--json'], {
      shadowDriver: { 'env-file': '/nowhere/x.env' },
    });
    expect(nowhere.code).toBe(2);
    expect(await file()).toBe(state.pristine);
    expect((await run(['panic', 'list'])).out).toBe('no panic is open\n');
  });

  test('where nothing can be kept in Redis it acts all the same, and says so; what the history tells can be restored', async () => {
    const { lab } = state.site;
    await lab.redis.cli('SET', labKeyOfOperations, 'no hash');
    const acted = await run(['panic', 'bucket', 'financial']);
    expect(await file()).toContain('RATE_LIMIT_SHADOW_FINANCIAL=true');
    expect(acted.err).toContain('this panic is not recorded, so nobody else sees it');
    expect(acted.out).toMatch(/this panic is not recorded\. To put back what was before: rlctl .*shadow off financial/);
    expect(acted.out).not.toMatch(/panic p-/);
    expect((await run(['shadow', 'off', 'financial'])).code).toBe(0);
    expect(await file()).toBe(state.pristine);
    await run(['panic', 'route', '/api/search']);
    const restored = await run(['panic', 'restore']);
    expect([restored.code, await lab.document()]).toEqual([0, '{}']);
    expect(restored.err).toContain('are not known');
  });

  test('--by overrides acts by overrides all the same', async () => {
    const acted = await run(['panic', 'bucket', 'financial', '--by', 'overrides', '--json']);
    expect(shown(acted)).toMatchObject({ way: 'overrides', proof: { verdict: 'proven' } });
    expect(await file()).toBe(state.pristine);
    expect((await run(['panic', 'restore'])).code).toBe(0);
  });

  test('guards judge it as the panic that it is', async () => {
    const never = { guards: [{ name: 'money', buckets: ['financial'], never: 'shadow', commands: ['panic bucket'] }] };
    expect(errorOf(await run(['panic', 'bucket', 'pay', '--json'], never)).code).toBe('GUARD_REFUSED');
    const freeze = { from: '2020-01-01', to: '2999-01-01', zone: 'UTC' };
    const frozen = await run(['panic', 'bucket', 'pay', '--json'], { guards: [{ name: 'winter', freeze }] });
    expect(shown(frozen).remarks.join('\n')).toContain('does not hold for a panic');
    expect((await run(['panic', 'restore'], { guards: [{ name: 'winter', freeze }] })).code).toBe(0);
  });

  test('a file that nobody vouched for runs nothing and edits nothing', async () => {
    const { lab } = state.site;
    const environments = { lab: { ...lab.environment, shadowDriver: { 'env-file': lab.sandbox.envFile } } };
    await lab.world.config('rlctl.yaml', { environments });
    const ran = await lab.world.main(['-e', 'lab', 'panic', 'bucket', 'financial', '--json'], {
      env: { RLCTL_CONFIG: undefined },
    });
    expect(errorOf(ran).code).toBe('CONFIG_UNTRUSTED');
    await rm(join(lab.world.cwd, 'rlctl.yaml'));
  });
});

describe('panic by a program', () => {
  const state = {} as { site: Site; script: string; pristine: string };
  const source = `
    const { readFileSync, writeFileSync } = require('node:fs');
    const [file, assignment, mode] = process.argv.slice(2);
    if (mode === 'fail') { console.error('no such app'); process.exit(3); }
    const [variable] = assignment.split('=');
    const lines = readFileSync(file, 'utf8').split('\\n').filter((line) => line && !line.startsWith(variable + '='));
    writeFileSync(file, [...lines, assignment, ''].join('\\n'));`;
  const exec = (mode = 'set'): readonly string[] => [
    process.execPath,
    state.script,
    state.site.lab.sandbox.envFile,
    '{variable}={value}',
    mode,
  ];
  const run: Site['run'] = (...args) => state.site.run(...args);
  const isEnabled = (): boolean => state.site.lab.sandbox.workers()[0]?.switches.isEnabled ?? false;
  beforeAll(async () => {
    state.site = await openSite({});
    state.script = await state.site.lab.world.write('platform.cjs', source);
    state.pristine = await readFile(state.site.lab.sandbox.envFile, 'utf8');
  });
  afterAll(() => state.site.lab.stop());
  beforeEach(async () => {
    await writeFile(state.site.lab.sandbox.envFile, state.pristine);
    await state.site.lab.reset();
  });

  test('the flags of buckets: set one by one, and back', async () => {
    const driver = { shadowDriver: { exec: exec() } };
    const acted = await run(['panic', 'bucket', 'financial', '--json'], driver);
    expect(acted).toMatchObject({ code: 0 });
    expect(shown(acted)).toMatchObject({ way: 'flags', proof: { verdict: 'proven' } });
    const elsewhere = { env: { XDG_STATE_HOME: join(state.site.lab.world.root, 'elsewhere') } };
    const restored = await run(['panic', 'restore', '--json'], driver, elsewhere);
    expect(restored).toMatchObject({ code: 0 });
    expect(state.site.lab.sandbox.workers()[0]?.switches.bucketFlags.get('financial')).toBe(false);
  });

  test('the kill switch: run, proven by what the reload says, and on again', async () => {
    const environment = { killSwitch: { exec: exec() } };
    const dry = await run(['panic', 'global', '--dry-run'], environment);
    expect(dry.out).toContain('RATE_LIMIT_ENABLED=false');
    expect(isEnabled()).toBe(true);
    const acted = await run(['panic', 'global', '--json'], environment);
    expect(acted).toMatchObject({ code: 0, err: '' });
    expect(shown(acted)).toMatchObject({ way: 'kill-switch', proof: { verdict: 'proven', levelReached: 'loaded' } });
    expect(isEnabled()).toBe(false);
    const words = await run(['panic', 'list'], environment);
    expect(words.out).toMatch(/open +global +kill-switch +RATE_LIMIT_ENABLED/);
    const restored = await run(['panic', 'restore', '--json'], environment);
    expect(restored).toMatchObject({ code: 0 });
    expect(isEnabled()).toBe(true);
  });

  test('the kill switch as a step of a run without a way back of its own: taken back with the run, and that one alone', async () => {
    const environment = { killSwitch: { exec: exec() } };
    const steps = [{ id: 'off', title: 'Off', rlctl: ['panic', 'global'] }];
    await state.site.lab.world.write('runbooks/off.yaml', JSON.stringify({ title: 'T', summary: 'S', steps }));
    const other = jsonOf<{ panicId: string }>((await run(['panic', 'bucket', 'financial', '--json'])).out).panicId;
    const { run: id } = jsonOf<{ run: string }>((await run(['runbook', 'run', 'off', '--json'], environment)).out);
    expect(isEnabled()).toBe(false);
    const colleague = { env: { XDG_STATE_HOME: join(state.site.lab.world.root, 'colleague') } };
    const back = await run(['runbook', 'resume', id, '--undo', '--json'], environment, colleague);
    expect(back).toMatchObject({ code: 0 });
    const { steps: told } = jsonOf<{ steps: readonly JsonObject[] }>(back.out);
    expect(told).toMatchObject([{ id: 'off', state: 'undone', said: expect.stringContaining('proven') as string }]);
    expect(isEnabled()).toBe(true);
    const { panics } = jsonOf<{ panics: readonly JsonObject[] }>((await run(['panic', 'list', '--json'])).out);
    expect(panics).toMatchObject([{ panicId: other, isOpen: true }]);
  });

  test('a panic by flags as such a step, of which only its own record is left, is taken back too', async () => {
    const { lab } = state.site;
    const environment = { shadowDriver: { 'env-file': lab.sandbox.envFile } };
    const steps = [{ id: 'off', title: 'Off', rlctl: ['panic', 'bucket', 'financial'] }];
    await lab.world.write('runbooks/off.yaml', JSON.stringify({ title: 'T', summary: 'S', steps }));
    const { run: id } = jsonOf<{ run: string }>((await run(['runbook', 'run', 'off', '--json'], environment)).out);
    expect(await readFile(lab.sandbox.envFile, 'utf8')).not.toBe(state.pristine);
    // As if it had been killed before its proof.
    await lab.redis.cli('HDEL', operationsKey(labKey), 'flags');
    const colleague = { env: { XDG_STATE_HOME: join(lab.world.root, 'colleague-of-flags') } };
    expect((await run(['runbook', 'resume', id, '--undo'], environment, colleague)).code).toBe(0);
    expect(await readFile(lab.sandbox.envFile, 'utf8')).toBe(state.pristine);
  });

  test('where the program of the switch fails then, the run says so and is not taken back', async () => {
    const steps = [{ id: 'off', title: 'Off', rlctl: ['panic', 'global'] }];
    await state.site.lab.world.write('runbooks/off.yaml', JSON.stringify({ title: 'T', summary: 'S', steps }));
    const ran = await run(['runbook', 'run', 'off', '--json'], { killSwitch: { exec: exec() } });
    const { run: id } = jsonOf<{ run: string }>(ran.out);
    const failed = await run(['runbook', 'resume', id, '--undo', '--json'], { killSwitch: { exec: exec('fail') } });
    expect(errorOf(failed)).toMatchObject({ code: 'RUN_STOPPED', exitCode: 4 });
    expect(isEnabled()).toBe(false);
    expect((await run(['runbook', 'resume', id, '--undo'], { killSwitch: { exec: exec() } })).code).toBe(0);
    expect(isEnabled()).toBe(true);
  });

  test('of two kill switches the last one restored puts it on again, whichever that is', async () => {
    const environment = { killSwitch: { exec: exec() } };
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const ids = [];
      for (const actor of ['ana@host', 'bo@host']) {
        const acted = await run(['panic', 'global', '--json'], environment, { env: { RLCTL_ACTOR: actor } });
        ids.push(shown(acted).panicId);
      }
      for (const [done, pick] of order.entries()) {
        expect(isEnabled()).toBe(false);
        const restored = await run(['panic', 'restore', ids[pick] ?? '', '--json'], environment);
        expect(restored.code).toBe(0);
        expect(jsonOf((await run(['panic', 'list', '--json'], environment)).out)).toMatchObject({ open: 1 - done });
      }
      expect(isEnabled()).toBe(true);
    }
  });

  test('a server that needs a restart for it contradicts, with a wait it is waited for', async () => {
    const site = await openSite({ dialect: 'deployed' });
    try {
      const environment = { killSwitch: { exec: [process.execPath, '-e', ';', '{value}'] } };
      const ran = await site.run(['panic', 'global', '--wait', '5s', '--json'], environment);
      expect(ran.code).toBe(8);
      expect(shown(ran).proof).toMatchObject({ verdict: 'contradicted', trap: 'flagNeedsRestart' });
      expect(site.lab.sandbox.workers()[0]?.reloads).toBeGreaterThan(1);
    } finally {
      await site.lab.stop();
    }
  });

  test('one that fails is 4, and no panic is open', async () => {
    const ran = await run(['panic', 'global', '--json'], { killSwitch: { exec: exec('fail') } });
    expect([ran.code, errorOf(ran).code]).toEqual([4, 'PROGRAM_FAILED']);
    const flags = await run(['panic', 'bucket', 'pay', '--json'], { shadowDriver: { exec: exec('fail') } });
    expect([flags.code, errorOf(flags).code]).toEqual([4, 'PROGRAM_FAILED']);
    expect((await run(['panic', 'list'])).out).toBe('no panic is open\n');
  });

  test('guards, requirements and confirmation hold for it', async () => {
    const environment = { killSwitch: { exec: exec() } };
    const never = { ...environment, guards: [{ name: 'money', buckets: ['financial'], never: 'shadow' }] };
    expect(errorOf(await run(['panic', 'global', '--json'], never)).code).toBe('GUARD_REFUSED');
    const isProtected = { ...environment, protected: true };
    expect(errorOf(await run(['panic', 'global', '--json'], isProtected)).code).toBe('REASON_MISSING');
    const reason = ['panic', 'global', '--json', '--reason', 'r'];
    expect(errorOf(await run(reason, isProtected)).code).toBe('NOT_CONFIRMED');
    expect(isEnabled()).toBe(true);
  });

  test('a corrupt document does not hold up the switch, and is said', async () => {
    const { lab } = state.site;
    await lab.store('{');
    const ran = await run(['panic', 'global', '--json'], { killSwitch: { exec: exec() } });
    expect(ran.code).toBe(0);
    expect(shown(ran).remarks.join('\n')).toContain('may make the server drop every override');
  });
});

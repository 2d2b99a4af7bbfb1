import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openLab, type Lab } from '../support/lab.js';
import { jsonOf, type JsonObject, type Ran } from '../support/world.js';

// What a panic, and a plain `shadow on`, may call proven, and what they say where they may not.

const buckets = { read: { routes: ['/api'] }, financial: { routes: ['/api/payments', '/api/checkout'] } };

interface Proven {
  readonly proof: { readonly verdict: string; readonly levelReached: string; readonly diagnosis: string };
  readonly remarks: readonly string[];
}

const state = {} as { lab: Lab; pristine: string };
async function run(args: readonly string[], more: JsonObject = {}): Promise<Ran> {
  const { lab } = state;
  const shadowDriver = { 'env-file': lab.sandbox.envFile };
  const environments = { lab: { ...lab.environment, buckets, shadowDriver, ...more } };
  const path = await lab.world.config('site.yaml', { environments });
  return lab.world.main(args, { env: { RLCTL_CONFIG: path } });
}
const shown = (ran: Ran): Proven => jsonOf<Proven>(ran.out);

describe('on a server that enforces overrides', () => {
  beforeAll(async () => {
    state.lab = await openLab({});
    state.pristine = await readFile(state.lab.sandbox.envFile, 'utf8');
  });
  afterAll(() => state.lab.stop());
  beforeEach(async () => {
    await writeFile(state.lab.sandbox.envFile, state.pristine);
    await state.lab.reset();
  });

  test('an override that is no shadow stands against a panic by flags, is named with the way out, and that way is proven', async () => {
    await state.lab.store('{"/api/payments":{"shadow":false}}');
    const dry = await run(['panic', 'bucket', 'financial', '--dry-run']);
    expect(dry.out).toMatch(/the override "\/api\/payments" sets shadow: false, .* panic route \/api\/payments, or /);
    const acted = await run(['panic', 'bucket', 'financial', '--json']);
    expect(acted.code).toBe(8);
    expect(shown(acted).proof).toMatchObject({ verdict: 'notProven', levelReached: 'loaded' });
    expect(shown(acted).proof.diagnosis).toMatch(/"\/api\/payments" .*panic bucket financial --by overrides$/);
    // Once more, where nothing is left to write.
    expect((await run(['panic', 'bucket', 'financial'])).code).toBe(8);
    expect((await run(['panic', 'bucket', 'financial', '--require', 'loaded'])).code).toBe(0);
    expect((await run(['panic', 'global'])).out).toContain('the override "/api/payments" sets shadow: false');
    expect((await run(['panic', 'bucket', 'financial', '--by', 'overrides'])).code).toBe(0);
    expect((await run(['panic', 'bucket', 'financial'])).code).toBe(0);
  });

  test.each(['{"/api/payments":{"rate":3}}', '{"/api/search":{"shadow":false}}', '{"/api/checkout":{"shadow":true}}'])(
    '%s stands against no panic of the bucket',
    async (document) => {
      await state.lab.store(document);
      const acted = await run(['panic', 'bucket', 'financial', '--json']);
      expect([acted.code, shown(acted).remarks]).toEqual([0, []]);
    },
  );

  test('the same override stands against shadow on by flags, and its way out is proven as it is printed', async () => {
    await state.lab.store('{"/api/payments":{"shadow":false}}');
    const said = 'the override "/api/payments" sets shadow: false, so what it catches goes on being blocked';
    const cure = /put it into shadow as well: rlctl --config \S+ shadow on --route \/api\/payments$/;
    const dry = await run(['shadow', 'on', 'financial', '--dry-run', '--json']);
    expect(dry.code).toBe(0);
    expect(shown(dry).remarks.join()).toContain(said);
    expect(shown(dry).remarks.join()).toMatch(cure);
    const acted = await run(['shadow', 'on', 'financial', '--json']);
    expect(acted.code).toBe(8);
    expect(shown(acted).proof).toMatchObject({ verdict: 'notProven', levelReached: 'loaded' });
    expect(shown(acted).proof.diagnosis).toMatch(cure);
    expect((await run(['shadow', 'on', 'financial', '--require', 'loaded'])).code).toBe(0);
    expect((await run(['shadow', 'on', 'read'])).code).toBe(0);
    expect((await run(['shadow', 'off', 'read'])).code).toBe(0);
    expect((await run(['shadow', 'on', '--route', '/api/payments'])).code).toBe(0);
    expect((await run(['shadow', 'on', 'financial'])).code).toBe(0);
    await state.lab.store('{"/api/payments":{"shadow":false}}');
    const onProd = ['shadow', 'on', 'financial', '--dry-run', '--json'];
    expect(shown(await run(onProd, { protected: true })).remarks.join('\n')).toMatch(
      /--route \/api\/payments --reason TEXT --for 2h --confirm lab$/m,
    );
    // The way back is not held up by what enforces anyway.
    await state.lab.store('{"/api/payments":{"shadow":false}}');
    expect((await run(['shadow', 'off', 'financial'])).code).toBe(0);
  });

  test.each([
    ['financial', '{"/api":{"shadow":false}}', '--route /api/payments --route /api/checkout$'],
    ['--all', '{"":{"shadow":false}}', '--route / --include-others$'],
    ['write', '{"":{"shadow":false}}', '--route / --include-others$'],
  ])('shadow on %s beside %s is told what would reach all of it', async (target, document, way) => {
    await state.lab.store(document);
    const acted = await run(['shadow', 'on', target, '--json']);
    expect(acted.code).toBe(8);
    expect(shown(acted).proof.diagnosis).toMatch(new RegExp(way));
    const printed = /(shadow on .*)$/.exec(shown(acted).proof.diagnosis)?.[1] ?? '';
    expect((await run(printed.split(' '))).code).toBe(0);
    expect((await run(['shadow', 'on', target])).code).toBe(0);
  });

  test('flags that are gone again are proven, though a configured probe can say no more than that it is enforced', async () => {
    const probe = [{ url: `${state.lab.sandbox.origin}/api/search` }];
    expect((await run(['panic', 'global', '--json'], { probe })).code).toBe(0);
    const restored = await run(['panic', 'restore', '--json'], { probe });
    expect(restored.code).toBe(0);
    expect(shown(restored).proof).toMatchObject({ verdict: 'proven', levelReached: 'enforced' });
  });
});

test('where nothing but the policy was seen, that is said, with the steps of the platform; status says what was not shown', async () => {
  state.lab = await openLab({ dialect: 'deployed' });
  try {
    const more = { shadowDriver: 'overrides' };
    const acted = await run(['panic', 'bucket', 'financial'], more);
    expect(acted.code).toBe(0);
    expect(acted.out).toContain('only the policy that the server shows was seen');
    expect(acted.out).toMatch(/1\. .*RATE_LIMIT_SHADOW_FINANCIAL=true/);
    // Nothing tells of decisions, though it was to wait for them.
    expect((await run(['panic', 'route', '/api/payments', '--wait', '2s'], more)).code).toBe(8);
    const status = await run(['status', '--json'], more);
    expect(jsonOf(status.out)).toMatchObject({
      lastReload: { command: 'panic route /api/payments', verdict: 'notProven' },
    });
  } finally {
    await state.lab.stop();
  }
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCli, startCli, type CliEnd, type CliRun } from '../support/cli.js';
import { jsonOf, openWorld, type JsonObject, type World } from '../support/world.js';

interface Case {
  readonly dialect: 'documented' | 'deployed';
  readonly workers: 1 | 4;
  readonly isProbed: boolean;
  readonly code: number;
  readonly verdict: string;
  readonly level: string;
  readonly trap: string | null;
}

/** What a change comes to on each kind of server: the documented one keeps its word, the deployed one does not enforce. */
const cases: readonly Case[] = [
  { dialect: 'documented', workers: 1, isProbed: false, code: 0, verdict: 'proven', level: 'loaded', trap: null },
  { dialect: 'documented', workers: 1, isProbed: true, code: 0, verdict: 'proven', level: 'enforced', trap: null },
  { dialect: 'documented', workers: 4, isProbed: false, code: 0, verdict: 'proven', level: 'loaded', trap: null },
  { dialect: 'documented', workers: 4, isProbed: true, code: 0, verdict: 'proven', level: 'enforced', trap: null },
  { dialect: 'deployed', workers: 1, isProbed: false, code: 0, verdict: 'proven', level: 'loaded', trap: null },
  {
    dialect: 'deployed',
    workers: 1,
    isProbed: true,
    code: 8,
    verdict: 'contradicted',
    level: 'loaded',
    trap: 'overridesNotEnforced',
  },
  { dialect: 'deployed', workers: 4, isProbed: false, code: 0, verdict: 'proven', level: 'loaded', trap: null },
  {
    dialect: 'deployed',
    workers: 4,
    isProbed: true,
    code: 8,
    verdict: 'contradicted',
    level: 'loaded',
    trap: 'overridesNotEnforced',
  },
];

interface Running {
  readonly world: World;
  readonly run: CliRun;
  readonly origin: string;
}

/** Starts `rlctl sandbox up` and waits for what it prints when it is ready. */
async function up(dialect: string, workers: number): Promise<Running> {
  const world = await openWorld();
  const run = startCli(['sandbox', 'up', '--dialect', dialect, '--workers', String(workers), '--json'], {
    env: world.env,
    cwd: world.cwd,
  });
  const ready = new Promise<void>((resolve) =>
    run.child.stdout.on('data', () => run.out().endsWith('}\n') && resolve()),
  );
  await Promise.race([ready, run.ended]);
  return { world, run, origin: String(jsonOf(run.out())['origin']) };
}

async function down({ world, run }: Running): Promise<CliEnd> {
  run.child.kill('SIGINT');
  const end = await run.ended;
  await world.remove();
  return end;
}

const inSandbox = ({ world }: Running, ...args: string[]): Promise<CliEnd> =>
  runCli(['-e', 'sandbox', ...args], { env: world.env, cwd: world.cwd });

describe.each([
  ['documented', 1],
  ['documented', 4],
  ['deployed', 1],
  ['deployed', 4],
] as const)('%s, workers: %i', (dialect, workers) => {
  const state = {} as { running: Running };
  beforeAll(async () => {
    state.running = await up(dialect, workers);
  });
  afterAll(async () => {
    await down(state.running);
  });

  const mine = cases.filter((each) => each.dialect === dialect && each.workers === workers);

  test.each(mine.map((each) => [each.isProbed ? 'with --probe' : 'without --probe', each] as const))(
    '%s',
    async (_, each) => {
      const { running } = state;
      const route = each.isProbed ? '/api/search' : '/api/items';
      const probe = each.isProbed ? ['--probe', `${running.origin}${route}`] : [];
      const args = ['override', 'set', route, '--rate', '120', '--burst', '2', '--reason', 'r', '--json', ...probe];
      const ran = await inSandbox(running, ...args);
      const result = jsonOf<{ proof: JsonObject; reloads: JsonObject[] }>(ran.out);
      expect({
        code: ran.code,
        verdict: result.proof['verdict'],
        level: result.proof['levelReached'],
        trap: result.proof['trap'],
      }).toEqual({
        code: each.code,
        verdict: each.verdict,
        level: each.level,
        trap: each.trap,
      });
      expect(result.proof).toMatchObject({
        levelAsked: each.isProbed ? 'enforced' : 'loaded',
        diagnosis: expect.stringMatching(/.{20}/) as string,
      });
      expect(result.reloads).toMatchObject([
        dialect === 'documented'
          ? { basePath: '/internal', profile: 'documented' }
          : { basePath: '/api/v1/internal', profile: 'empty' },
      ]);
    },
  );

  test('undo is proven, and the table says the verdict first', async () => {
    const ran = await inSandbox(state.running, 'override', 'undo', '--reason', 'r');
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(/^PROVEN \(loaded\) {2}/m);
  });

  test('a second sandbox of the same user is refused, and names the first', async () => {
    const ran = await runCli(['sandbox', 'up', '--json'], {
      env: state.running.world.env,
      cwd: state.running.world.cwd,
    });
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toContain(String(state.running.run.child.pid));
  });
});

test('a sandbox that has ended leaves nothing: no file, no environment, and its end is not an error', async () => {
  const running = await up('documented', 1);
  expect((await running.world.files()).size).toBeGreaterThan(0);
  running.run.child.kill('SIGINT');
  const end = await running.run.ended;
  expect([0, 130]).toContain(end.code);
  expect([...(await running.world.files()).keys()]).toEqual([]);
  const after = await inSandbox(running, 'override', 'list');
  expect(after.code).toBe(2);
  expect(after.err).toContain('rlctl sandbox up');
  await running.world.remove();
});

import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { builtInRunbooks } from '../../src/domain/runbook/built-in.js';
import { operationsKey } from '../../src/domain/redis-keys.js';
import { labHistoryKey, labKey, openLab, type Lab } from '../support/lab.js';
import { startSteadyTraffic } from '../support/steady-traffic.js';
import { jsonOf } from '../support/world.js';

// Every built-in runbook from its first step to its last, against both dialects. What people read stands in files beside
// this one, and is looked at when it changes: UPDATE_TRANSCRIPTS=true writes them anew.

const folder = join(import.meta.dirname, 'runbook-transcripts');

interface Scenario {
  readonly name: string;
  readonly given: readonly string[];
  /** Done once before the run. */
  readonly before?: (lab: Lab) => Promise<unknown>;
  /** What somebody does by hand, by step; every other step by hand is said to be done. */
  readonly byHand?: Readonly<Record<string, (lab: Lab) => Promise<unknown>>>;
  /** Callers come and go while it runs. */
  readonly traffic?: boolean;
  /** Settings of the environment beside the lab's own. */
  readonly more?: (lab: Lab) => Readonly<Record<string, unknown>>;
  /** The exit code at the end of the run, by dialect. */
  readonly codes: Readonly<Record<'documented' | 'deployed', number>>;
  /** The steps that must be told to have no effect on the deployed dialect. */
  readonly withoutEffect: readonly string[];
}

/** The handbook's stages for the buckets of the lab, each of which stands for a second. */
const stage = { window: '2s', soak: '1s', gates: { blockShare: '50%', samples: 1 } };
const rollouts = {
  standard: {
    stages: [
      { name: 'all-shadow', shadow: 'all', ...stage },
      { name: 'enforce-financial', enforce: ['financial'], ...stage },
      { name: 'enforce-read', enforce: ['read'], ...stage },
    ],
  },
};

const store = (text: string) => (lab: Lab) => lab.store(text);

/** The SHA-256 of POST:/api/checkout:user:42:booking:7, by sha256sum. */
const entry = '7cd836071c2a381b4ba36344ce0da2412b759bb437c1c46263532b04a6239a79';

const scenarios: readonly Scenario[] = [
  {
    name: 'runtime-change',
    given: ['variable=RATE_LIMIT_SHADOW_FINANCIAL', 'value=true'],
    byHand: { set: (lab) => appendFile(lab.sandbox.envFile, 'RATE_LIMIT_SHADOW_FINANCIAL=true\n') },
    codes: { documented: 0, deployed: 8 },
    withoutEffect: ['reload-financial', 'again-financial'],
  },
  {
    name: 'route-override',
    given: ['route=/api/search', 'rate=30', 'burst=4'],
    codes: { documented: 0, deployed: 8 },
    withoutEffect: ['write'],
  },
  {
    name: 'raise-limit',
    given: ['route=/api/search', 'burst=20', 'rate=90'],
    before: store('{"/api/search":{"rate":70,"burst":12}}'),
    codes: { documented: 0, deployed: 8 },
    withoutEffect: ['burst', 'rate'],
  },
  {
    name: 'clear-lock',
    given: ['user=user:42'],
    before: (lab) => lab.redis.cli('SET', 'lab:lock:42:checkout', 'held-by-7', 'PX', '3600000'),
    codes: { documented: 0, deployed: 0 },
    withoutEffect: [],
  },
  {
    name: 'clear-idempotency',
    given: ['text=POST:/api/checkout:user:42:booking:7'],
    before: (lab) => lab.redis.cli('SET', `lab:idem:${entry}`, '{"status":200}', 'PX', '86400000'),
    codes: { documented: 0, deployed: 0 },
    withoutEffect: [],
  },
  {
    name: 'emergency-rollback',
    given: ['scope=bucket', 'bucket=read'],
    codes: { documented: 0, deployed: 8 },
    withoutEffect: ['bucket', 'proof'],
  },
  {
    name: 'verify-rollback',
    given: ['scope=route', 'route=/api/search'],
    before: store('{"/api/search":{"shadow":true}}'),
    more: (lab) => ({ metrics: `${lab.sandbox.origin}/metrics` }),
    // What is shown and not enforced is no rollback that holds.
    codes: { documented: 0, deployed: 3 },
    withoutEffect: ['verify'],
  },
  // The last one: its callers leave counts behind.
  {
    name: 'staged-rollout',
    given: ['upTo=financial'],
    traffic: true,
    more: (lab) => ({ metrics: `${lab.sandbox.origin}/metrics` }),
    codes: { documented: 0, deployed: 8 },
    withoutEffect: ['observe'],
  },
];

test('there is a transcript of every built-in runbook', () => {
  expect(scenarios.map(({ name }) => name).sort()).toEqual([...builtInRunbooks.keys()].sort());
});

describe.each(['documented', 'deployed'] as const)('%s', (dialect) => {
  const state = {} as { lab: Lab; path: string };
  beforeAll(async () => {
    state.lab = await openLab({ dialect, behaviour: { generalLimiterPerMinute: null } });
  });
  afterAll(() => state.lab.stop());
  beforeEach(async () => {
    // What one run learned about the server is not to be known to the next.
    await rm(join(state.lab.world.stateHome, 'rlctl'), { recursive: true, force: true });
    await state.lab.reset();
  });

  test.each(scenarios)('$name', async ({ name, given, before, byHand, more, traffic, codes, withoutEffect }) => {
    const { lab } = state;
    const callers = traffic === true ? startSteadyTraffic(lab.sandbox.origin) : null;
    onTestFinished(async () => callers?.stop());
    const { origin } = lab.sandbox;
    const environment = {
      ...lab.environment,
      probe: [{ url: `${origin}/api/search`, bucket: 'read' }],
      buckets: { read: { routes: ['/api/search'] }, financial: { routes: ['/api/payments'] } },
      ...more?.(lab),
    };
    const path = await lab.world.config('transcripts.yaml', { environments: { lab: environment }, rollouts });
    await before?.(lab);
    await lab.world.main(['reload', '--no-verify']);
    const told: string[] = [];
    const say = async (line: readonly string[]) => {
      const ran = await lab.world.main(line, { env: { RLCTL_CONFIG: path } });
      told.push(`$ rlctl ${line.join(' ')}\n${ran.out}${ran.err}[exit ${ran.code}]`);
      return ran;
    };
    const start = ['runbook', 'run', name, ...given.flatMap((each) => ['--input', each])];
    let ran = await say(start);
    const [id] = /\d{8}-\d{6}-[0-9a-f]{6}/.exec(ran.out + ran.err) ?? [''];
    for (let turn = 0; turn < 10 && ran.code === 6; turn += 1) {
      const step = /waits for step "([^"]+)"/.exec(ran.err)?.[1] ?? '';
      await byHand?.[step]?.(lab);
      ran = await say(['runbook', 'resume', id, '--done', step]);
    }
    expect([name, ran.code]).toEqual([name, codes[dialect]]);
    const log = await lab.world.main(['runbook', 'log', id, '--json'], { env: { RLCTL_CONFIG: path } });
    const { steps } = jsonOf<{ steps: readonly { id: string; state: string }[] }>(log.out);
    const noEffect = steps.filter((step) => step.state === 'noEffect').map((step) => step.id);
    expect(noEffect).toEqual(dialect === 'deployed' ? withoutEffect : []);
    if (traffic === true && dialect === 'documented') {
      // As after a kill between the stage and its record: the stage goes on as it stands, and is not entered twice.
      const [key, before] = [operationsKey(labKey), await lab.redis.cli('XLEN', labHistoryKey)];
      const journal = jsonOf<{ rev: number; steps: readonly { id: string }[] }>(
        await lab.redis.cli('HGET', key, `run:${id}`),
      );
      const cut = journal.steps.map((step) => (step.id === 'enforce-financial' ? { ...step, state: 'started' } : step));
      const text = JSON.stringify({ ...journal, rev: journal.rev + 1, state: 'running', steps: cut });
      await lab.redis.cli('HSET', key, `run:${id}`, text);
      const again = await lab.world.main(['runbook', 'resume', id], { env: { RLCTL_CONFIG: path } });
      expect(again).toMatchObject({ code: 0, out: expect.stringContaining('enforce-financial: passed') });
      expect(await lab.redis.cli('XLEN', labHistoryKey)).toBe(before);
    }
    if (traffic === true) {
      const back = await lab.world.main(['runbook', 'resume', id, '--undo', '--json'], { env: { RLCTL_CONFIG: path } });
      expect([back.code, await lab.document()]).toEqual([0, '{}']);
    }
    await expectTranscript(join(folder, dialect, `${name}.txt`), masked(told.join('\n\n'), lab));
  });
});

/** What differs from one run to the next stands as a word. */
function masked(text: string, lab: Lab): string {
  return `${text
    .replaceAll(lab.sandbox.origin, 'http://API')
    .replaceAll(lab.world.root, '/ROOT')
    .replaceAll(/\d{8}-\d{6}-[0-9a-f]{6}/g, 'RUN')
    .replaceAll(/\br-[0-9a-f]{8}\b/g, 'ROLLOUT')
    .replaceAll(/refuse \S+ \([^)]*\)/g, 'refuse SHARE')
    .replaceAll(/\bc[0-9a-z]{19}\b/g, 'CHANGE')
    .replaceAll(/\d{4}-\d\d-\d\dT[0-9:.]+Z/g, 'TIME')
    .replaceAll(/\b[0-9a-f]{12,64}\b/g, 'HEX')
    .replaceAll(/(?:\d+m )?\d+(?:ms|s|m)\b(?: \d+s)?/g, 'DURATION')
    .replaceAll(/(\d+) MiB free/g, 'N MiB free')}\n`;
}

async function expectTranscript(path: string, text: string): Promise<void> {
  if (process.env['UPDATE_TRANSCRIPTS'] === 'true') {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  expect(text).toBe(await readFile(path, 'utf8').catch(() => ''));
}

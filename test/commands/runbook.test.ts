import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { labHistoryKey, openLab, type Lab } from '../support/lab.js';
import { startPrometheus } from '../support/prometheus.js';
import { errorOf, jsonOf, type JsonObject, type MainOptions, type Ran } from '../support/world.js';

const state = {} as { lab: Lab };
beforeAll(async () => {
  state.lab = await openLab();
});
afterAll(() => state.lab.stop());
beforeEach(async () => {
  await rm(join(state.lab.world.stateHome, 'rlctl'), { recursive: true, force: true });
  await rm(join(state.lab.world.cwd, 'runbooks'), { recursive: true, force: true });
  await state.lab.reset();
});

const rlctl = (args: readonly string[], options?: MainOptions): Promise<Ran> => state.lab.world.main(args, options);
const historyLength = async (): Promise<number> => Number(await state.lab.redis.cli('XLEN', labHistoryKey));

/** A runbook of the team's own, beside the configuration. */
async function write(name: string, runbook: JsonObject): Promise<string> {
  return state.lab.world.write(`runbooks/${name}.yaml`, JSON.stringify({ title: 'T', summary: 'S', ...runbook }));
}

interface Shown {
  readonly run: string;
  readonly state: string;
  readonly steps: readonly {
    readonly id: string;
    readonly state: string;
    readonly said: string | null;
    readonly changeId: string;
  }[];
}

const states = (shown: Shown): readonly string[] => shown.steps.map(({ id, state: is }) => `${id} ${is}`);

describe('looking', () => {
  test('the list names the built-in ones and the team’s, a faulty one with its cure', async () => {
    await write('ours', { steps: [{ id: 'a', title: 'A', rlctl: ['status'] }] });
    await write('broken', { steps: [] });
    await write('raise-limit', { steps: [{ id: 'a', title: 'A', rlctl: ['status'] }] });
    const { runbooks } = jsonOf<{ runbooks: readonly { name: string; source: string; fault: string | null }[] }>(
      (await rlctl(['runbook', 'list', '--json'])).out,
    );
    expect(runbooks.filter(({ source }) => source === 'built-in')).toHaveLength(8);
    const team = runbooks.filter(({ source }) => source !== 'built-in').map(({ name, fault }) => [name, fault]);
    expect(team).toEqual([
      ['broken', 'faulty: rlctl runbook lint broken'],
      ['ours', null],
      ['raise-limit', 'the name is that of a built-in one'],
    ]);
  });

  test('what show prints as YAML is a runbook that runs', async () => {
    const { out } = await rlctl(['runbook', 'show', 'clear-lock', '-o', 'yaml']);
    await state.lab.world.write('runbooks/copied.yaml', out);
    expect(await rlctl(['runbook', 'lint', 'copied'])).toMatchObject({ code: 0, out: 'nothing found in 1 runbook\n' });
    await state.lab.redis.cli('SET', 'lab:lock:1:checkout', 'held');
    const waits = errorOf(await rlctl(['runbook', 'run', 'copied', '-i', 'user=user:1', '--json']));
    const resume = ['runbook', 'resume', String(waits.details?.['run']), '--done', 'agree', '--json'];
    expect(await rlctl(resume)).toMatchObject({ code: 0, err: '' });
  });

  test('the page of the handbook comes from the same source', async () => {
    const { out } = await rlctl(['runbook', 'show', 'raise-limit', '--markdown']);
    expect(out).toContain('# Raise a limit, burst first\n');
    expect(out).toContain('| `rate` | `1–60000` | the new rate per minute, after the burst; may be left out |');
    expect(out).toContain('Only where rate is given.');
    expect(out).toContain('raise-limit --input route=/api/search --input burst=40\n');
    expect(out).toContain('rlctl override set {{route}} --burst {{burst}}');
  });

  test('the page shows one argument as one, and that no data is good', async () => {
    const argv = ['./bin/clear-cache', 'undo {{route}}'];
    await write('ours', {
      inputs: { route: { type: 'route' } },
      steps: [
        { id: 'a', title: 'A', exec: { argv }, undo: { manual: 'x' } },
        { id: 'b', title: 'B', promql: { query: 'up', below: 5, noData: 'pass' } },
      ],
    });
    const { out } = await rlctl(['runbook', 'show', 'ours', '--markdown']);
    expect(out).toContain("run ./bin/clear-cache 'undo {{route}}'\n");
    expect(out).toContain('PromQL up: below 5, or no data\n');
    expect((await rlctl(['env', 'trust', '--dry-run'])).out).toContain("runs ./bin/clear-cache 'undo {{route}}'\n");
  });

  test('lint checks every command against the command tree, and reports as SARIF and for GitHub', async () => {
    await write('odd', { steps: [{ id: 'a', title: 'A', rlctl: ['override', 'set', '/a', '--raet', '3'] }] });
    const shown = await rlctl(['runbook', 'lint']);
    expect(shown.code).toBe(3);
    expect(shown.out).toContain('runbooks/odd.yaml:1:');
    expect(shown.out).toContain("unknown option '--raet'");
    const sarif = await rlctl(['runbook', 'lint', '--sarif']);
    const results = jsonOf<{ runs: readonly [{ results: readonly { ruleId: string }[] }] }>(sarif.out).runs[0].results;
    expect(results.map(({ ruleId }) => ruleId)).toEqual(['command']);
    const github = await rlctl(['runbook', 'lint', '--github']);
    expect(github.out).toMatch(/^::error file=runbooks\/odd\.yaml,line=1,col=\d+,title=rlctl%3A command::/);
  });

  test('what is wrong with form, meaning and commands is told at once, by lint and by run', async () => {
    await write('odd', {
      steps: [
        { id: 'a', titel: 'A', rlctl: ['override', 'set', '/a', '--raet', '3'] },
        { id: 'a', title: 'B', rlctl: ['override', 'get', '{{route}}'] },
      ],
    });
    const wanted = [
      'titel is unknown',
      'title is missing',
      "'--raet'",
      'another step "a"',
      '{{route}}: there is no such',
    ];
    for (const ran of [await rlctl(['runbook', 'lint']), await rlctl(['runbook', 'run', 'odd'])]) {
      const text = ran.out + ran.err;
      expect(wanted.filter((each) => !text.includes(each))).toEqual([]);
      expect(text.match(/odd\.yaml:1:\d+: /g)).toHaveLength(wanted.length);
    }
  });

  test('a dry run shows every command with its consent, and runs nothing', async () => {
    const line = [
      'runbook',
      'run',
      'raise-limit',
      '-i',
      'route=/api/a b',
      '-i',
      'burst=4',
      '--reason',
      'R',
      '--for',
      '2h',
    ];
    const shown = await rlctl([...line, '--dry-run']);
    expect(shown.code).toBe(0);
    expect(shown.out).toContain("override set '/api/a b' --burst 4 --yes --reason R --for 2h");
    expect(shown.out).not.toContain('--rate');
    expect(shown.out).toContain('nothing has been run');
    expect(await historyLength()).toBe(0);
    expect((await rlctl(['runbook', 'log'])).out).toBe('no run of a runbook is known\n');
  });
});

describe('before anything runs', () => {
  test('every input that is wrong is named at once, and nothing is written', async () => {
    const ran = await rlctl(['runbook', 'run', 'raise-limit', '-i', 'route=api', '-i', 'brust=3', '--json']);
    expect(ran.code).toBe(2);
    expect(errorOf(ran)).toMatchObject({ code: 'RUNBOOK_INPUT' });
    expect(errorOf(ran).message).toContain('there is no input brust; did you mean burst?');
    expect(errorOf(ran).message).toContain('does not start with "/"');
    expect(errorOf(ran).message).toContain('input burst is missing');
    expect(await historyLength()).toBe(0);
  });

  test('the input that is missing is the one that the hint shows', async () => {
    const missing = errorOf(await rlctl(['runbook', 'run', 'emergency-rollback', '-i', 'scope=bucket', '--json']));
    expect(missing.message).toContain('input bucket is missing');
    expect(missing.hint).toContain('Give inputs as --input bucket=');
  });

  test('the input that is wrong is the one that the hint shows', async () => {
    const given = ['-i', 'route=/api/a', '-i', 'burst=3', '-i', 'rate=0'];
    const wrong = errorOf(await rlctl(['runbook', 'run', 'raise-limit', ...given, '--json']));
    expect(wrong.message).toContain('input rate: "0" is not a whole number from 1 to 60000');
    expect(wrong.hint).toContain('Give inputs as --input rate=120.');
  });

  test('a value is never a flag, a shell or another template', async () => {
    const reset = ['runbook', 'run', 'clear-lock', '-i', 'user=user:1', '-i'];
    expect(await rlctl([...reset, 'name=--target=x'])).toMatchObject({ code: 2 });
    const ran = await rlctl([...reset, 'name=$(touch${IFS}x);{{user}}', '--json']);
    // Nothing of that name is held: whoever typed it is told.
    expect(ran.code).toBe(3);
    expect(ran.out).toContain('there is no lock of user 1, $(touch${IFS}x);{{user}}');
  });

  test('on a protected environment a run wants its reason, its end and its name, once for all steps', async () => {
    const environments = { lab: { ...state.lab.environment, protected: true } };
    const path = await state.lab.world.config('protected.yaml', { environments });
    const line = ['runbook', 'run', 'raise-limit', '-i', 'route=/api/a', '-i', 'burst=40', '-i', 'rate=80', '--json'];
    const run = (...more: string[]) => rlctl([...line, ...more], { env: { RLCTL_CONFIG: path } });
    expect(jsonOf((await run('--dry-run')).out)['remarks']).toEqual([
      expect.stringMatching(/^the run will be refused without more: "lab" wants a reason and an end; .*--reason/),
      expect.stringMatching(/--confirm lab$/),
    ]);
    const signed = ['--reason', 'R', '--for', '1h', '--confirm', 'lab'];
    expect(jsonOf((await run('--dry-run', ...signed)).out)['remarks']).toEqual([]);
    expect(errorOf(await run())).toMatchObject({ exitCode: 6, code: 'REASON_MISSING' });
    expect(errorOf(await run('--reason', 'R', '--for', '1h'))).toMatchObject({ exitCode: 6, code: 'NOT_CONFIRMED' });
    expect(await historyLength()).toBe(0);
    const ran = await run('--reason', 'R', '--for', '1h', '--confirm', 'lab');
    expect(ran).toMatchObject({ code: 0, err: '' });
    const history = await rlctl(['override', 'history', '--json']);
    const { entries } = jsonOf<{ entries: readonly { reason: string | null; until: string | null }[] }>(history.out);
    expect(entries.filter(({ reason }) => reason === 'R')).toHaveLength(2);
    expect(entries[0]?.until).not.toBeNull();
  });

  test('on a protected environment every way on that is printed carries the confirmation', async () => {
    await write('by-hand', { steps: [{ id: 'hand', title: '1', manual: 'Call.', undo: { manual: 'Call.' } }] });
    const environments = { lab: { ...state.lab.environment, protected: true } };
    const path = await state.lab.world.config('protected.yaml', { environments });
    const run = (...line: string[]) => rlctl(line, { env: { RLCTL_CONFIG: path } });
    const said = ['--reason', 'R', '--confirm', 'lab'];
    const waits = errorOf(await run('runbook', 'run', 'by-hand', ...said, '--json'));
    expect(waits.hint).toMatch(/--done hand --confirm lab$/);
    const id = String(waits.details?.['run']);
    const plan = await run('runbook', 'resume', id, '--dry-run');
    expect(plan.out).toContain('note:  "lab" is protected: without a terminal the run will be refused');
    const { out } = await run('runbook', 'resume', id, '--done', 'hand', '--confirm', 'lab');
    expect(out).toMatch(new RegExp(`runbook resume ${id} --undo --confirm lab$`, 'm'));
  });

  test('read-only refuses a run and permits its dry run', async () => {
    const line = ['runbook', 'run', 'clear-lock', '-i', 'user=user:1', '--read-only'];
    expect(await rlctl(line)).toMatchObject({ code: 6 });
    expect(await rlctl([...line, '--dry-run'])).toMatchObject({ code: 0 });
  });
});

describe('a run', () => {
  test('records its changes as parts of it, and is taken back exactly, the last step first', async () => {
    const before = '{"/api/b" : {"rate":9}, "/api/a":{"rate":1,"x":2}}';
    await state.lab.store(before);
    const line = ['runbook', 'run', 'raise-limit', '-i', 'route=/api/a', '-i', 'burst=40', '-i', 'rate=80', '--json'];
    const ran = jsonOf<Shown>((await rlctl(line)).out);
    expect(states(ran)).toEqual(['before done', 'burst done', 'traffic done', 'rate done', 'after done']);
    const { entries } = jsonOf<{ entries: readonly { changeId: string; partOf?: unknown }[] }>(
      (await rlctl(['override', 'history', '--json'])).out,
    );
    expect(entries.map(({ changeId }) => changeId)).toContain(ran.steps[1]?.changeId);
    const back = await rlctl(['runbook', 'resume', ran.run, '--undo', '--json']);
    expect(back).toMatchObject({ code: 0 });
    expect(await state.lab.document()).toBe(before);
    expect(errorOf(await rlctl(['runbook', 'resume', ran.run, '--undo', '--json']))).toMatchObject({
      code: 'RUN_OVER',
    });
    expect(errorOf(await rlctl(['runbook', 'resume', ran.run, '--json']))).toMatchObject({ exitCode: 2 });
  });

  describe('that sets flags in an env file', () => {
    const found = { text: '' };
    const through = async (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> => {
      const { lab } = state;
      const entry = { ...lab.environment, shadowDriver: { 'env-file': lab.sandbox.envFile } };
      const path = await lab.world.config('flags.yaml', { environments: { lab: entry } });
      return rlctl(args, { env: { RLCTL_CONFIG: path, ...env } });
    };
    const file = (): Promise<string> => readFile(state.lab.sandbox.envFile, 'utf8');
    const setIn = (text: string): Promise<void> => writeFile(state.lab.sandbox.envFile, text);
    const ranFlags = async (): Promise<string> => {
      await write('flags', {
        steps: [
          { id: 'set', title: '1', rlctl: ['override', 'set', '/api/a', '--rate', '3'] },
          { id: 'flag', title: '2', rlctl: ['shadow', 'on', 'financial'] },
          {
            id: 'never',
            title: '3',
            precheck: [{ rlctl: ['override', 'get', '/none'] }],
            rlctl: ['shadow', 'on', 'read'],
          },
        ],
      });
      const ran = await through(['runbook', 'run', 'flags', '--json']);
      expect(await file()).toContain('RATE_LIMIT_SHADOW_FINANCIAL=true');
      return jsonOf<Shown>(ran.out).run;
    };
    beforeEach(async () => {
      found.text = await file();
    });
    afterEach(() => setIn(found.text));

    test('is taken back to the byte, also by a colleague, and proven; a step that never ran is not told of', async () => {
      const text = found.text.replace(/^RATE_LIMIT_SHADOW=.*$/m, 'RATE_LIMIT_SHADOW=true');
      await setIn(text);
      const run = await ranFlags();
      const bob = { RLCTL_ACTOR: 'bob@host', XDG_STATE_HOME: join(state.lab.world.root, 'state-of-bob') };
      const back = await through(['runbook', 'resume', run, '--undo'], bob);
      expect(back).toMatchObject({ code: 0 });
      expect(back.out).toMatch(/↺ flag .*\n +taking back: rlctl .*shadow on financial\n.*true → .*\n +proven/);
      expect(back.out).not.toContain('never');
      expect([await file(), await state.lab.document()]).toEqual([text, '{}']);
    });

    test('where somebody wrote another text since is a failure that says so, and leaves that', async () => {
      const run = await ranFlags();
      const edited = (await file()).replace('RATE_LIMIT_SHADOW_FINANCIAL=true', 'RATE_LIMIT_SHADOW_FINANCIAL=TRUE');
      await setIn(edited);
      const back = errorOf(await through(['runbook', 'resume', run, '--undo', '--json']));
      expect(back).toMatchObject({ code: 'RUN_STOPPED', exitCode: 5 });
      expect(back.message).toContain('RATE_LIMIT_SHADOW_FINANCIAL was changed in');
      expect(await file()).toBe(edited);
    });

    test('on another machine is a failure that says where', async () => {
      const run = await ranFlags();
      const key = '{lab:rl:overrides}:operations';
      const told = await state.lab.redis.cli('HGET', key, 'flags');
      await state.lab.redis.cli('HSET', key, 'flags', told.replace(/"machine":"[^"]*"/, '"machine":"other-host"'));
      const bob = { XDG_STATE_HOME: join(state.lab.world.root, 'state-of-eve') };
      const back = errorOf(await through(['runbook', 'resume', run, '--undo', '--json'], bob));
      expect(back.message).toContain('on other-host, which is not set from here');
      expect(back.exitCode).toBe(6);
      expect(await file()).toContain('RATE_LIMIT_SHADOW_FINANCIAL=true');
    });
  });

  test('an emergency rollback is taken back by restoring its panic, and where that is restored already nothing is left', async () => {
    const before = '{"/api/payments":{"rate":3}}';
    await state.lab.store(before);
    const line = ['runbook', 'run', 'emergency-rollback', '-i', 'scope=bucket', '-i', 'bucket=pay', '--json'];
    const [first, second] = [jsonOf<Shown>((await rlctl(line)).out), jsonOf<Shown>((await rlctl(line)).out)];
    expect(states(first)).toContain('bucket done');
    expect(await state.lab.document()).toBe('{"/api/payments":{"rate":3,"shadow":true}}');
    expect(await rlctl(['runbook', 'resume', first.run, '--undo'])).toMatchObject({ code: 0 });
    expect(await state.lab.document()).toBe(before);
    const left = await rlctl(['runbook', 'resume', second.run, '--undo', '--json']);
    expect(left.code).toBe(0);
    expect(left.out).toContain('no change of it stands any more');
  });

  test('somebody’s later change of the same route keeps it from being taken back', async () => {
    const ran = jsonOf<Shown>(
      (await rlctl(['runbook', 'run', 'route-override', '-i', 'route=/api/a', '-i', 'rate=4', '--json'])).out,
    );
    await rlctl(['override', 'set', '/api/a', '--rate', '7']);
    const back = await rlctl(['-e', 'lab', 'runbook', 'resume', ran.run, '--undo', '--json']);
    expect(back.code).toBe(5);
    const { hint, details } = errorOf(back);
    expect(details).toMatchObject({ run: ran.run, step: 'write', state: 'stopped' });
    expect(hint).toMatch(
      /^Look at "rlctl -e lab .*override history".*runbook resume \S+ --undo; or .* --undo --skip write$/,
    );
    expect(await state.lab.document()).toBe('{"/api/a":{"rate":7}}');
  });

  test('of what is taken back a conflict after a part of it is 8, and the way on takes back', async () => {
    await write('two', {
      steps: [
        { id: 'one', title: '1', rlctl: ['override', 'set', '/api/a', '--rate', '3'] },
        { id: 'two', title: '2', rlctl: ['override', 'set', '/api/b', '--rate', '4'] },
      ],
    });
    const { run } = jsonOf<Shown>((await rlctl(['runbook', 'run', 'two', '--json'])).out);
    await rlctl(['override', 'set', '/api/a', '--rate', '7']);
    const back = await rlctl(['runbook', 'resume', run, '--undo', '--json']);
    expect(back.code).toBe(8);
    const told = jsonOf<Shown & { readonly hint: string; readonly stoppedAt: { readonly hint: string } }>(back.out);
    expect(states(told)).toEqual(['one undoing', 'two undone']);
    const ways =
      /^when that is settled, go on with: rlctl .*runbook resume \S+ --undo; or leave .*(runbook resume .*)$/;
    expect(told.hint).toMatch(ways);
    expect(told.stoppedAt.hint).toMatch(/^Look at "rlctl .*override history"/);
    const left = await rlctl([...(ways.exec(told.hint)?.[1] ?? '').split(' '), '--json']);
    expect([left.code, states(jsonOf<Shown>(left.out))]).toEqual([0, ['one skipped', 'two undone']]);
    expect(await state.lab.document()).toBe('{"/api/a":{"rate":7}}');
  });

  test('waits for what is done by hand, and goes on where it stood: on this machine or another one', async () => {
    await write('by-hand', {
      steps: [
        { id: 'one', title: '1', rlctl: ['override', 'set', '/api/a', '--rate', '3'] },
        { id: 'hand', title: '2', manual: 'Call {{environment}}.', undo: { manual: 'Call again.' } },
        { id: 'two', title: '3', rlctl: ['override', 'set', '/api/b', '--rate', '4'] },
      ],
    });
    const first = errorOf(await rlctl(['runbook', 'run', 'by-hand', '--json']));
    expect(first).toMatchObject({ exitCode: 6, code: 'RUN_WAITS', details: { step: 'hand', said: 'Call lab.' } });
    const id = String(first.details?.['run']);
    const elsewhere = { env: { XDG_STATE_HOME: join(state.lab.world.root, 'elsewhere'), RLCTL_ACTOR: 'other@there' } };
    const again = errorOf(await rlctl(['runbook', 'resume', id, '--json'], elsewhere));
    expect(again).toMatchObject({ code: 'RUN_WAITS' });
    const ran = jsonOf<Shown>((await rlctl(['runbook', 'resume', id, '--done', 'hand', '--json'], elsewhere)).out);
    expect(states(ran)).toEqual(['one done', 'hand done', 'two done']);
    expect(ran.steps[1]?.said).toBe('done, as other@there said');
    expect(await historyLength()).toBe(2);
    const log = await rlctl(['runbook', 'log', id]);
    expect(log.out).toContain('hand waits  tester@test');
    expect(log.out).toContain('run resumed  other@there');
  });

  test('a step by hand that nobody said was done needs no way back, and one that is left out keeps what it did', async () => {
    await write('by-hand', {
      steps: [
        { id: 'one', title: '1', rlctl: ['override', 'set', '/api/a', '--rate', '3'] },
        { id: 'two', title: '2', rlctl: ['override', 'set', '/api/b', '--rate', '4'] },
        { id: 'hand', title: '3', manual: 'Restart.', undo: { manual: 'Set it back.' } },
      ],
    });
    const id = String(errorOf(await rlctl(['runbook', 'run', 'by-hand', '--json'])).details?.['run']);
    const plan = await rlctl(['runbook', 'resume', id, '--undo', '--skip', 'one', '--dry-run']);
    expect(plan.out).not.toMatch(/Restart|Set it back|api\/a /);
    const back = await rlctl(['runbook', 'resume', id, '--undo', '--skip', 'one', '--json']);
    expect(back).toMatchObject({ code: 0, err: '' });
    const shown = jsonOf<Shown>(back.out);
    expect(states(shown)).toEqual(['one skipped', 'two undone', 'hand skipped']);
    expect(shown.steps.map(({ said }) => said)).toEqual([
      'left as it is, as tester@test said',
      expect.any(String),
      'nobody said that it was done: there is nothing to take back',
    ]);
    expect(await state.lab.document()).toBe('{"/api/a":{"rate":3}}');
  });

  test('a step by hand that somebody said was done is taken back by hand', async () => {
    await write('by-hand', {
      steps: [
        { id: 'hand', title: '1', manual: 'Restart.', undo: { manual: 'Set it back.' } },
        { id: 'look', title: '2', manual: 'Look.', undo: { nothing: 'a look' } },
      ],
    });
    const id = String(errorOf(await rlctl(['runbook', 'run', 'by-hand', '--json'])).details?.['run']);
    await rlctl(['runbook', 'resume', id, '--done', 'hand', '--json']);
    const waits = errorOf(await rlctl(['runbook', 'resume', id, '--undo', '--json']));
    expect(waits).toMatchObject({ code: 'RUN_WAITS', details: { step: 'hand', said: 'Set it back.' } });
    const again = errorOf(await rlctl(['runbook', 'resume', id, '--undo', '--json']));
    expect(again).toMatchObject({ code: 'RUN_WAITS', details: { step: 'hand' } });
  });

  test('taken back where nothing was changed is a good end, whatever had no effect', async () => {
    await write('looks', {
      steps: [
        { id: 'look', title: '1', rlctl: ['reload'], fields: { 'proof.verdict': 'never' }, ifNoEffect: 'continue' },
      ],
    });
    const ran = await rlctl(['runbook', 'run', 'looks', '--json']);
    expect(ran.code).toBe(8);
    const id = jsonOf<Shown>(ran.out).run;
    const back = await rlctl(['runbook', 'resume', id, '--undo']);
    expect(back.code).toBe(0);
    expect(back.out).toContain('taken back');
    expect(back.out).not.toContain('without effect');
  });

  test('its journal is a private file, and stands in Redis beside the document', async () => {
    const ran = jsonOf<Shown>((await rlctl(['runbook', 'run', 'clear-lock', '-i', 'user=user:1', '--json'])).out);
    const path = join(state.lab.world.stateHome, 'rlctl', 'runs', `${ran.run}.journal.json`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const stored = await state.lab.redis.cli('HGET', '{lab:rl:overrides}:operations', `run:${ran.run}`);
    expect(JSON.parse(stored)).toEqual(JSON.parse(await readFile(path, 'utf8')));
    expect(await state.lab.redis.cli('HEXISTS', '{lab:rl:overrides}:operations', `lease run:${ran.run}`)).toBe('0');
  });

  test('a run that somebody else drives is refused with who and until when, and can be taken over', async () => {
    await write('by-hand', { steps: [{ id: 'hand', title: '1', manual: 'Call.', undo: { manual: 'Call.' } }] });
    const id = String(errorOf(await rlctl(['runbook', 'run', 'by-hand', '--json'])).details?.['run']);
    const until = Date.now() + 60_000;
    await state.lab.redis.cli('HSET', '{lab:rl:overrides}:operations', `lease run:${id}`, `${until} token alice@there`);
    const refused = errorOf(await rlctl(['runbook', 'resume', id, '--done', 'hand', '--json']));
    expect(refused).toMatchObject({
      exitCode: 5,
      code: 'RUN_DRIVEN',
      details: { holder: 'alice@there', untilMs: until },
    });
    expect(refused.message).toContain(new Date(until).toISOString());
    expect(await rlctl(['runbook', 'resume', id, '--done', 'hand', '--take-over'])).toMatchObject({ code: 0 });
  });

  test('the command that takes a run over goes the same way as the one that was refused', async () => {
    const step = (id: string) => ({ id, title: id, rlctl: ['override', 'set', `/api/${id}`, '--rate', '3'] });
    await write('two', { steps: [step('one'), step('two')] });
    const { run } = jsonOf<Shown>((await rlctl(['runbook', 'run', 'two', '--json'])).out);
    const lease = [`lease run:${run}`, `${Date.now() + 60_000} token alice@there`];
    await state.lab.redis.cli('HSET', '{lab:rl:overrides}:operations', ...lease);
    const { hint } = errorOf(await rlctl(['runbook', 'resume', run, '--undo', '--skip', 'one', '--json']));
    const words = /runbook resume .*--take-over/.exec(hint ?? '')?.[0].split(' ') ?? [];
    const back = jsonOf<Shown>((await rlctl([...words, '--json'])).out);
    expect(states(back)).toEqual(['one skipped', 'two undone']);
  });

  test('a way back whose journal cannot be written any more is gone on with as a way back', async () => {
    const spoil = ['redis-cli', '-p', `${state.lab.redis.port}`, 'SET', '{lab:rl:overrides}:operations', 'no hash'];
    await write('one', {
      steps: [{ id: 'one', title: '1', exec: { argv: ['true'] }, undo: { exec: { argv: spoil } } }],
    });
    const { run } = jsonOf<Shown>((await rlctl(['runbook', 'run', 'one', '--json'])).out);
    const back = errorOf(await rlctl(['runbook', 'resume', run, '--undo', '--json']));
    expect(back.details).toMatchObject({ run });
    expect(back.hint).toMatch(new RegExp(`o on with: rlctl .*runbook resume ${run} --undo$`));
  });

  test('stops where a check before a step does not hold, does nothing of it, and goes on when it holds', async () => {
    await write('careful', {
      steps: [
        {
          id: 'set',
          title: '1',
          rlctl: ['override', 'set', '/api/a', '--rate', '3'],
          precheck: [{ http: { path: '/health/live', status: 200, contains: 'no such text' } }],
        },
      ],
    });
    const ran = await rlctl(['runbook', 'run', 'careful', '--json']);
    expect(ran.code).toBe(3);
    expect(jsonOf<Shown>(ran.out).steps[0]?.said).toContain(
      'before it: /health/live answered 200 without "no such text"',
    );
    expect(await historyLength()).toBe(0);
    const skipped = await rlctl(['runbook', 'resume', jsonOf<Shown>(ran.out).run, '--skip', 'set', '--json']);
    expect(states(jsonOf<Shown>(skipped.out))).toEqual(['set skipped']);
  });

  test('raise-limit raises: what is higher already stops it, and nothing is written', async () => {
    await rlctl(['override', 'set', '/api/a', '--burst', '40']);
    const before = await state.lab.document();
    const ran = await rlctl(['runbook', 'run', 'raise-limit', '-i', 'route=/api/a', '-i', 'burst=1', '--json']);
    expect(ran.code).toBe(3);
    expect(jsonOf<Shown>(ran.out).steps[1]).toMatchObject({
      state: 'failed',
      said: expect.stringContaining('before it: server.burst is 40, and must be at most 1'),
    });
    const { run, hint } = jsonOf<Shown & { readonly hint: string }>(ran.out);
    expect(hint).toContain(`runbook resume ${run} --skip burst; `);
    expect(hint).toContain(`runbook resume ${run} --skip-rest; `);
    const past = await rlctl(['runbook', 'resume', run, '--skip', 'burst', '--json']);
    expect([past.code, states(jsonOf<Shown>(past.out))[1]]).toEqual([0, 'burst skipped']);
    // So does what is stored and not in force yet.
    await state.lab.store('{"/api/a":{"burst":90}}');
    const stored = await rlctl(['runbook', 'run', 'raise-limit', '-i', 'route=/api/a', '-i', 'burst=60', '--json']);
    expect(jsonOf<Shown>(stored.out).steps[1]?.said).toContain('expected.burst is 90, and must be at most 60');
    await state.lab.store(before ?? '');
    expect(await state.lab.document()).toBe(before);
  });

  test('a rollback that does not hold is told as such: of a bucket, of everything, of a route', async () => {
    const look = (...given: readonly string[]) =>
      rlctl(['runbook', 'run', 'verify-rollback', ...given.flatMap((each) => ['-i', each]), '--json']);
    const bucket = ['scope=bucket', 'bucket=financial'];
    const refusing = await look(...bucket);
    expect(refusing.code).toBe(3);
    const failed = jsonOf<Shown>(refusing.out).steps.find(({ id }) => id === 'bucket');
    expect(failed).toMatchObject({ state: 'failed', said: expect.stringContaining('financial: enforcing') });
    expect((await look('scope=global')).code).toBe(3);
    expect((await look('scope=route', 'route=/api/search')).code).toBe(3);
    await rlctl(['panic', 'bucket', 'financial']);
    const held = await look(...bucket);
    expect(held.code).toBe(0);
    const steps = jsonOf<Shown>(held.out).steps;
    expect(steps.find(({ id }) => id === 'bucket')?.said).toContain('financial: in shadow by overrides');
    // Nothing is counted here: that is no proof.
    expect(steps.find(({ id }) => id === 'traffic')).toMatchObject({
      state: 'skipped',
      said: expect.stringContaining('it cannot be told'),
    });
    // The others go on refusing; and a route of the bucket that has an override of its own.
    expect((await look('scope=global')).code).toBe(3);
    await rlctl(['override', 'set', '/api/payments/refunds', '--rate', '3', '--no-shadow']);
    const partly = await look(...bucket);
    expect(partly.code).toBe(3);
    const said = jsonOf<Shown>(partly.out).steps.find(({ id }) => id === 'bucket')?.said;
    expect(said).toContain('financial: partly in shadow by overrides');
    await rlctl(['panic', 'global']);
    expect((await look('scope=global')).code).toBe(0);
    expect((await look('scope=route', 'route=/api/search')).code).toBe(0);
  });

  test.each([
    ['that says so itself', '{"/api/search/hot":{"rate":5,"shadow":false},"/api/search":{"shadow":true}}', 3],
    ['that leaves it to the flag', '{"/api/search/hot":{"rate":5},"/api/search":{"shadow":true}}', 3],
    ['that is in shadow', '{"/api/search/hot":{"rate":5,"shadow":true},"/api/search":{"shadow":true}}', 0],
    ['that never wins', '{"/api/search":{"shadow":true},"/api/search/hot":{"rate":5,"shadow":false}}', 0],
  ])('a route in shadow with a longer override under it %s', async (_, document, code) => {
    await state.lab.store(document);
    await rlctl(['reload']);
    const line = ['runbook', 'run', 'verify-rollback', '-i', 'scope=route', '-i', 'route=/api/search', '--json'];
    const ran = await rlctl(line);
    const step = jsonOf<Shown>(ran.out).steps.find(({ id }) => id === 'route');
    expect([ran.code, step?.state]).toEqual([code, code === 0 ? 'done' : 'failed']);
    const said = 'under this route requests are refused all the same, by the override "/api/search/hot"';
    expect(step?.said?.includes(said)).toBe(code === 3);
  });

  const refusedAllTheSame = 'under this route requests are refused all the same, by';
  test.each([
    ['another bucket', '"/api/payments"', false, `${refusedAllTheSame} the override "/api/payments"`],
    [
      'no bucket that is known',
      '"/apix"',
      null,
      'whether requests under this route are refused is not known of the override "/apix"',
    ],
  ])('a route in shadow with an override under it of %s', async (_, prefix, isObserving, remark) => {
    await state.lab.store(`{${prefix}:{"rate":5},"/api":{"shadow":true}}`);
    await rlctl(['reload']);
    const got = await rlctl(['policy', 'get', '/api', '--json']);
    expect(got.code).toBe(0);
    expect(jsonOf(got.out)).toMatchObject({ isObserving, remarks: [remark] });
  });

  test.each([
    ['refuses', 'READ', '{}', 3],
    ['is in shadow by its flag too', 'READ,FINANCIAL', '{}', 0],
    ['is in shadow by an override', 'READ', '{"/api/payments":{"shadow":true}}', 0],
    ['has an override that leaves it to the flag', 'READ', '{"/api/pay":{"rate":9}}', 3],
  ])('a route in shadow by its flag, and another bucket under it that %s', async (_, flags, document, code) => {
    const pristine = await readFile(state.lab.sandbox.envFile, 'utf8');
    onTestFinished(() => writeFile(state.lab.sandbox.envFile, pristine));
    const lines = flags.split(',').map((name) => `RATE_LIMIT_SHADOW_${name}=true\n`);
    await writeFile(state.lab.sandbox.envFile, `${pristine}\n${lines.join('')}`);
    await state.lab.store(document);
    await rlctl(['reload']);
    const line = ['runbook', 'run', 'verify-rollback', '-i', 'scope=route', '-i', 'route=/api', '--json'];
    const ran = await rlctl(line);
    const step = jsonOf<Shown>(ran.out).steps.find(({ id }) => id === 'route');
    expect([ran.code, step?.state]).toEqual([code, code === 0 ? 'done' : 'failed']);
    expect(step?.said?.includes(`${refusedAllTheSame} the bucket financial`)).toBe(code === 3);
  });

  test('what of a run is taken back says so, and not what it had done', async () => {
    await rlctl(['override', 'set', '/api/a', '--rate', '9']);
    const line = ['runbook', 'run', 'route-override', '-i', 'route=/api/a', '-i', 'rate=4'];
    const [id = ''] = /\d{8}-\d{6}-[0-9a-f]{6}/.exec((await rlctl(line)).out) ?? [];
    const back = await rlctl(['runbook', 'resume', id, '--undo']);
    expect(back.out).toMatch(/↺ write .*\n +taking back: rlctl .*override set \/api\/a --rate 4\n.*rate 4 → 9/);
    const listed = await rlctl(['runbook', 'log']);
    expect(listed.out).toMatch(new RegExp(`${id} +route-override +undone +none`));
  });

  test('a lock is shown before somebody says that it may go, and only what was shown goes', async () => {
    const key = 'lab:lock:42:checkout';
    await state.lab.redis.cli('SET', key, 'worker-7\u001b[2J');
    const waits = await rlctl(['runbook', 'run', 'clear-lock', '-i', 'user=user:42']);
    expect(waits).toMatchObject({ code: 6, out: expect.stringContaining('value: worker-7 [2J\n') });
    expect(await state.lab.redis.cli('EXISTS', key)).toBe('1');
    const [id = ''] = /\d{8}-\d{6}-[0-9a-f]{6}/.exec(waits.err) ?? [];
    // The value itself is kept nowhere.
    expect((await rlctl(['runbook', 'log', id, '--json'])).out).not.toContain('worker-7');
    await state.lab.redis.cli('SET', key, 'worker-8');
    const refused = errorOf(await rlctl(['runbook', 'resume', id, '--done', 'agree', '--json']));
    expect(refused).toMatchObject({ exitCode: 5, code: 'RUN_STOPPED' });
    expect(refused.message).toContain('does not hold the lock that was meant');
    expect(refused.hint).toMatch(/going on shows what stands there now, and asks again: rlctl/i);
    expect(await state.lab.redis.cli('GET', key)).toBe('worker-8');
    // What stands there now was shown to nobody: going on shows it and asks again, whatever was said before.
    const left = await rlctl(['runbook', 'resume', id, '--dry-run']);
    expect(left.out).toMatch(/look(.|\n)*agree(.|\n)*clear/);
    for (const said of [['--done', 'agree'], []]) {
      const shown = await rlctl(['runbook', 'resume', id, ...said]);
      expect(shown.code).toBe(6);
      if (said.length > 0) expect(shown.out).toContain('value: worker-8\n');
      expect(await state.lab.redis.cli('GET', key)).toBe('worker-8');
    }
    expect(await rlctl(['runbook', 'resume', id, '--done', 'agree'])).toMatchObject({ code: 0 });
    expect(await state.lab.redis.cli('EXISTS', key)).toBe('0');
  });

  test('a name that looks like a pattern is none, and whoever typed it is told', async () => {
    await state.lab.redis.cli('SET', 'lab:lock:42:checkout', 'worker-7');
    const any = await rlctl(['lock', 'show', '*', 'checkout']);
    expect(any.out).toMatch(/there is none\na name is taken as it is written: \*, \? and \[ stand for themselves\n$/);
    expect((await rlctl(['lock', 'show', '43', 'checkout'])).out).not.toContain('as it is written');
  });

  test.each([
    ['clear-lock', 'user=user:43', /there is no lock of user 43/],
    ['clear-idempotency', 'text=POST:/api/none', /there is no idempotency entry/],
  ])('%s of what is not there ends with a finding', async (name, input, said) => {
    const ran = await rlctl(['runbook', 'run', name, '-i', input, '--json']);
    expect(ran.code).toBe(3);
    expect(jsonOf<Shown>(ran.out).steps.slice(0, 2)).toMatchObject([
      { id: 'look', state: 'failed', said: expect.stringMatching(said) },
      { id: 'agree', state: 'pending' },
    ]);
  });

  test('where several runs are open the way on is printed, and a run that did nothing is ended by taking it back', async () => {
    const idOf = async (user: string): Promise<string> =>
      jsonOf<Shown>((await rlctl(['runbook', 'run', 'clear-lock', '-i', `user=user:${user}`, '--json'])).out).run;
    const ids = [await idOf('43'), await idOf('44')];
    const refused = errorOf(await rlctl(['runbook', 'resume', '--json']));
    expect(refused).toMatchObject({ code: 'RUN_UNNAMED', exitCode: 2 });
    for (const id of ids) expect(refused.message).toContain(`${id} (clear-lock)`);
    const newest = /runbook resume (\S+);/.exec(refused.hint ?? '')?.[1] ?? '';
    expect(ids).toContain(newest);
    expect(refused.hint).toMatch(
      /runbook log; go on with the newest: rlctl \S+ \S+ runbook resume \S+; or .* --undo; or .* --skip-rest$/,
    );
    expect((await rlctl(['runbook', 'resume', newest, '--undo'])).code).toBe(0);
    const left = await rlctl(['runbook', 'resume', '--dry-run']);
    expect(left.code).toBe(0);
    expect((await rlctl(['runbook', 'resume', '--skip-rest'])).code).toBe(0);
    expect(errorOf(await rlctl(['runbook', 'resume', '--json']))).toMatchObject({ code: 'RUN_UNNAMED', exitCode: 2 });
  });

  test('--skip-rest ends a run where it stands: what it did stays, and nothing else is done', async () => {
    await write('half', {
      steps: [
        { id: 'set', title: '1', rlctl: ['override', 'set', '/api/a', '--rate', '3'] },
        { id: 'hand', title: '2', manual: 'Call.', undo: { manual: 'Call.' } },
        { id: 'more', title: '3', rlctl: ['override', 'set', '/api/a', '--rate', '4'] },
      ],
    });
    const { details } = errorOf(await rlctl(['runbook', 'run', 'half', '--json']));
    const id = String(details?.['run']);
    const stands = await state.lab.document();
    expect(await rlctl(['runbook', 'resume', id, '--skip-rest', '--undo'])).toMatchObject({ code: 2 });
    const plan = await rlctl(['runbook', 'resume', id, '--skip-rest', '--dry-run', '--json']);
    expect(jsonOf<{ steps: readonly unknown[] }>(plan.out).steps).toEqual([]);
    const ended = await rlctl(['runbook', 'resume', id, '--skip-rest', '--json']);
    expect(ended.code).toBe(0);
    expect(states(jsonOf<Shown>(ended.out))).toEqual(['set done', 'hand skipped', 'more skipped']);
    expect(await state.lab.document()).toBe(stands);
    expect((await rlctl(['runbook', 'resume', id, '--undo', '--yes', '--json'])).code).toBe(0);
    expect(await state.lab.document()).not.toBe(stands);
  });

  test('a check that failed and is left out is not done: every view says so, with why it failed', async () => {
    await write('look', {
      steps: [
        { id: 'first', title: '1', rlctl: ['override', 'list'] },
        { id: 'held', title: '2', rlctl: ['policy', 'get', '/api/a'], fields: { isSame: false } },
        { id: 'rest', title: '3', rlctl: ['override', 'list'] },
      ],
    });
    const stopped = await rlctl(['runbook', 'run', 'look', '--json']);
    const { run, steps } = jsonOf<Shown>(stopped.out);
    expect([stopped.code, states(jsonOf<Shown>(stopped.out))]).toEqual([
      3,
      ['first done', 'held failed', 'rest pending'],
    ]);
    const again = await rlctl(['runbook', 'resume', run]);
    expect(again.out).toContain('stopped, 2 steps left (1 step done, 1 failed)');
    const ended = await rlctl(['runbook', 'resume', run, '--skip-rest']);
    expect([ended.code, ended.out]).toEqual([
      0,
      expect.stringContaining('to its end (1 step done, 1 skipped, failed and left out: held)'),
    ]);
    const log = await rlctl(['runbook', 'log', run, '--json']);
    expect(jsonOf(log.out)).toMatchObject({ state: 'done', failedAndLeftOut: ['held'] });
    expect(jsonOf<Shown>(log.out).steps[1]).toMatchObject({
      state: 'skipped',
      said: `${String(steps[1]?.said)}\nleft out, as it was said`,
    });
    expect((await rlctl(['runbook', 'log', run])).out).toMatch(/^✗ held {2}2 {2}FAILED, left out$/m);
    const all = await rlctl(['runbook', 'log', '--json']);
    expect(jsonOf<{ runs: readonly JsonObject[] }>(all.out).runs[0]).toMatchObject({
      done: 2,
      steps: 3,
      failedAndLeftOut: ['held'],
    });
    expect((await rlctl(['runbook', 'log'])).out).toContain('2/3, 1 failed and left out');
  });

  test('a killed driver of this machine drives nothing any more, whatever its lease says', async () => {
    await write('by-hand', { steps: [{ id: 'hand', title: '1', manual: 'Call.', undo: { manual: 'Call.' } }] });
    const { details } = errorOf(await rlctl(['runbook', 'run', 'by-hand', '--json']));
    const id = String(details?.['run']);
    const path = join(state.lab.world.stateHome, 'rlctl', 'runs', `${id}.journal.json`);
    const journal = { ...(JSON.parse(await readFile(path, 'utf8')) as JsonObject), state: 'running', rev: 99 };
    await writeFile(path, JSON.stringify(journal));
    await writeFile(join(path, '..', `${id}.driver.json`), JSON.stringify({ token: 'token', pid: 2 ** 22 + 1 }));
    const lease = `${Date.now() + 60_000} token tester@test`;
    await state.lab.redis.cli('HSET', '{lab:rl:overrides}:operations', `lease run:${id}`, lease);
    expect((await rlctl(['runbook', 'log'])).out).toMatch(new RegExp(`${id} +by-hand +cut off`));
    expect((await rlctl(['runbook', 'log', id])).out).toMatch(/^run .* on lab: cut off$/m);
    const cut = { state: 'running', isCutOff: true, drivenBy: null };
    expect(jsonOf((await rlctl(['runbook', 'log', '--json'])).out)).toMatchObject({ runs: [cut] });
    expect(jsonOf((await rlctl(['runbook', 'log', id, '--json'])).out)).toMatchObject(cut);
  });

  test('a lock that changes hands between the look and the removal stays', async () => {
    const key = 'lab:lock:42:checkout';
    await state.lab.redis.cli('SET', key, 'mine');
    const shown = jsonOf<{ digest: string }>(
      (await rlctl(['lock', 'clear', '42', 'checkout', '--dry-run', '--json'])).out,
    );
    await state.lab.redis.cli('SET', key, 'theirs');
    const ran = errorOf(await rlctl(['lock', 'clear', '42', 'checkout', '--if-value', shown.digest, '--json']));
    expect(ran).toMatchObject({ exitCode: 5, code: 'KEY_CHANGED' });
    expect(await state.lab.redis.cli('GET', key)).toBe('theirs');
  });
});

describe('PromQL checks, against a real Prometheus', () => {
  test.each([
    ['vector(0.2)', { below: 0.5 }, 0, '0.2: below 0.5'],
    ['vector(0.2)', { above: 0.5 }, 3, '0.2: not above 0.5'],
    ['vector(NaN)', { below: 0.5 }, 3, 'NaN: not below 0.5'],
    ['none{route="{{route}}"}', { below: 0.5 }, 3, 'no data: that is not zero'],
    ['none{route="{{route}}"}', { below: 0.5, noData: 'pass' }, 0, 'no data, which is fine here'],
    ['sum(', { below: 0.5 }, 4, 'refused a query'],
  ] as const)('%s %j', async (query, more, code, said) => {
    const prometheus = await startPrometheus();
    try {
      const environments = { lab: { ...state.lab.environment, prometheus: prometheus.url } };
      const path = await state.lab.world.config('metrics.yaml', { environments });
      await write('budget', {
        inputs: { route: { type: 'route', default: '/a"} or vector(1) or x{a="' } },
        steps: [{ id: 'budget', title: '1', promql: { query, ...more } }],
      });
      const ran = await rlctl(['runbook', 'run', 'budget', '--json'], { env: { RLCTL_CONFIG: path } });
      expect([ran.code, ran.out + ran.err]).toEqual([code, expect.stringContaining(said)]);
    } finally {
      await prometheus.stop();
    }
  });
});

describe('decisions, looked at after a rollback of one route', () => {
  const metrics = {} as { stop: () => Promise<void>; path: string };
  beforeAll(async () => {
    const start = Math.floor(Date.now() / 1000) - 1200;
    const rising = ['read', 'financial'].flatMap((bucket) =>
      Array.from({ length: 140 }, (_, index) => {
        return `lab_rl_decisions_total{bucket="${bucket}",action="block",shadow="False"} ${index} ${start + 15 * index}`;
      }),
    );
    const prometheus = await startPrometheus({ blocks: [`${rising.join('\n')}\n# EOF\n`] });
    metrics.stop = () => prometheus.stop();
    const environments = { lab: { ...state.lab.environment, prometheus: prometheus.url } };
    metrics.path = await state.lab.world.config('counted.yaml', { environments });
  }, 60_000);
  afterAll(() => metrics.stop());

  test.each([
    ['blocks of a bucket that guards other routes too tell nothing', '/api/search', 0, 'skipped', 'it cannot be told'],
    ['blocks of a bucket that guards nothing else are the route’s', '/api/payments', 3, 'failed', 'not false'],
  ])('%s', async (_, route, code, is, said) => {
    await state.lab.store(`{"${route}":{"shadow":true}}`);
    await rlctl(['reload']);
    const line = ['runbook', 'run', 'verify-rollback', '-i', 'scope=route', '-i', `route=${route}`, '--json'];
    const ran = await rlctl(line, { env: { RLCTL_CONFIG: metrics.path } });
    const step = jsonOf<Shown>(ran.out).steps.find(({ id }) => id === 'decisions');
    expect([ran.code, step]).toEqual([code, expect.objectContaining({ state: is })]);
    expect(step?.said).toContain(said);
    expect(step?.said).toMatch(/refused: (read|financial) \d+/);
  });
});

describe('locks and idempotency entries', () => {
  test.each(['HSET', 'RPUSH'])('a key of another type (%s) is left alone, whatever is asked', async (write) => {
    await state.lab.redis.cli(write, 'lab:lock:42:checkout', 'a', 'b');
    for (const verb of ['show', 'clear']) {
      const ran = errorOf(await rlctl(['lock', verb, '42', 'checkout', '--json']));
      expect(ran).toMatchObject({ exitCode: 6, code: 'KEY_WRONG_TYPE' });
    }
    expect(await state.lab.redis.cli('EXISTS', 'lab:lock:42:checkout')).toBe('1');
  });

  test('one key by its whole name: what looks like a pattern clears nothing else', async () => {
    for (const name of ['1', '2']) await state.lab.redis.cli('SET', `lab:lock:42:${name}`, 'x');
    const ran = await rlctl(['lock', 'clear', '42', '*', '--json']);
    expect(jsonOf<{ outcome: string }>(ran.out).outcome).toBe('absent');
    expect(await state.lab.redis.cli('EXISTS', 'lab:lock:42:1', 'lab:lock:42:2')).toBe('2');
  });

  test('an entry is found by its raw text and by its digest, shown with its time left, and cleared', async () => {
    const digest = '7cd836071c2a381b4ba36344ce0da2412b759bb437c1c46263532b04a6239a79';
    await state.lab.redis.cli('SET', `lab:idem:${digest}`, '{"status":200}', 'PX', '60000');
    for (const text of ['POST:/api/checkout:user:42:booking:7', digest]) {
      const shown = jsonOf((await rlctl(['idem', 'show', text, '--json'])).out);
      expect(shown).toMatchObject({ value: '{"status":200}', isThere: true });
      expect(shown['ttlMs']).toBeGreaterThan(1000);
    }
    expect((await rlctl(['idem', 'clear', digest])).out).toContain('cleared: read back, it is gone');
    expect(await state.lab.redis.cli('EXISTS', `lab:idem:${digest}`)).toBe('0');
  });
});

describe('programs', () => {
  const programs = {
    steps: [{ id: 'run', title: '1', exec: { argv: ['printf', 'made %s', '{{environment}}'] }, undo: { manual: 'x' } }],
  };

  test('run by argv beside a configuration that was named by hand', async () => {
    await write('programs', programs);
    expect(await rlctl(['runbook', 'run', 'programs', '--json'])).toMatchObject({ code: 0 });
  });

  test('ended by the time of the command: it is said whose time it was, and how to give more', async () => {
    await write('slow', { steps: [{ id: 'run', title: '1', exec: { argv: ['sleep', '30'] }, undo: { manual: 'x' } }] });
    const { exitCode, message, hint } = errorOf(await rlctl(['runbook', 'run', 'slow', '--timeout', '2s', '--json']));
    expect(exitCode).toBe(6);
    expect(message).toContain('sleep did not end within the 2s that --timeout gives a step: rlctl ended it');
    expect(hint).toContain('--timeout 60s');
  });

  test('ended by the time of the command, and not to run twice: run again only by somebody who says so', async () => {
    const mark = join(state.lab.world.root, 'marks');
    const argv = ['sh', '-c', 'echo run >> "$0"; [ "$(wc -l < "$0")" -gt 1 ] || sleep 30', mark];
    await write('once', { steps: [{ id: 'run', title: '1', exec: { argv }, undo: { manual: 'x' } }] });
    const slow = errorOf(await rlctl(['runbook', 'run', 'once', '--timeout', '2s', '--json']));
    expect(slow).toMatchObject({ code: 'RUN_WAITS', hint: expect.stringContaining('--again run') });
    const id = String(slow.details?.['run']);
    const plain = errorOf(await rlctl(['runbook', 'resume', id, '--json']));
    expect(plain).toMatchObject({ code: 'RUN_WAITS', message: expect.stringContaining('its end is not known') });
    expect(await readFile(mark, 'utf8')).toBe('run\n');
    expect(await rlctl(['runbook', 'resume', id, '--again', 'run'])).toMatchObject({ code: 0 });
    expect(await readFile(mark, 'utf8')).toBe('run\nrun\n');
  });

  test('a look that gets no answer in the time of the command says so too', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    try {
      const http = { url: `http://127.0.0.1:${port}/` };
      await write('slow', { steps: [{ id: 'look', title: '1', http }] });
      const slow = errorOf(await rlctl(['runbook', 'run', 'slow', '--timeout', '2s', '--json']));
      expect(slow.message).toContain('did not answer within the 2s that --timeout gives a step');
      expect(slow.hint).toContain('--timeout 60s');
    } finally {
      silent.closeAllConnections();
      silent.close();
    }
  });

  test('run beside a project’s file only after somebody trusted that very runbook', async () => {
    const { world } = state.lab;
    const cwd = join(world.root, 'project-of-others');
    await mkdir(join(cwd, 'runbooks'), { recursive: true });
    const { secret: _, ...open } = state.lab.environment;
    const config = { environments: { lab: { ...open, redis: state.lab.redis.url } } };
    await writeFile(join(cwd, 'rlctl.yaml'), JSON.stringify(config), { mode: 0o600 });
    const file = join(cwd, 'runbooks', 'programs.yaml');
    await writeFile(file, JSON.stringify({ title: 'T', summary: 'S', ...programs }));
    const there = { cwd, env: { RLCTL_CONFIG: undefined } };
    const run = () => rlctl(['runbook', 'run', 'programs', '--json'], there);
    expect(errorOf(await run())).toMatchObject({ exitCode: 6, code: 'CONFIG_UNTRUSTED' });
    const asked = await rlctl(['env', 'trust', '--dry-run'], there);
    expect(asked.out).toContain("runbook programs  runs printf 'made %s' {{environment}}");
    await rlctl(['env', 'trust'], there);
    expect(await run()).toMatchObject({ code: 0 });
    await writeFile(file, JSON.stringify({ title: 'T', summary: 'changed', ...programs }));
    const changed = errorOf(await run());
    expect(changed).toMatchObject({ code: 'RUN_WAITS' });
    expect(changed.message).toContain('is not trusted to run programs');
    const id = String(changed.details?.['run']);
    const again = errorOf(await rlctl(['runbook', 'resume', id, '--json'], there));
    expect(again.hint).toMatch(/--done run; here it cannot be run once more: .* is not trusted to run programs/);
    // It is said before the first step, and not where it stops.
    const table = await rlctl(['runbook', 'run', 'programs'], there);
    expect(table.err).toMatch(
      /is not trusted to run programs \(rlctl env trust\)\. Left to somebody’s hand: run\.\n[^]*waits for step/,
    );
  });

  test('cut off in the middle is not run again unasked, and both ways on are named', async () => {
    await write('programs', {
      steps: [{ id: 'hand', title: '0', manual: 'x', undo: { manual: 'x' } }, ...programs.steps],
    });
    const id = String(errorOf(await rlctl(['runbook', 'run', 'programs', '--json'])).details?.['run']);
    const [key, name] = ['{lab:rl:overrides}:operations', `run:${id}`];
    const journal = jsonOf<{ rev: number; steps: readonly JsonObject[] }>(await state.lab.redis.cli('HGET', key, name));
    const steps = journal.steps.map((step) => ({ ...step, state: step['id'] === 'hand' ? 'done' : 'started' }));
    await state.lab.redis.cli('HSET', key, name, JSON.stringify({ ...journal, rev: journal.rev + 9, steps }));
    const waits = errorOf(await rlctl(['runbook', 'resume', id, '--json']));
    expect(waits.message).toContain('its end is not known');
    expect(waits.hint).toContain(`resume ${id} --done run; or run it once more with: `);
    expect(waits.hint).toContain(`resume ${id} --again run`);
    expect(await rlctl(['runbook', 'resume', id, '--again', 'run', '--json'])).toMatchObject({ code: 0 });
  });

  test('of a run that comes from Redis alone are left to somebody’s hand', async () => {
    await write('programs', {
      steps: [{ id: 'hand', title: '0', manual: 'x', undo: { manual: 'x' } }, ...programs.steps],
    });
    const id = String(errorOf(await rlctl(['runbook', 'run', 'programs', '--json'])).details?.['run']);
    await rm(join(state.lab.world.cwd, 'runbooks'), { recursive: true });
    const ran = errorOf(await rlctl(['runbook', 'resume', id, '--done', 'hand', '--json']));
    expect(ran).toMatchObject({ code: 'RUN_WAITS', details: { step: 'run' } });
    expect(ran.message).toContain('does not stand on this machine as it was when the run began');
  });
});

describe('what Redis keeps of a run was written by anybody', () => {
  test.each([
    ['a command that no step may run', { rlctl: ['sandbox', 'up'] }],
    ['a signature for another host', { rlctl: ['reload', '--target', 'http://127.0.0.1:1'] }],
    ['an address of its own', { http: { url: 'http://127.0.0.1:1/' } }],
  ])('%s is not gone on with', async (_, act) => {
    await write('by-hand', { steps: [{ id: 'hand', title: '1', manual: 'x', undo: { manual: 'x' } }] });
    const id = String(errorOf(await rlctl(['runbook', 'run', 'by-hand', '--json'])).details?.['run']);
    const key = '{lab:rl:overrides}:operations';
    const journal = jsonOf<{ written: JsonObject; rev: number }>(await state.lab.redis.cli('HGET', key, `run:${id}`));
    const forged = {
      ...journal,
      rev: journal.rev + 9,
      written: { title: 'T', summary: 'S', steps: [{ id: 'hand', title: '1', ...act }] },
    };
    await state.lab.redis.cli('HSET', key, `run:${id}`, JSON.stringify(forged));
    expect(errorOf(await rlctl(['runbook', 'resume', id, '--json']))).toMatchObject({ exitCode: 6, code: 'RUN_UNFIT' });
  });
});

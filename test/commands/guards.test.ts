import { readFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { labHistoryKey, openLab, type Lab } from '../support/lab.js';
import { errorOf, jsonOf, type JsonObject, type MainOptions, type Ran } from '../support/world.js';

const state = {} as { lab: Lab };
beforeAll(async () => {
  state.lab = await openLab();
});
afterAll(() => state.lab.stop());
beforeEach(() => state.lab.reset());

const run = (args: readonly string[], options?: MainOptions): Promise<Ran> => state.lab.world.main(args, options);

/** The lab under these rules, and whatever else its environment is to say. */
async function under(guards: readonly JsonObject[], more: JsonObject = {}): Promise<string> {
  const lab = { ...state.lab.environment, guards, ...more };
  return state.lab.world.config('guarded.yaml', { environments: { lab } });
}

/** Runs a command line under rules. */
async function guarded(guards: readonly JsonObject[], args: readonly string[], more: JsonObject = {}): Promise<Ran> {
  return run(['--config', await under(guards, more), ...args]);
}

interface Refusal {
  readonly rule: string;
  readonly limit: string;
  readonly route: string | null;
  readonly place: string;
}

function refusalsOf(ran: Ran): readonly Refusal[] {
  expect(ran.code).toBe(6);
  const error = errorOf(ran);
  expect(error).toMatchObject({ code: 'GUARD_REFUSED', exitCode: 6 });
  return (error.details?.['refusals'] ?? []) as readonly Refusal[];
}

const reloads = (): number => state.lab.sandbox.workers()[0]?.reloads ?? 0;
const payments = { name: 'payments', buckets: ['pay'], rate: { min: 1, max: 10 }, factor: 4 };
const always = { from: '2020-01-01', to: '2099-01-01', zone: 'Europe/Berlin' };
const set = (...args: string[]): readonly string[] => ['override', 'set', '/api/payments', ...args, '--json'];

describe('what stands against a change is told at once', () => {
  const more = { protected: true, require: ['reason', 'end'] };
  const rules = [payments, { name: 'why', require: ['ticket', 'reason'] }];

  test('the guard, the requirements and the confirmation, with every flag that is missing', async () => {
    const before = reloads();
    const ran = await guarded(rules, set('--rate', '500'), more);
    expect(refusalsOf(ran)).toHaveLength(4);
    const { message, hint, details } = errorOf(ran);
    expect(message.split('\n').filter((line) => /^ {2}\S/.test(line))).toEqual([
      '  2 guards refuse it:',
      '  the environment "lab" wants a reason and an end for every change',
      '  "lab" is protected and the change was not confirmed: nobody was there to ask',
    ]);
    expect(hint).toContain('/api/payments: keep rate from 2 to 10.');
    expect(hint?.split('\n').slice(-3)).toEqual([
      'That done, add all of it at once: --reason TEXT --ticket ID --for 2h --confirm lab',
      'Where it has to be, override it, which is recorded: --override-guard payments --override-guard why --reason TEXT --ticket ID --for 2h --confirm lab',
      'Instead of --for 2h: --until TIME or --permanent.',
    ]);
    expect(details).toMatchObject({
      demands: [{ code: 'GUARD_REFUSED' }, { code: 'REASON_MISSING' }, { code: 'NOT_CONFIRMED' }],
    });
    expect([await state.lab.document(), reloads()]).toEqual([null, before]);
    // Whoever follows it is through with the next command line.
    const flags = ['--reason', 'r', '--ticket', 'T-1', '--for', '2h', '--confirm', 'lab'];
    expect(await guarded(rules, set('--rate', '9', ...flags), more)).toMatchObject({ code: 0 });
  });

  test('a dry run says the same as remarks', async () => {
    const dry = await guarded(rules, set('--rate', '9', '--override-guard', 'payments', '--dry-run'), more);
    expect(dry).toMatchObject({ code: 0, err: '' });
    expect(jsonOf<{ remarks: readonly string[] }>(dry.out).remarks).toEqual([
      'the change will be refused without more: overriding "payments" wants a reason, which is recorded',
      'the change will be refused without more: "lab" wants a reason and an end; give it --reason TEXT and --for 2h (or --until TIME, or --permanent)',
      '"lab" is protected: without a terminal the change will be refused unless it is given --confirm lab',
      'the guard "payments" did not have to be overridden',
    ]);
    const given = ['--reason', 'r', '--ticket', 'T-1', '--for', '2h', '--confirm', 'lab', '--dry-run'];
    const all = await guarded(rules, set('--rate', '9', ...given), more);
    expect(jsonOf<{ remarks: readonly string[] }>(all.out).remarks.join()).not.toMatch(/refused/);
  });

  test('of a reload that is frozen and not confirmed', async () => {
    const ran = await guarded([{ name: 'frozen', freeze: always }], ['reload', '--json'], { protected: true });
    expect(refusalsOf(ran)).toHaveLength(1);
    expect(errorOf(ran).hint?.split('\n').slice(-2)).toEqual([
      'That done, add all of it at once: --yes',
      'Where it has to be, override it, which is recorded: --override-guard frozen --reason TEXT --yes',
    ]);
  });

  test('each line of flags is all that is missing: pasted as it is, the command goes through', async () => {
    const rules = [payments, { name: 'frozen', freeze: always }];
    const ran = await guarded(rules, set('--rate', '500', '--reason', 'r'), more);
    const line =
      errorOf(ran)
        .hint?.split('\n')
        .find((each) => each.includes('--override-guard')) ?? '';
    const flags = line.slice(line.indexOf('--')).split(' ');
    expect(flags).not.toContain('--reason');
    expect(await guarded(rules, set('--rate', '500', '--reason', 'r', ...flags), more)).toMatchObject({ code: 0 });
  });

  test('beside a guard that nobody may override, flags are no more than what comes after its cure', async () => {
    const rules = [{ name: 'no', deny: true, commands: ['override set'], overridable: false }];
    const ran = await guarded(rules, set('--rate', '9'), more);
    expect(errorOf(ran).hint?.split('\n')).toEqual([
      'Nobody may override "no" (overridable: false).',
      'Do it where the configuration allows it, or change the rule.',
      'That done, add all of it at once: --reason TEXT --for 2h --confirm lab',
      'Instead of --for 2h: --until TIME or --permanent.',
    ]);
  });

  test('of a flag that is set outside the document', async () => {
    const path = await state.lab.world.write('limiter.env', 'A=1\n');
    const flags = { ...more, shadowDriver: { 'env-file': path } };
    const ran = await guarded([{ name: 'no', never: 'shadow' }], ['shadow', 'on', 'financial', '--json'], flags);
    expect(refusalsOf(ran)).toMatchObject([{ limit: 'never' }]);
    expect(errorOf(ran).hint).toMatch(/\nThat done, add all of it at once: --reason TEXT --confirm lab\n/);
    const dry = await guarded([], ['shadow', 'on', 'financial', '--dry-run', '--json'], flags);
    expect(jsonOf<{ remarks: readonly string[] }>(dry.out).remarks).toEqual([
      expect.stringMatching(/wants a reason; give it --reason TEXT$/),
      expect.stringMatching(/unless it is given --confirm lab$/),
    ]);
  });
});

test('what a change leaves out of bounds as it was does not refuse it, and is said', async () => {
  await state.lab.store('{"/api/payments":{"rate":500,"burst":1}}');
  const rule = { name: 'bounds', routes: ['/api/payments'], rate: { max: 10 } };
  const ran = await guarded([rule], set('--burst', '2'));
  expect(ran).toMatchObject({ code: 0 });
  const standing = '/api/payments: rate 500 is above 10, and stays as it was before this change';
  expect(jsonOf(ran.out)).toMatchObject({ guards: [{ outcome: 'allowed', violations: [], standing: [standing] }] });
  const dry = ['override', 'set', '/api/payments', '--burst', '3', '--dry-run'];
  expect((await guarded([rule], dry)).out).toContain(`guard: bounds lets it through\n        ${standing}\n`);
  expect(refusalsOf(await guarded([rule], set('--rate', '400')))).toMatchObject([{ limit: 'rate' }]);
});

test('a plan says which guards and requirements would refuse it, and is made all the same', async () => {
  const file = await state.lab.world.write('pay.json', '{"/api/payments":{"rate":500}}');
  const rules = [payments, { name: 'why', require: ['ticket'] }];
  const more = { require: ['reason', 'end'] };
  const before = reloads();
  const plan = (...args: string[]): Promise<Ran> => guarded(rules, ['override', 'plan', '-f', file, ...args], more);
  const ran = await plan('--out', 'plan.json', '--json');
  expect(ran).toMatchObject({ code: 0, err: '' });
  const data = jsonOf<{ guards: readonly JsonObject[]; remarks: readonly string[] }>(ran.out);
  expect(data.guards).toMatchObject([
    { rule: 'payments', outcome: 'refused', violations: [{ limit: 'rate' }, { limit: 'factor', before: 5 }] },
    { rule: 'why', outcome: 'refused', violations: [{ limit: 'require' }] },
  ]);
  expect(data.remarks).toEqual([
    'apply will be refused by the guard "payments"',
    expect.stringMatching(/^apply will be refused by the guard "why"; .*--ticket/),
    'apply will be refused without more: "lab" wants a reason and an end; give it --reason TEXT and --for 2h (or --until TIME, or --permanent)',
  ]);
  const shown = (await plan('--reason', 'r', '--ticket', 'T-1')).out;
  expect(shown).toContain('payments refuses it');
  expect(shown).toContain('why lets it through');
  expect(shown).toMatch(/wants an end; give it --for 2h/);
  const applied = await guarded(
    rules,
    ['override', 'apply', '--plan', 'plan.json', '--permanent', '--reason', 'r', '--json'],
    more,
  );
  expect(refusalsOf(applied)).toMatchObject([{ rule: 'payments' }, { rule: 'payments' }, { rule: 'why' }]);
  expect(await state.lab.document()).toBeNull();
  expect(reloads()).toBe(before);
});

describe('a change that a guard refuses', () => {
  test('writes nothing, sends no reload, and names every rule with its place, value and bound', async () => {
    const before = reloads();
    const rules = [payments, { name: 'dark', never: 'enforce', overridable: false }];
    const ran = await guarded(rules, set('--rate', '500'));
    const path = join(state.lab.world.cwd, 'guarded.yaml');
    expect(refusalsOf(ran)).toMatchObject([
      {
        rule: 'payments',
        place: `${path}:1: environments.lab.guards[0]`,
        limit: 'rate',
        route: '/api/payments',
        value: 500,
        allowed: { min: 1, max: 10 },
        isOverridable: true,
        until: null,
      },
      // The sandbox says that its financial bucket has a rate of 5.
      { rule: 'payments', limit: 'factor', value: 500, before: 5, allowed: { min: 2, max: 20 } },
      { rule: 'dark', limit: 'never', isOverridable: false },
    ]);
    expect(errorOf(ran).message).toContain('2 guards refuse "override set", and nothing was changed');
    expect(errorOf(ran).hint).toContain('/api/payments: keep rate from 2 to 10.');
    expect(errorOf(ran).hint).toContain('Nobody may override "dark"');
    expect(await state.lab.document()).toBeNull();
    expect(await state.lab.redis.cli('EXISTS', labHistoryKey)).toBe('0');
    expect(reloads()).toBe(before);
  });

  test('at a bound it is written and proven', async () => {
    const ran = await guarded([payments], set('--rate', '10'));
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(ran.out)).toMatchObject({
      guards: [{ rule: 'payments', outcome: 'allowed', violations: [], unjudged: [] }],
      proof: { verdict: 'proven' },
    });
  });

  test('the line of a rule is that of its file', async () => {
    const text = `environments:
  lab:
    api: ${state.lab.sandbox.origin}
    redis: ${state.lab.redis.url}
    namespace: lab
    secret: { file: ${state.lab.sandbox.secretFile} }
    guards:
      - { name: one, routes: [/other], deny: true }
      # the next one counts
      - name: two
        rate: { max: 10 }
`;
    const path = await state.lab.world.write('lines.yaml', text);
    const ran = await run(['--config', path, ...set('--rate', '11')]);
    expect(refusalsOf(ran)).toMatchObject([{ rule: 'two', place: `${path}:10: environments.lab.guards[1]` }]);
  });

  test('people read the rules, the allowed range, and the way past them', async () => {
    const ran = await guarded([payments], ['override', 'set', '/api/payments', '--rate', '500']);
    expect(ran.err).toMatch(
      /error: a guard refuses "override set", and nothing was changed:\n {2}payments \(.*guarded\.yaml:1: environments\.lab\.guards\[0\]\)\n {4}\/api\/payments: rate 500 is above 10\n/,
    );
    expect(ran.err).toContain('--override-guard payments --reason TEXT');
  });

  test('a prefix that catches a guarded route is refused for that route', async () => {
    const ran = await guarded([payments], ['override', 'set', '/api', '--rate', '100', '--no-reload', '--json']);
    expect(refusalsOf(ran)).toMatchObject([{ limit: 'rate', route: '/api/payments' }, { limit: 'factor' }]);
  });

  test('--dry-run shows the verdicts and ends well', async () => {
    const config = await under([payments, { name: 'open', rate: { max: 1000 } }]);
    const dry = await run(['--config', config, ...set('--rate', '500', '--dry-run')]);
    expect(dry).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(dry.out)).toMatchObject({
      kind: 'OverridePlan',
      guards: [
        { rule: 'payments', outcome: 'refused', violations: [{ limit: 'rate' }, { limit: 'factor' }] },
        { rule: 'open', outcome: 'allowed' },
      ],
    });
    const human = await run(['--config', config, 'override', 'set', '/api/payments', '--rate', '500', '--dry-run']);
    expect(human.out).toContain('guard: payments refuses it\n        /api/payments: rate 500 is above 10\n');
    expect(human.out).toContain('guard: open lets it through');
  });

  test('what no server tells is not judged, and said', async () => {
    const rule = { name: 'slow', routes: ['/nowhere'], factor: 2 };
    const ran = await guarded([rule], ['override', 'set', '/nowhere', '--rate', '9', '--dry-run', '--json']);
    expect(jsonOf(ran.out)).toMatchObject({ guards: [{ outcome: 'notJudged', unjudged: [expect.any(String)] }] });
    const silent = await guarded([payments], [...set('--rate', '9', '--no-reload')], { api: 'http://127.0.0.1:1' });
    expect(silent.code).toBe(0);
    expect(jsonOf(silent.out)).toMatchObject({ guards: [{ outcome: 'notJudged' }] });
  });
});

describe('--override-guard', () => {
  const name = ['--override-guard', 'payments'];

  test('wants a reason, lets the change through, and is recorded', async () => {
    const config = await under([payments]);
    const bare = await run(['--config', config, ...set('--rate', '500', ...name)]);
    expect(errorOf(bare)).toMatchObject({ code: 'REASON_MISSING', exitCode: 6, hint: 'Add --reason TEXT.' });
    expect(await state.lab.document()).toBeNull();
    const ran = await run(['--config', config, ...set('--rate', '500', ...name, '--reason', 'sale')]);
    expect(ran.code).toBe(0);
    expect(jsonOf(ran.out)).toMatchObject({ guards: [{ rule: 'payments', outcome: 'overridden' }], remarks: [] });
    const history = await run(['--config', config, 'override', 'history', '--json']);
    expect(jsonOf<{ entries: JsonObject[] }>(history.out).entries[0]).toMatchObject({
      guards: ['payments'],
      reason: 'sale',
    });
    expect((await run(['--config', config, 'override', 'history'])).out).toContain('overrides 1 guard: payments');
  });

  test('where it was not needed, that is a remark, and nothing is recorded', async () => {
    const config = await under([payments]);
    const ran = await run(['--config', config, ...set('--rate', '6', ...name, '--reason', 'r')]);
    expect(jsonOf(ran.out)).toMatchObject({ remarks: ['the guard "payments" did not have to be overridden'] });
    const history = await run(['--config', config, 'override', 'history', '--json']);
    expect(jsonOf<{ entries: JsonObject[] }>(history.out).entries[0]).toMatchObject({ guards: [] });
  });

  test('a name that is no guard is a slip, with the names near it', async () => {
    const ran = await guarded([payments], set('--rate', '6', '--override-guard', 'paymnets', '--reason', 'r'));
    expect(errorOf(ran)).toMatchObject({ code: 'UNKNOWN_GUARD', exitCode: 2 });
    expect(errorOf(ran).message).toContain('near it there are: payments');
    const none = await run(set('--rate', '6', '--override-guard', 'x', '--reason', 'r'));
    expect(errorOf(none).message).toContain('has no guards');
    expect(await state.lab.document()).toBeNull();
  });

  test('does not help where nobody may override the rule', async () => {
    const rule = { ...payments, overridable: false };
    const ran = await guarded([rule], set('--rate', '500', ...name, '--reason', 'r'));
    expect(refusalsOf(ran)).toMatchObject([{ rule: 'payments' }, { rule: 'payments' }]);
    expect(errorOf(ran).hint).not.toContain('--override-guard');
  });
});

describe('a freeze', () => {
  const frozen = [{ name: 'winter', freeze: always }];

  test('refuses changes and reloads, and says when it ends in UTC and in its zone', async () => {
    const before = reloads();
    for (const args of [set('--rate', '1'), ['reload', '--json'], ['override', 'unset', '/nothing', '--json']]) {
      const ran = await guarded(frozen, args);
      expect(refusalsOf(ran)).toMatchObject([{ rule: 'winter', limit: 'freeze', until: '2098-12-31T23:00:00.000Z' }]);
      expect(errorOf(ran).hint).toContain('2098-12-31 23:00Z (Thu 2099-01-01 00:00 in Europe/Berlin)');
    }
    expect(reloads()).toBe(before);
  });

  test.each(['verify', 'doctor'])('refuses the reload of %s, and nothing else of it', async (command) => {
    const before = reloads();
    const refused = await guarded(frozen, [command, '--reload', '--json']);
    expect(refusalsOf(refused)).toMatchObject([{ rule: 'winter', limit: 'freeze' }]);
    expect(errorOf(refused)).toMatchObject({
      exitCode: 6,
      hint: expect.stringContaining('reload --dry-run') as string,
    });
    expect(reloads()).toBe(before);
    expect((await guarded(frozen, [command, '--json'])).code).not.toBe(6);
  });

  test('lets what brings back what was', async () => {
    await run(set('--rate', '1'));
    expect(await guarded(frozen, ['override', 'undo', '--json'])).toMatchObject({ code: 0, err: '' });
    expect(await state.lab.document()).toBe('{}');
    await state.lab.store('broken');
    expect(await guarded(frozen, ['override', 'repair', '--json'])).toMatchObject({ code: 0, err: '' });
  });

  test('a reload may be overridden, with a reason that is remembered; dry, it says what it would meet', async () => {
    const dry = await guarded(frozen, ['reload', '--dry-run', '--json']);
    expect(jsonOf(dry.out)).toMatchObject({ guards: [{ rule: 'winter', outcome: 'refused' }] });
    const args = ['reload', '--json', '--override-guard', 'winter'];
    expect(errorOf(await guarded(frozen, args))).toMatchObject({ code: 'REASON_MISSING', exitCode: 6 });
    const ran = await guarded(frozen, [...args, '--reason', 'deployed']);
    expect(ran.code).toBe(0);
    expect(jsonOf(ran.out)).toMatchObject({ guards: [{ outcome: 'overridden' }] });
    const kept = [...(await state.lab.world.files()).values()].find((text) => text.includes('"deployed"'));
    expect(jsonOf(kept ?? '{}')).toMatchObject({ command: 'reload', reason: 'deployed', guards: ['winter'] });
  });

  test('refuses a reload of many instances as well, and says so in its plan', async () => {
    const before = reloads();
    const targets = await state.lab.world.write('targets.txt', `${state.lab.sandbox.origin}\n`);
    const fleet = ['reload', '--targets-file', targets, '--json'];
    expect(refusalsOf(await guarded(frozen, fleet))).toMatchObject([{ rule: 'winter', limit: 'freeze' }]);
    expect(reloads()).toBe(before);
    expect(jsonOf((await guarded(frozen, [...fleet, '--dry-run'])).out)).toMatchObject({
      kind: 'FleetReloadPlan',
      guards: [{ rule: 'winter', outcome: 'refused' }],
    });
    const past = await guarded(frozen, [...fleet, '--override-guard', 'winter', '--reason', 'r']);
    expect(past.code).toBe(0);
    expect(jsonOf(past.out)).toMatchObject({ guards: [{ outcome: 'overridden' }] });
  });

  test('one of some commands leaves the others alone', async () => {
    const rule = { name: 'sets', freeze: always, commands: ['override set'] };
    expect(await guarded([rule], ['reload', '--json'])).toMatchObject({ code: 0 });
    expect(refusalsOf(await guarded([rule], set('--rate', '1')))).toHaveLength(1);
  });
});

describe('shadow', () => {
  const never = (what: string) => [{ name: 'flags', buckets: ['financial'], never: what }];

  test('through overrides, both ways', async () => {
    expect(refusalsOf(await guarded(never('shadow'), ['shadow', 'on', 'pay', '--json']))).toMatchObject([
      { rule: 'flags', limit: 'never', route: '/api/payments' },
    ]);
    expect(await state.lab.document()).toBeNull();
    expect(await guarded(never('enforce'), ['shadow', 'on', 'pay', '--json'])).toMatchObject({ code: 0 });
    expect(refusalsOf(await guarded(never('enforce'), ['shadow', 'off', 'pay', '--json']))).toHaveLength(1);
    expect(await state.lab.document()).toBe('{"/api/payments":{"shadow":true}}');
    expect(await guarded(never('enforce'), ['shadow', 'on', '--route', '/api/search', '--json'])).toMatchObject({
      code: 0,
    });
  });

  test('through an env file: refused before the file is touched, overridden and kept', async () => {
    const file = await state.lab.world.write('flags.env', 'RATE_LIMIT_SHADOW_FINANCIAL=false\n');
    const driver = { shadowDriver: { 'env-file': file } };
    const on = ['shadow', 'on', 'financial', '--no-reload', '--json'];
    const refused = await guarded(never('shadow'), on, driver);
    expect(refusalsOf(refused)).toMatchObject([{ rule: 'flags', limit: 'never', bucket: 'financial', route: null }]);
    expect(await readFile(file, 'utf8')).toBe('RATE_LIMIT_SHADOW_FINANCIAL=false\n');
    const dry = await guarded(never('shadow'), [...on, '--dry-run'], driver);
    expect(jsonOf(dry.out)).toMatchObject({ kind: 'ShadowPlan', guards: [{ outcome: 'refused' }] });
    const past = await guarded(never('shadow'), [...on, '--override-guard', 'flags', '--reason', 'fire'], driver);
    expect(past.code).toBe(0);
    expect(await readFile(file, 'utf8')).toBe('RATE_LIMIT_SHADOW_FINANCIAL=true\n');
    const kept = [...(await state.lab.world.files()).values()].join('\n');
    expect(kept).toContain('"guards":["flags"]');
    const other = await guarded(never('shadow'), ['shadow', 'on', 'read', '--no-reload', '--json'], driver);
    expect(other).toMatchObject({ code: 0, err: '' });
  });
});

describe('deny, only and require', () => {
  test('what may be done on an environment', async () => {
    const rules = [
      { name: 'no-unset', deny: true, commands: ['override unset'] },
      { name: 'sets', only: ['override set', 'reload'] },
    ];
    await run(set('--rate', '1'));
    expect(refusalsOf(await guarded(rules, ['override', 'unset', '/api/payments', '--json']))).toMatchObject([
      { rule: 'no-unset', limit: 'deny' },
      { rule: 'sets', limit: 'only' },
    ]);
    expect(await guarded(rules, set('--rate', '2'))).toMatchObject({ code: 0 });
    expect(await guarded(rules, ['reload'])).toMatchObject({ code: 0 });
  });

  test('a ticket for some routes', async () => {
    const rules = [{ name: 'tickets', buckets: ['financial'], require: ['ticket'] }];
    expect(refusalsOf(await guarded(rules, set('--rate', '1')))).toMatchObject([{ limit: 'require' }]);
    expect(await guarded(rules, set('--rate', '1', '--ticket', 'T-1'))).toMatchObject({ code: 0 });
    expect(await guarded(rules, ['override', 'set', '/api/search', '--rate', '1'])).toMatchObject({ code: 0 });
  });
});

test('the rules of a file that nobody trusts hold', async () => {
  const lab = { ...state.lab.environment, guards: [payments] };
  const cwd = join(state.lab.world.root, 'untrusted');
  await state.lab.world.write(join(cwd, 'rlctl.yaml'), JSON.stringify({ environments: { lab } }));
  const ran = await run(set('--rate', '500', '--no-reload'), { cwd, env: { RLCTL_CONFIG: undefined } });
  expect(refusalsOf(ran)).toMatchObject([{ rule: 'payments', limit: 'rate' }, { limit: 'factor' }]);
});

describe('somebody else writes between the plan and the write', () => {
  const opened = {} as { server: Server; origin: string; onAsk: () => Promise<void> };
  const bucket = { bucket: 'financial', rate_per_min: 5, burst: 2, window_s: 60, shadow: false };

  beforeAll(async () => {
    // An API whose first answer comes after somebody else has written: the guard asks it between the plan and the write.
    const answer = async (response: ServerResponse): Promise<void> => {
      await opened.onAsk();
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(bucket));
    };
    opened.server = createServer((_, response) => void answer(response));
    await new Promise<void>((resolve) => opened.server.listen(0, '127.0.0.1', resolve));
    opened.origin = `http://127.0.0.1:${(opened.server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => opened.server.close(resolve)));

  test.each([
    [1000, 6],
    [300, 0],
  ])('the factor is judged on what is stored then: %s per minute ends in %s', async (rate, code) => {
    await state.lab.store('{"/api/payments":{"rate":100,"burst":2}}');
    const theirs = `{"/api/payments":{"rate":${rate},"burst":2}}`;
    const asked = { count: 0 };
    opened.onAsk = async () => {
      asked.count += 1;
      if (asked.count === 1) await state.lab.store(theirs);
    };
    const rule = { name: 'steps', buckets: ['financial'], factor: 4 };
    const args = ['override', 'set', '/api/payments/x', '--rate', '100', '--no-reload', '--json'];
    const ran = await guarded([rule], args, { api: opened.origin });
    expect(asked.count).toBe(1);
    expect(ran.code).toBe(code);
    if (code === 6) {
      expect(refusalsOf(ran)).toMatchObject([{ rule: 'steps', limit: 'factor', before: 1000, value: 100 }]);
      expect(await state.lab.document()).toBe(theirs);
      expect(await state.lab.redis.cli('EXISTS', labHistoryKey)).toBe('0');
    } else {
      expect(jsonOf(ran.out)).toMatchObject({ conflictsMerged: 1 });
    }
  });
});

describe('what is shown of guards', () => {
  test('env show lists them in words, and as data', async () => {
    const rules = [payments, { deny: true, commands: ['override sync'], overridable: false }];
    const human = await guarded(rules, ['env', 'show']);
    expect(human.out).toMatch(/guards +payments, guard-2/);
    expect(human.out).toMatch(/payments +buckets pay +rate 1 to 10; factor 4\n/);
    expect(human.out).toMatch(/guard-2 +everything; by override sync +denied \(nobody may override it\)/);
    expect(jsonOf((await guarded(rules, ['env', 'show', '--json'])).out)).toMatchObject({
      guards: [
        { name: 'payments', bounds: { ratePerMin: { min: 1, max: 10 } } },
        { name: 'guard-2', isDenied: true },
      ],
    });
  });

  test('doctor says which can never apply', async () => {
    const rules = [payments, { name: 'lost', buckets: ['finances'], deny: true }];
    const only = ['doctor', '--only', 'configuration.guards', '--json'];
    const ran = await guarded(rules, only);
    expect(ran.code).toBe(3);
    expect(jsonOf<{ findings: JsonObject[] }>(ran.out).findings).toMatchObject([
      { code: 'GUARD_BUCKET_UNKNOWN', severity: 'warning', check: 'configuration.guards' },
    ]);
    expect(await guarded([payments], only)).toMatchObject({ code: 0 });
  });

  test('help guards has every key', async () => {
    const { code, out } = await run(['help', 'guards']);
    expect(code).toBe(0);
    for (const key of ['factor', 'never', 'freeze', 'overridable', '--override-guard']) expect(out).toContain(key);
  });
});

import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { checkGroups, checks } from '../../src/domain/doctor/checks.js';
import { findCanaries, spellingsOf, spellingsOfSecret } from '../support/canary.js';
import { doctorReport, openHealthyLab, runDoctor, type ShownReport } from '../support/doctor-kit.js';
import { startFaultProxy } from '../support/fault-proxy.js';
import { goodPolicy, json, startHttpControlPlane } from '../support/http-control-plane.js';
import { labKey, type Lab } from '../support/lab.js';
import { startPrometheus } from '../support/prometheus.js';
import { within } from '../support/within.js';
import { errorOf, jsonOf, openWorld } from '../support/world.js';

const state = {} as { lab: Lab };
beforeAll(async () => {
  state.lab = await openHealthyLab();
});
afterAll(() => state.lab.stop());
beforeEach(async () => {
  await state.lab.redis.cli('FLUSHALL');
});

const ids = checks.map(({ id }) => id);
const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

describe('doctor of what is well', () => {
  test.each([
    ['documented', []],
    // What is honest to say of it: whoever writes alerts has to know.
    ['deployed', ['LABELS_DEPLOYED']],
  ] as const)('a %s sandbox: nothing is wrong', async (dialect, worthKnowing) => {
    const lab = await openHealthyLab({ dialect, workers: 2 });
    try {
      const named = { environment: { metrics: `${lab.sandbox.origin}/metrics` } };
      expect(await doctorReport(lab, named)).toMatchObject({ code: 0, summary: { errors: 0, warnings: 0 } });
      await lab.world.main(['override', 'set', '/api/search', '--rate', '120', '--reason', 'more']);
      const used = await doctorReport(lab, named);
      expect(used.findings.map(({ code, severity }) => [code, severity])).toEqual(
        worthKnowing.map((code) => [code, 'info']),
      );
      expect(used.code).toBe(0);
      expect(used.checks.find(({ id }) => id === 'server.overrides')?.evidence).toContain('reads overrides from Redis');
    } finally {
      await lab.stop();
    }
  });

  test('every check of the table answers, in its order, and none twice', async () => {
    const report = await doctorReport(state.lab);
    expect(report.checks.map(({ id }) => id)).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => checkGroups.some((group) => id.startsWith(`${group}.`)))).toBe(true);
    expect(report.summary).toMatchObject({ errors: 0, warnings: 0, checks: ids.length });
  });

  test('it sends GETs only, and asks Redis for nothing that writes', async () => {
    const server = await startHttpControlPlane();
    await state.lab.redis.cli('CONFIG', 'RESETSTAT');
    try {
      await runDoctor(state.lab, { environment: { api: server.origin } });
      expect(new Set(server.arrived.map(({ method }) => method))).toEqual(new Set(['GET']));
      const sent = (await state.lab.redis.cli('INFO', 'commandstats')).matchAll(/cmdstat_([\w|]+):/g);
      const reading =
        'type strlen getrange pttl xrevrange xrange time info scan acl|dryrun config|get config|resetstat'.split(' ');
      expect([...sent].map(([, name]) => name).filter((name) => !reading.includes(name ?? ''))).toEqual([]);
    } finally {
      await server.stop();
    }
  });

  test('a configuration behind a link has the permissions of what it leads to', async () => {
    const { world, environment } = state.lab;
    const path = await world.config('linked.yaml', { environments: { lab: environment } });
    const link = join(world.cwd, 'dotfile.yaml');
    await symlink(path, link);
    const report = await doctorReport(state.lab, { env: { RLCTL_CONFIG: link } });
    expect(report.findings).toEqual([]);
  });

  test('a Prometheus that scrapes the server, with the alert of the handbook', async () => {
    const { world, sandbox } = state.lab;
    const expression = 'sum(rate(lab_rl_decisions_total{action="blocked",shadow="false"}[5m])) > 0.05';
    const groups = [{ name: 'limiter', rules: [{ alert: 'Blocked', expr: expression }] }];
    await fetch(`${sandbox.origin}/api/search`);
    const prometheus = await startPrometheus({
      jobs: [{ name: 'api', url: `${sandbox.origin}/metrics` }],
      rules: await world.write('handbook.yml', JSON.stringify({ groups })),
    });
    try {
      while ((await prometheus.number('sum(lab_rl_decisions_total)')) === null)
        await new Promise((resolve) => setTimeout(resolve, 50));
      const report = await doctorReport(state.lab, { environment: { prometheus: prometheus.url } });
      expect(report.findings).toEqual([]);
      const own = report.checks.filter(({ id }) => id.startsWith('metrics.'));
      expect(own.map(({ state: each }) => each)).toEqual(Array(6).fill('healthy'));
      expect(own.map(({ evidence }) => evidence)).toEqual(
        expect.arrayContaining(['1 of 1 up', '1 alert on the limiter', 'action=allowed shadow=false']),
      );
    } finally {
      await prometheus.stop();
    }
  });

  test('for people: a line for each group, within 80 columns', async () => {
    const { out, code } = await runDoctor(state.lab, { columns: 80, env: { NO_COLOR: '1', SHELL: '/bin/bash' } });
    expect(code).toBe(0);
    expect(out).toMatch(/^✓ configuration {2}6 of 6 checks well$/m);
    expect(out).toMatch(/^✓ redis {10}9 of 9 checks well$/m);
    expect(out).toMatch(/nothing is wrong; secret not tried \(--reload\); \d+ checks not made/);
    expect(out.trim().split('\n').length).toBe(checkGroups.length + 2);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe('doctor of what is broken', () => {
  test('for people: what is wrong, what was seen, what to do, within 80 columns', async () => {
    await state.lab.store('{"/api/search":{"rate":1},"/api/search/fast":{"rate":"12.5"}}');
    const { out, code } = await runDoctor(state.lab, { columns: 80, env: { NO_COLOR: '1', SHELL: '/bin/bash' } });
    expect(code).toBe(3);
    expect(out).toMatch(/^✗ document {7}5 of 8 checks well$/m);
    expect(out).toMatch(/^ {2}warning document\.order: "\/api\/search\/fast" never wins/m);
    expect(out).toMatch(/^ {4}seen: position 2, behind "\/api\/search"$/m);
    expect(out).toMatch(/^ {4}cure: Put it in front/m);
    expect(out).toMatch(/^1 error, 2 warnings/m);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('a fleet that is down is told in a few lines, and whole to programs', async () => {
    const api = Array.from({ length: 40 }, (_, index) => `http://127.0.0.1:${index + 1}`);
    const args = ['--only', 'api'];
    const ran = await runDoctor(state.lab, { environment: { api }, args });
    expect(ran.out.match(/error api\.reachable/g)?.length).toBe(1);
    expect(ran.out).toMatch(/40 of 40 instances \(.* and 37 more\): nothing listens there/);
    const { findings } = await doctorReport(state.lab, { environment: { api }, args });
    expect(findings).toMatchObject([{ code: 'API_UNREACHABLE', instances: api }]);
  });

  test('the findings of programs stand worst first, and yaml and jq say the same', async () => {
    await state.lab.store('{"/api/x":[1]}');
    await state.lab.redis.cli('EXPIRE', labKey, '600');
    const report = await doctorReport(state.lab);
    expect(report.findings.map(({ severity }) => severity)).toEqual(['error', 'warning']);
    const yaml = await runDoctor(state.lab, { args: ['-o', 'yaml'] });
    expect(yaml.out).toContain('code: "DOCUMENT_EXPIRES"');
    const jq = await runDoctor(state.lab, { args: ['--jq', '.findings[].code'] });
    expect(jq.out).toBe('DOCUMENT_EXPIRES\nENTRY_VANISHES\n');
    expect(jq.code).toBe(3);
  });

  test('the lines of a group: a count for each, and a list behind its colon', async () => {
    const plain = { env: { NO_COLOR: '1' } };
    await state.lab.store('{"/api/x":{"rate":1}}');
    await state.lab.redis.cli('EXPIRE', labKey, '600');
    const ttl = await runDoctor(state.lab, { ...plain, args: ['--only', 'redis.ttl'] });
    expect(ttl.out).toMatch(/^✗ redis {10}0 of 1 check well$/m);
    const slip = await runDoctor(state.lab, { ...plain, columns: 200, environment: { sekret: 'x' } });
    expect(slip.out).toMatch(/is not a valid configuration: environments\.lab: unknown key "sekret"/);
  });

  test('the state that others can read is a finding, file by file, and --fix mends it', async () => {
    const lab = await openHealthyLab();
    try {
      await lab.world.main(['reload']);
      const folder = join(lab.world.stateHome, 'rlctl');
      const file = join(folder, 'state.json');
      await chmod(folder, 0o755);
      await chmod(file, 0o666);
      const only = ['--only', 'local.state'];
      const report = await doctorReport(lab, { args: only });
      expect(report.findings.map(({ code, part, cure }) => [code, part, cure])).toEqual([
        ['STATE_OPEN', folder, `Run: chmod 700 ${folder}`],
        ['STATE_OPEN', file, `Run: chmod 600 ${file}`],
      ]);
      expect((await doctorReport(lab, { args: [...only, '--fix'] })).code).toBe(0);
      expect([await modeOf(folder), await modeOf(file)]).toEqual(['700', '600']);
      expect((await doctorReport(lab, { args: only })).findings).toEqual([]);
    } finally {
      await lab.stop();
    }
  });

  test('one failure that many checks meet is said once, and the rest says on what it waits', async () => {
    const report = await doctorReport(state.lab, {
      environment: { redis: 'redis://127.0.0.1:1/0' },
      args: ['--only', 'redis.role', '--only', 'document'],
    });
    expect(report.findings.map(({ check, code }) => [check, code])).toEqual([['redis.role', 'REDIS_UNREACHABLE']]);
    const waiting = report.checks.slice(1).map(({ because }) => because);
    expect(waiting).toEqual(['see redis.role', ...Array<string>(7).fill('see document.readable')]);
  });

  test('a user who may ask Redis for nothing about itself is told what was not checked', async () => {
    const { redis } = state.lab;
    const rules = ['+type', '+strlen', '+getrange', '+pttl', '+xrevrange', '+xrange', '+time'];
    await redis.cli('ACL', 'SETUSER', 'least', 'reset', 'on', '>pw', '~*', ...rules);
    const report = await doctorReport(state.lab, {
      environment: { redis: `redis://least:pw@127.0.0.1:${redis.port}/0` },
      args: ['--only', 'redis'],
    });
    expect(report.findings).toEqual([]);
    const skipped = report.checks.filter(({ because }) => because?.includes('not permitted')).map(({ id }) => id);
    expect(skipped).toEqual(['redis.version', 'redis.role', 'redis.persistence', 'redis.eviction', 'redis.rights']);
    await redis.cli('ACL', 'DELUSER', 'least');
  });

  test('where ACL DRYRUN may not be used, the user’s own rules tell', async () => {
    const { redis } = state.lab;
    await redis.cli('ACL', 'SETUSER', 'ruled', 'reset', 'on', '>pw', '~*', '+@all', '-acl|dryrun', '-xadd');
    const report = await doctorReport(state.lab, {
      environment: { redis: `redis://ruled:pw@127.0.0.1:${redis.port}/0` },
      args: ['--only', 'redis.rights'],
    });
    expect(report.findings).toMatchObject([{ code: 'REDIS_CANNOT_CHANGE', evidence: 'user ruled: by ACL GETUSER' }]);
    expect(report.findings[0]?.message).toContain('XADD');
    await redis.cli('ACL', 'DELUSER', 'ruled');
  });

  test('text from outside is spelled out in a terminal', async () => {
    const server = await startHttpControlPlane();
    server.behave((request, ...rest) =>
      json(200, request.url.startsWith('/health') ? { status: 'un\u001b[2Jwell\u202e' } : goodPolicy)(request, ...rest),
    );
    try {
      const { out } = await runDoctor(state.lab, { environment: { api: server.origin } });
      // oxlint-disable-next-line no-control-regex -- what must not be there
      expect(out).not.toMatch(/[\u001b\u202e]/);
    } finally {
      await server.stop();
    }
  });

  test('a server that says it is a preview, where the environment is called prod', async () => {
    const server = await startHttpControlPlane();
    server.behave(json(200, goodPolicy, { 'X-Site-Mode': 'preview' }));
    const { world } = state.lab;
    try {
      const path = await world.config('names.yaml', {
        environments: { prod: { api: server.origin }, preview: { api: server.origin } },
      });
      const codesOf = async (name: string): Promise<readonly string[]> => {
        const args = ['-e', name, 'doctor', '--only', 'api.site-mode', '--json'];
        const { out } = await world.main(args, { env: { RLCTL_CONFIG: path } });
        return jsonOf<ShownReport>(out).findings.map(({ code, severity }) => `${code} ${severity}`);
      };
      expect(await codesOf('prod')).toEqual(['SITE_MODE_SUSPECT warning']);
      expect(await codesOf('preview')).toEqual(['SITE_MODE_UNCHECKED info']);
    } finally {
      await server.stop();
    }
  });

  test('without any configuration: one warning, with the way to begin', async () => {
    const world = await openWorld();
    try {
      const ran = await world.main(['doctor', '--json']);
      const report = jsonOf<{ findings: readonly { code: string; cure: string }[] }>(ran.out);
      expect(report.findings.map(({ code }) => code)).toContain('NO_CONFIGURATION');
      expect(report.findings[0]?.cure).toContain('rlctl sandbox up');
      expect(ran.code).toBe(3);
    } finally {
      await world.remove();
    }
  });

  test('an environment that is not there is a slip, and no finding', async () => {
    const ran = await state.lab.world.main(['-e', 'nowhere', 'doctor', '--json']);
    expect(ran.code).toBe(2);
    expect(errorOf(ran).code).toBe('UNKNOWN_ENVIRONMENT');
  });
});

describe('--only', () => {
  test('takes groups and checks, and looks at nothing else', async () => {
    const report = await doctorReport(state.lab, { args: ['--only', 'local', '--only', 'redis.role'] });
    expect(report.checks.map(({ id }) => id)).toEqual(['redis.role', 'local.node', 'local.state', 'local.completion']);
  });

  test('an unknown one is a usage error with the nearest names', async () => {
    const ran = await runDoctor(state.lab, { args: ['--only', 'redis.rol', '--json'] });
    expect(ran.code).toBe(2);
    expect(errorOf(ran).hint).toContain('redis.role');
    const far = await runDoctor(state.lab, { args: ['--only', 'weather', '--json'] });
    expect(errorOf(far).hint).toContain(checkGroups.join(', '));
  });
});

describe('the deadline', () => {
  test('a Redis and an API that hang cost their own checks, and nothing else', async () => {
    const redis = await startFaultProxy(state.lab.redis.port);
    redis.inject({ at: 'connect', action: 'silence', times: 100 });
    const api = await startHttpControlPlane();
    api.behave(() => undefined);
    try {
      const wanted = {
        environment: { redis: `redis://127.0.0.1:${redis.port}/0`, api: api.origin },
        args: ['--timeout', '4s'],
      };
      // One after the other they would cost eight seconds.
      const report = await within(7500, () => doctorReport(state.lab, wanted));
      expect(report.findings.map(({ check, code }) => [check, code])).toEqual([
        ['api.reachable', 'API_TIMEOUT'],
        ['redis.reachable', 'REDIS_SILENT'],
      ]);
      const healthy = report.checks.filter((each) => each.state === 'healthy').map(({ id }) => id);
      expect(healthy).toEqual(expect.arrayContaining(['configuration.valid', 'local.node', 'configuration.secret']));
    } finally {
      await redis.stop();
      await api.stop();
    }
  });

  test('a program that never prints its secret is not waited for', async () => {
    const report = await doctorReport(state.lab, {
      environment: { secret: { command: ['sleep', '60'] } },
      args: ['--timeout', '10s', '--only', 'configuration', '--only', 'redis.role'],
    });
    expect(report.findings.map(({ check }) => check)).toEqual(['configuration.secret']);
    expect(report.checks.find(({ id }) => id === 'redis.role')?.state).toBe('healthy');
    expect(report.tookMs).toBeLessThan(10_000);
  });

  test('an interrupt ends it', async () => {
    const api = await startHttpControlPlane();
    const { lab } = state;
    try {
      const ran = await runDoctor(lab, {
        environment: { api: api.origin },
        onHost: (host) => api.behave(() => host.signal('SIGINT')),
      });
      expect(ran.code).toBe(130);
    } finally {
      await api.stop();
    }
  });
});

describe('--fix', () => {
  const loose = async (): Promise<string> => state.lab.world.write('loose', 'a-long-secret', 0o644);

  test('mends the permissions of one’s own files, and says exactly what it did', async () => {
    const file = await loose();
    const folder = join(state.lab.world.stateHome, 'rlctl');
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0o777);
    const options = { mode: 0o666, environment: { secret: { file } } };
    const ran = await runDoctor(state.lab, { ...options, args: ['--fix'] });
    expect(ran.code).toBe(0);
    expect(ran.out).toContain(`done: chmod 600 ${file} (was 644)`);
    expect(ran.out).toMatch(/done: chmod 644 .*doctor\.yaml \(was 666\)/);
    expect(ran.out).toContain(`done: chmod 700 ${folder} (was 777)`);
    expect(ran.out).toMatch(/fixed configuration\.secret/);
    expect(ran.out).toMatch(/^✓ configuration {2}4 of 6 checks well, 2 mended$/m);
    expect([await modeOf(file), await modeOf(folder)]).toEqual(['600', '700']);
    expect((await doctorReport(state.lab, { environment: { secret: { file } } })).findings).toEqual([]);
  });

  test('--dry-run shows it, also under --read-only, and mends nothing', async () => {
    const file = await loose();
    const environment = { secret: { file } };
    const report = await doctorReport(state.lab, { environment, args: ['--fix', '--dry-run', '--read-only'] });
    expect(report).toMatchObject({ code: 3, fixes: [{ path: file, from: '644', to: '600', state: 'wouldDo' }] });
    expect(await modeOf(file)).toBe('644');
  });

  test('--read-only refuses it', async () => {
    const file = await loose();
    const ran = await runDoctor(state.lab, {
      environment: { secret: { file } },
      args: ['--fix', '--read-only', '--json'],
    });
    expect([ran.code, errorOf(ran).code]).toEqual([6, 'READ_ONLY']);
    expect(await modeOf(file)).toBe('644');
  });

  test('what is not local is never touched', async () => {
    await state.lab.store('{"/api/x":[1]}');
    await state.lab.redis.cli('EXPIRE', labKey, '600');
    const report = await doctorReport(state.lab, { args: ['--fix'] });
    expect(report).toMatchObject({ code: 3, fixes: [] });
    expect(Number(await state.lab.redis.cli('TTL', labKey))).toBeGreaterThan(0);
    expect(await state.lab.document()).toBe('{"/api/x":[1]}');
  });
});

describe('--reload', () => {
  const reloads = (): number => state.lab.sandbox.workers().reduce((sum, each) => sum + each.reloads, 0);

  test('sends one, and nothing else does', async () => {
    const before = reloads();
    await runDoctor(state.lab);
    expect(reloads()).toBe(before);
    const report = await doctorReport(state.lab, { args: ['--reload'] });
    expect(reloads()).toBe(before + 1);
    expect(report.findings).toEqual([]);
    expect(report.checks.find(({ id }) => id === 'api.reload')?.evidence).toContain('documented signature');
  });

  test('is refused under --read-only, not sent with --dry-run, and asked for where protected', async () => {
    const before = reloads();
    const refused = await runDoctor(state.lab, { args: ['--reload', '--read-only', '--json'] });
    expect([refused.code, errorOf(refused).code]).toEqual([6, 'READ_ONLY']);
    expect((await runDoctor(state.lab, { args: ['--reload', '--dry-run'] })).code).toBe(0);
    const environment = { protected: true };
    const unconfirmed = await runDoctor(state.lab, { environment, args: ['--reload', '--json'] });
    expect([unconfirmed.code, errorOf(unconfirmed).code]).toEqual([6, 'NOT_CONFIRMED']);
    expect(reloads()).toBe(before);
    expect((await runDoctor(state.lab, { environment, args: ['--reload', '--yes'] })).code).toBe(0);
    expect(reloads()).toBe(before + 1);
  });

  test('is never sent where it would drop every override', async () => {
    await state.lab.store('{"/api/x":');
    const before = reloads();
    const report = await doctorReport(state.lab, { args: ['--reload'] });
    expect(report.checks.find(({ id }) => id === 'api.reload')?.because).toBe('see document.readable');
    expect(reloads()).toBe(before);
  });
});

describe('--bundle', () => {
  test('holds what was seen, is private, and holds no secret in any spelling', async () => {
    const { lab } = state;
    const secrets = {
      file: 'canary-signing-Zq81/+x',
      redis: 'canary-redis-p@ss/77',
      bearer: 'canary-bearer-token-3141',
    };
    const profile = { header: 'X-Sig', payload: '', headers: { Authorization: 'canary-profile-header-2718' } };
    const file = await lab.world.write('canary', secrets.file);
    const bearer = await lab.world.write('bearer', secrets.bearer);
    await lab.redis.cli('ACL', 'SETUSER', 'canary', 'reset', 'on', `>${secrets.redis}`, '+@all', '~*');
    // A server that repeats what it should not.
    const server = await startHttpControlPlane();
    server.behave((request, ...rest) => {
      const detail = `${secrets.file} ${secrets.redis} ${secrets.bearer} ${JSON.stringify(request.headers)}`;
      json(request.url.startsWith('/health') ? 200 : 400, { detail, status: detail })(request, ...rest);
    });
    const path = join(lab.world.cwd, 'bundle.json');
    try {
      const password = encodeURIComponent(secrets.redis);
      const ran = await runDoctor(lab, {
        args: ['--bundle', 'bundle.json'],
        env: { CONFIG_RELOAD_SECRET: secrets.file },
        environment: {
          api: server.origin,
          secret: { file },
          signing: profile,
          shadowDriver: { exec: ['flip', '--token', 'canary-argument-1618'] },
          probe: [{ url: `${server.origin}/api/x?key=canary-query-5772` }],
          redis: `redis://canary:${password}@127.0.0.1:${lab.redis.port}/0`,
          metrics: { url: `${server.origin}/metrics`, bearer: { file: bearer } },
        },
      });
      expect(ran.out).toContain(`written: ${path}`);
      const text = await readFile(path, 'utf8');
      expect(await modeOf(path)).toBe('600');
      const spellings = [
        ...spellingsOfSecret(secrets.file),
        ...spellingsOf('the password of Redis', secrets.redis),
        ...spellingsOf('the token', secrets.bearer),
        ...['canary-profile-header-2718', 'canary-argument-1618', 'canary-query-5772'].map((each) => ({
          what: each,
          text: each,
        })),
      ];
      expect(findCanaries(spellings, text)).toEqual([]);
      expect(findCanaries(spellings, ran.out + ran.err)).toEqual([]);
      expect(text).toContain('[redacted]');
      const bundle = jsonOf<{
        kind: string;
        versions: Record<string, string>;
        settings: readonly { key: string }[];
        checks: readonly { id: string }[];
      }>(text);
      expect(bundle).toMatchObject({
        kind: 'DoctorBundle',
        versions: { rlctl: '0.0.0-test', node: process.versions.node },
      });
      expect(bundle.checks.map(({ id }) => id)).toEqual(ids);
      expect(bundle.settings.map(({ key }) => key)).toContain('namespace');
    } finally {
      await server.stop();
      await lab.redis.cli('ACL', 'DELUSER', 'canary');
    }
  });

  test('replaces nothing without --force, and is not written through a link', async () => {
    const { lab } = state;
    const path = join(lab.world.cwd, 'there.json');
    await writeFile(path, 'mine');
    const refused = await runDoctor(lab, { args: ['--bundle', path, '--json'] });
    expect([refused.code, errorOf(refused).code]).toEqual([6, 'BUNDLE_EXISTS']);
    expect(errorOf(refused).hint).toContain('--force');
    expect(await readFile(path, 'utf8')).toBe('mine');
    const report = await doctorReport(lab, { args: ['--bundle', path, '--force'] });
    expect(report.bundle).toBe(path);
    expect(jsonOf(await readFile(path, 'utf8'))).toMatchObject({ kind: 'DoctorBundle' });
    const link = join(lab.world.cwd, 'link.json');
    await symlink(path, link);
    expect((await runDoctor(lab, { args: ['--bundle', link, '--force'] })).code).toBe(6);
  });
});

import { chmod, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Behaviour } from '../../src/sandbox/behaviour.js';
import { serverName } from '../../src/domain/config/server-name.js';
import { Secret } from '../../src/domain/secret.js';
import { createAuthority, type CertificateWish } from '../support/certificates.js';
import { openHealthyLab, type DoctorOptions } from '../support/doctor-kit.js';
import { goodPolicy, json, startHttpControlPlane, type Respond } from '../support/http-control-plane.js';
import { labHistoryKey, labKey, labMetadataKey, type Lab, type LabOptions } from '../support/lab.js';
import { startPrometheus } from '../support/prometheus.js';
import { freePort, startRedis } from '../support/redis-server.js';

/** What a fault was seeded into, and how to take it away again. */
interface Seeded {
  /** Another lab than the shared one. */
  readonly lab?: Lab;
  readonly options?: DoctorOptions;
  readonly undo?: () => Promise<unknown>;
}

/** One fault: how it is brought about for real, and what doctor has to say of it. */
export interface Fault {
  readonly fault: string;
  readonly check: string;
  readonly code: string;
  readonly severity: 'error' | 'warning' | 'info';
  /** What the cure has to name. */
  readonly cure: RegExp;
  /** Other findings that this very fault brings about. */
  readonly also?: readonly string[];
  readonly seed: (lab: Lab) => Promise<Seeded>;
}

/** A document stored past rlctl. */
const stored =
  (text: string, options: DoctorOptions = {}): Fault['seed'] =>
  async (lab) => {
    await lab.store(text);
    return { options };
  };

/** A server of its own kind, with a Redis of its own. */
const behaving =
  (behaviour: Partial<Behaviour>, options: DoctorOptions = {}): Fault['seed'] =>
  async () => {
    const lab = await openHealthyLab({ behaviour });
    return { lab, options, undo: () => lab.stop() };
  };

/** An HTTP server in place of the API. */
const answering =
  (respond: Respond): Fault['seed'] =>
  async () => {
    const server = await startHttpControlPlane();
    server.behave(respond);
    return { options: { environment: { api: server.origin } }, undo: () => server.stop() };
  };

/** An API behind TLS with a certificate of the test's own authority. */
const certified =
  (wish: CertificateWish): Fault['seed'] =>
  async () => {
    const authority = createAuthority();
    const server = await startHttpControlPlane({ tls: authority.issue(wish) });
    authority.remove();
    return { options: { environment: { api: `https://localhost:${server.port}` } }, undo: () => server.stop() };
  };

/** A user of Redis with these commands and keys. */
const user =
  (...rules: readonly string[]): Fault['seed'] =>
  async ({ redis }) => {
    await redis.cli('ACL', 'SETUSER', 'limited', 'reset', 'on', '>pw', ...rules);
    const options = { environment: { redis: `redis://limited:pw@127.0.0.1:${redis.port}/0` } };
    return { options, undo: () => redis.cli('ACL', 'DELUSER', 'limited') };
  };

const readerRules = [
  '+type',
  '+strlen',
  '+getrange',
  '+pttl',
  '+xrevrange',
  '+xrange',
  '+time',
  '+info',
  '+scan',
  '+acl',
  '+config|get',
];

/** A page of metrics, as a server shows it. */
const page =
  (text: string): Fault['seed'] =>
  async () => {
    const server = await startHttpControlPlane();
    server.behave(
      (_, response) => void response.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4' }).end(text),
    );
    return { options: { environment: { metrics: `${server.origin}/metrics` } }, undo: () => server.stop() };
  };

const alerts = (expression: string): string =>
  JSON.stringify({ groups: [{ name: 'limiter', rules: [{ alert: 'Blocked', expr: expression, for: '5m' }] }] });

/** A real Prometheus that scrapes a page and holds an alert, and the page. */
const prometheus =
  (text: string, expression: string | null): Fault['seed'] =>
  async (lab) => {
    const server = createServer((_, response) => {
      if (text === '') response.writeHead(500).end();
      else response.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4' }).end(text);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
    const running = await startPrometheus({
      jobs: [{ name: 'rate-limiter', url }],
      ...(expression === null ? {} : { rules: await lab.world.write('rules.yml', alerts(expression)) }),
    });
    const isScraped = async (): Promise<boolean> =>
      text === ''
        ? (await running.number('up{job="rate-limiter"}')) === 0
        : (await running.number('count({__name__=~"lab_rl_.+"})')) !== null;
    while (!(await isScraped())) await new Promise((resolve) => setTimeout(resolve, 50));
    const undo = async (): Promise<void> => {
      await running.stop();
      server.closeAllConnections();
      server.close();
    };
    return { options: { environment: { prometheus: running.url } }, undo };
  };

const deployedPage = [
  'lab_rl_decisions_total{bucket="read",action="allow",shadow="False"} 7',
  'lab_rl_decisions_total{bucket="read",action="block",shadow="False"} 3',
  'lab_rl_active_overrides 0',
  '',
].join('\n');

const documentedPage = [
  'lab_rl_decisions_total{bucket="read",action="allowed",shadow="false"} 7',
  'lab_rl_active_overrides 0',
  '',
].join('\n');

/** A server that speaks enough of Redis's protocol to be an old one. */
const oldRedis: Fault['seed'] = async () => {
  const sockets = new Set<Socket>();
  const info =
    '# Server\r\nredis_version:5.0.14\r\nrole:master\r\naof_enabled:1\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n';
  const answers: Readonly<Record<string, string>> = {
    TYPE: '+none\r\n',
    PTTL: ':-2\r\n',
    STRLEN: ':0\r\n',
    GETRANGE: '$0\r\n\r\n',
    XREVRANGE: '*0\r\n',
    TIME: '*2\r\n$10\r\n1800000000\r\n$1\r\n0\r\n',
    INFO: `$${info.length}\r\n${info}\r\n`,
    SCAN: '*2\r\n$1\r\n0\r\n*0\r\n',
  };
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      for (const [, name = ''] of chunk.toString().matchAll(/\*\d+\r\n\$\d+\r\n([A-Za-z]+)\r\n/g))
        socket.write(answers[name.toUpperCase()] ?? '-ERR unknown command\r\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const undo = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { options: { environment: { redis: `redis://127.0.0.1:${port}/0` } }, undo };
};

const reloading: DoctorOptions = { args: ['--reload'] };

export const faults: readonly Fault[] = [
  {
    fault: 'others can write the configuration',
    check: 'configuration.mode',
    code: 'CONFIG_WRITABLE',
    severity: 'error',
    cure: /chmod 644 .*doctor\.yaml/,
    seed: async () => ({ options: { mode: 0o666 } }),
  },
  {
    fault: 'others can read a password in the configuration',
    check: 'configuration.mode',
    code: 'CONFIG_READABLE',
    severity: 'warning',
    cure: /chmod 600 .*doctor\.yaml/,
    seed: async ({ redis }) => {
      await redis.cli('ACL', 'SETUSER', 'reader', 'reset', 'on', '>pw', '+@all', '~*');
      const options = { mode: 0o644, environment: { redis: `redis://reader:pw@127.0.0.1:${redis.port}/0` } };
      return { options, undo: () => redis.cli('ACL', 'DELUSER', 'reader') };
    },
  },
  {
    fault: 'a key that no setting has',
    check: 'configuration.valid',
    code: 'CONFIG_INVALID',
    severity: 'error',
    cure: /rlctl help environment/,
    seed: async () => ({ options: { environment: { namespaze: 'lab' } } }),
  },
  {
    fault: 'a configuration that is no YAML',
    check: 'configuration.valid',
    code: 'CONFIG_SYNTAX',
    severity: 'error',
    cure: /Correct the YAML/,
    seed: async ({ world }) => ({ options: { env: { RLCTL_CONFIG: await world.write('broken.yaml', 'a: [1') } } }),
  },
  {
    fault: 'a configuration that is not there',
    check: 'configuration.file',
    code: 'CONFIG_MISSING',
    severity: 'error',
    cure: /--config or RLCTL_CONFIG/,
    seed: async () => ({ options: { env: { RLCTL_CONFIG: '/nowhere/rlctl.yaml' } } }),
  },
  {
    fault: 'a variable of the limiter that contradicts the environment',
    check: 'configuration.valid',
    code: 'ENVIRONMENT_CONTRADICTION',
    severity: 'error',
    cure: /Unset RATE_LIMIT_NAMESPACE/,
    seed: async () => ({ options: { env: { RATE_LIMIT_NAMESPACE: 'other' } } }),
  },
  {
    fault: 'a project’s file that nobody trusted',
    check: 'configuration.trust',
    code: 'CONFIG_UNTRUSTED',
    severity: 'error',
    cure: /rlctl env trust/,
    seed: async ({ world, environment }) => {
      const path = await world.config('rlctl.yaml', { environments: { lab: environment } });
      return { options: { env: { RLCTL_CONFIG: undefined } }, undo: () => rm(path) };
    },
  },
  {
    fault: 'a secret file that others can read',
    check: 'configuration.secret',
    code: 'SECRET_FILE_UNSAFE',
    severity: 'error',
    cure: /chmod 600 .*loose/,
    seed: async ({ world }) => {
      const file = await world.write('loose', 'a-secret', 0o644);
      return { options: { environment: { secret: { file } } } };
    },
  },
  {
    fault: 'a secret that is nowhere',
    check: 'configuration.secret',
    code: 'SECRET_MISSING',
    severity: 'error',
    cure: /Set NO_SUCH_SECRET/,
    seed: async () => ({ options: { environment: { secret: { env: 'NO_SUCH_SECRET' } } } }),
  },
  {
    fault: 'no secret at all',
    check: 'configuration.secret',
    code: 'NO_SECRET',
    severity: 'warning',
    cure: /environments\.lab\.secret/,
    seed: async () => ({ options: { environment: { secret: undefined } } }),
  },
  {
    fault: 'a name that does not resolve',
    check: 'network.dns',
    code: 'DNS_UNRESOLVED',
    severity: 'error',
    cure: /getent hosts api\.invalid/,
    seed: async () => ({ options: { environment: { api: 'https://api.invalid' } } }),
  },
  {
    fault: 'a certificate that has expired',
    check: 'network.tls',
    code: 'TLS_EXPIRED',
    severity: 'error',
    cure: /Renew it.*openssl s_client/,
    also: ['TLS_PRIVATE_CA'],
    seed: certified({ name: 'localhost', toDays: -3 }),
  },
  {
    fault: 'a certificate that expires soon',
    check: 'network.tls',
    code: 'TLS_EXPIRES_SOON',
    severity: 'warning',
    cure: /Renew it/,
    also: ['TLS_PRIVATE_CA'],
    seed: certified({ name: 'localhost', toDays: 9 }),
  },
  {
    fault: 'a certificate by an authority of one’s own',
    check: 'network.tls',
    code: 'TLS_PRIVATE_CA',
    severity: 'error',
    cure: /NODE_EXTRA_CA_CERTS/,
    seed: certified({ name: 'localhost', toDays: 90 }),
  },
  {
    fault: 'a certificate for another name',
    check: 'network.tls',
    code: 'TLS_WRONG_NAME',
    severity: 'error',
    cure: /issued for localhost/,
    also: ['TLS_PRIVATE_CA'],
    seed: certified({ name: 'api.example.com', toDays: 90 }),
  },
  {
    fault: 'a Redis behind a certificate that expires soon',
    check: 'network.tls',
    code: 'TLS_EXPIRES_SOON',
    severity: 'warning',
    cure: /openssl s_client -connect localhost:\d+/,
    also: ['TLS_PRIVATE_CA'],
    seed: async ({ world }) => {
      const authority = createAuthority();
      const { key, cert } = authority.issue({ name: 'localhost', toDays: 9 });
      authority.remove();
      const [keyFile, certFile] = [await world.write('redis.key', key), await world.write('redis.pem', cert)];
      const port = await freePort();
      const tls = ['--tls-port', String(port), '--tls-cert-file', certFile, '--tls-key-file', keyFile];
      const redis = await startRedis({ args: [...tls, '--tls-ca-cert-file', certFile, '--tls-auth-clients', 'no'] });
      return { options: { environment: { redis: `rediss://localhost:${port}/0` } }, undo: () => redis.stop() };
    },
  },
  {
    fault: 'an API that is down',
    check: 'api.reachable',
    code: 'API_UNREACHABLE',
    severity: 'error',
    cure: /RLCTL_API/,
    seed: async () => ({ options: { environment: { api: `http://127.0.0.1:${await freePort()}` } } }),
  },
  {
    fault: 'another base path',
    check: 'api.paths',
    code: 'API_WRONG_PATH',
    severity: 'error',
    cure: /set basePath:/i,
    seed: async () => ({ options: { environment: { basePath: '/elsewhere' } } }),
  },
  {
    fault: 'a proxy that answers with its own page',
    check: 'api.paths',
    code: 'API_PROXY_HTML',
    severity: 'error',
    cure: /network it is open to/,
    seed: answering(
      (_, response) => void response.writeHead(403, { 'Content-Type': 'text/html' }).end('<html>no</html>'),
    ),
  },
  {
    fault: 'plain http that redirects to https',
    check: 'api.paths',
    code: 'REDIRECTED',
    severity: 'error',
    cure: /set api: https:/,
    seed: behaving({ redirectsTo: 'https://127.0.0.1:1' }),
  },
  {
    fault: 'the site of another environment',
    check: 'api.site-mode',
    code: 'WRONG_SITE_MODE',
    severity: 'error',
    cure: /rlctl -e lab .*env show.*-e NAME/,
    seed: behaving({ siteMode: 'prod' }, { environment: { siteMode: 'preview' } }),
  },
  {
    fault: 'a site that the environment names, and the server does not say',
    check: 'api.site-mode',
    code: 'SITE_MODE_UNSAID',
    severity: 'warning',
    cure: /X-Site-Mode/,
    seed: behaving({ siteMode: null }, { environment: { siteMode: 'prod' } }),
  },
  {
    fault: 'a general limiter that refuses the operator',
    check: 'api.limiter',
    code: 'API_RATE_LIMITED',
    severity: 'error',
    cure: /Exempt the internal endpoints/,
    seed: behaving({ generalLimiterPerMinute: 1 }),
  },
  {
    fault: 'a general limiter that counts the operator, and little is left',
    check: 'api.limiter',
    code: 'LIMITER_CLOSE',
    severity: 'warning',
    cure: /Exempt the internal endpoints/,
    seed: answering((request, ...rest) => {
      const headers = { 'X-RateLimit-Limit': '60', 'X-RateLimit-Remaining': '3' };
      const answer = request.url.startsWith('/health') ? json(404, {}) : json(200, goodPolicy, headers);
      answer(request, ...rest);
    }),
  },
  {
    fault: 'a server that says degraded',
    check: 'api.health',
    code: 'DEGRADED',
    severity: 'warning',
    cure: /curl -s .*\/health\/live/,
    seed: answering((request, ...rest) =>
      json(200, request.url.startsWith('/health') ? { status: 'degraded' } : goodPolicy)(request, ...rest),
    ),
  },
  {
    fault: 'a clock that is a minute off',
    check: 'api.clock',
    code: 'CLOCK_DRIFT',
    severity: 'warning',
    cure: /timedatectl/,
    seed: behaving({ clockOffsetSeconds: 60 }),
  },
  {
    fault: 'a clock outside the window of signatures',
    check: 'api.clock',
    code: 'CLOCK_SKEW',
    severity: 'error',
    cure: /timedatectl/,
    seed: behaving({ clockOffsetSeconds: -900 }),
  },
  {
    fault: 'a server that answers 200 and says unhealthy',
    check: 'api.health',
    code: 'UNHEALTHY',
    severity: 'error',
    cure: /curl -s .*\/health\/ready/,
    seed: answering(({ url }, ...rest) =>
      url.startsWith('/health/ready')
        ? json(200, { status: 'unhealthy', components: [{ name: 'redis', status: 'unhealthy', message: 'gone' }] })(
            { url } as never,
            ...rest,
          )
        : json(url.startsWith('/health') ? 404 : 200, goodPolicy)({ url } as never, ...rest),
    ),
  },
  {
    fault: 'a server without a secret refuses every reload',
    check: 'api.reload',
    code: 'RELOAD_DISABLED',
    severity: 'error',
    cure: /CONFIG_RELOAD_SECRET on the server/,
    seed: behaving({ hasSecret: false }, reloading),
  },
  {
    fault: 'a server that wants the Origin of its front end',
    check: 'api.reload',
    code: 'ORIGIN_REFUSED',
    severity: 'error',
    cure: /set origin:/,
    seed: behaving({ requireOrigin: 'https://app.example.com' }, reloading),
  },
  {
    fault: 'the wrong secret',
    check: 'api.reload',
    code: 'SIGNATURE_REFUSED',
    severity: 'error',
    cure: /compare the secret/,
    seed: async ({ world }) => {
      const file = await world.write('wrong', 'not-the-secret');
      return { options: { ...reloading, environment: { secret: { file } } } };
    },
  },
  {
    fault: 'a signature whose time is not the server’s',
    check: 'api.reload',
    code: 'CLOCK_SKEW',
    severity: 'error',
    cure: /timedatectl/,
    also: ['CLOCK_SKEW'],
    seed: behaving({ signing: 'timestamped', clockOffsetSeconds: 900 }, reloading),
  },
  {
    fault: 'a limiter that is switched off',
    check: 'api.reload',
    code: 'LIMITER_OFF',
    severity: 'error',
    cure: /RATE_LIMIT_ENABLED=true .*rlctl -e lab .*reload.*restart/,
    seed: behaving({ environment: { RATE_LIMIT_ENABLED: '1' } }, reloading),
  },
  {
    fault: 'a limiter that the last reload showed switched off',
    check: 'server.enabled',
    code: 'LIMITER_OFF',
    severity: 'error',
    cure: /RATE_LIMIT_ENABLED=true .*rlctl -e lab .*reload.*restart/,
    seed: async (shared) => {
      const seeded = await behaving({ environment: { RATE_LIMIT_ENABLED: '1' } })(shared);
      await seeded.lab?.world.main(['reload']);
      return seeded;
    },
  },
  {
    fault: 'a document that was stored behind rlctl’s back, and reloaded by nobody',
    check: 'document.in-force',
    code: 'OVERRIDES_DIFFER',
    severity: 'error',
    cure: /rlctl -e lab .*verify/,
    seed: stored('{"/api/search":{"rate":7}}'),
  },
  {
    fault: 'a document that was changed past rlctl, in what no server tells',
    check: 'document.in-force',
    code: 'NOT_KNOWN_IN_FORCE',
    severity: 'warning',
    cure: /rlctl -e lab .*verify/,
    seed: async () => {
      const lab = await openHealthyLab({ workers: 2 });
      await lab.world.main(['override', 'set', '/api/search', '--rate', '90', '--reason', 'more']);
      await lab.store('{ "/api/search": {"rate":90}}');
      return { lab, undo: () => lab.stop() };
    },
  },
  {
    fault: 'a Redis that is down',
    check: 'redis.reachable',
    code: 'REDIS_UNREACHABLE',
    severity: 'error',
    cure: /Check that Redis is running/,
    seed: async () => ({ options: { environment: { redis: `redis://127.0.0.1:${await freePort()}/0` } } }),
  },
  {
    fault: 'the wrong password of Redis',
    check: 'redis.reachable',
    code: 'REDIS_WRONGPASS',
    severity: 'error',
    cure: /ACL GETUSER nobody/,
    seed: async ({ redis }) => ({
      options: { environment: { redis: `redis://nobody:wrong@127.0.0.1:${redis.port}/0` } },
    }),
  },
  {
    fault: 'no password for a Redis that wants one',
    check: 'redis.reachable',
    code: 'REDIS_NOAUTH',
    severity: 'error',
    cure: /redis:\/\/user:password@host/,
    seed: async () => {
      const redis = await startRedis({ args: ['--requirepass', 'pw'] });
      return { options: { environment: { redis: redis.url } }, undo: () => redis.stop() };
    },
  },
  {
    fault: 'a Redis that is too old',
    check: 'redis.version',
    code: 'REDIS_TOO_OLD',
    severity: 'error',
    cure: /Upgrade it to Redis 6\.0/,
    seed: oldRedis,
  },
  {
    fault: 'a replica',
    check: 'redis.role',
    code: 'REDIS_REPLICA',
    severity: 'error',
    cure: /its primary \(127\.0\.0\.1:\d+\)/,
    seed: async (lab) => {
      const replica = await startRedis({
        args: ['--replicaof', '127.0.0.1', String(lab.redis.port), '--appendonly', 'yes'],
      });
      while (!(await replica.cli('INFO', 'replication')).includes('master_link_status:up'))
        await new Promise((resolve) => setTimeout(resolve, 50));
      return { options: { environment: { redis: replica.url } }, undo: () => replica.stop() };
    },
  },
  {
    fault: 'a Redis that cannot save',
    check: 'redis.role',
    code: 'REDIS_CANNOT_PERSIST',
    severity: 'error',
    cure: /CONFIG GET dir/,
    seed: async () => {
      const redis = await startRedis({ args: ['--save', '3600 1'] });
      await redis.cli('SET', 'x', '1');
      await rm(redis.folder, { recursive: true });
      await redis.cli('BGSAVE');
      while (!(await redis.cli('INFO', 'persistence')).includes('rdb_last_bgsave_status:err'))
        await new Promise((resolve) => setTimeout(resolve, 20));
      return { options: { environment: { redis: redis.url } }, undo: () => redis.stop() };
    },
  },
  {
    fault: 'a Redis that keeps nothing',
    check: 'redis.persistence',
    code: 'REDIS_NOT_PERSISTENT',
    severity: 'warning',
    cure: /CONFIG SET appendonly yes; and start it with --appendonly yes from now on/,
    seed: async (lab) => {
      await lab.redis.cli('CONFIG', 'SET', 'appendonly', 'no');
      return { undo: () => lab.redis.cli('CONFIG', 'SET', 'appendonly', 'yes') };
    },
  },
  {
    fault: 'an eviction that may take the document',
    check: 'redis.eviction',
    code: 'REDIS_EVICTS',
    severity: 'error',
    cure: /maxmemory-policy noeviction/,
    seed: async ({ redis }) => {
      await redis.cli('CONFIG', 'SET', 'maxmemory', '100mb', 'maxmemory-policy', 'allkeys-lru');
      return { undo: () => redis.cli('CONFIG', 'SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction') };
    },
  },
  {
    fault: 'a user of Redis who may only read',
    check: 'redis.rights',
    code: 'REDIS_CANNOT_CHANGE',
    severity: 'warning',
    cure: /administrator: redis-cli -h .* ACL SETUSER limited .*\+xadd/,
    seed: user('~*', ...readerRules),
  },
  {
    fault: 'a user of Redis who may not read the history from its beginning',
    check: 'redis.rights',
    code: 'REDIS_CANNOT_AUDIT',
    severity: 'warning',
    cure: /ACL SETUSER limited .*\+xrange/,
    seed: user('~*', '+@all', '-xrange'),
  },
  {
    fault: 'a user of Redis who may not read the history',
    check: 'redis.rights',
    code: 'REDIS_CANNOT_READ',
    severity: 'error',
    cure: /ACL SETUSER limited .*~.*\+xrevrange/,
    seed: user(`~${labKey}`, '+@all'),
  },
  {
    fault: 'a document of the wrong type',
    check: 'redis.types',
    code: 'REDIS_WRONG_TYPE',
    severity: 'error',
    cure: /RENAME lab:rl:overrides/,
    seed: async ({ redis }) => {
      await redis.cli('HSET', labKey, 'a', '1');
      return {};
    },
  },
  {
    fault: 'a history of the wrong type',
    check: 'redis.types',
    code: 'REDIS_WRONG_TYPE',
    severity: 'error',
    cure: /RENAME '\{lab:rl:overrides\}:history'/,
    seed: async ({ redis }) => {
      await redis.cli('SET', labHistoryKey, 'x');
      return {};
    },
  },
  {
    fault: 'a document that expires',
    check: 'redis.ttl',
    code: 'DOCUMENT_EXPIRES',
    severity: 'error',
    cure: /redis-cli -h 127\.0\.0\.1 -p \d+ PERSIST lab:rl:overrides/,
    seed: async (lab) => {
      await lab.store('{"/api/x":{"rate":1}}');
      await lab.redis.cli('EXPIRE', labKey, '600');
      return {};
    },
  },
  {
    fault: 'a prefix without its slash',
    check: 'document.entries',
    code: 'ENTRY_WITHOUT_SLASH',
    severity: 'warning',
    cure: /override unset api\/search.+override set \/api\/search/,
    seed: stored('{"api/search":{"rate":60}}'),
  },
  {
    fault: 'an entry for every route there is',
    check: 'document.entries',
    code: 'ENTRY_TAKES_ALL',
    severity: 'warning',
    cure: /override set \/ --rate N/,
    seed: stored('{"":{"rate":60}}'),
  },
  {
    fault: 'a number in place of JSON that only the server takes',
    check: 'document.readable',
    code: 'DOCUMENT_CORRUPT',
    severity: 'error',
    cure: /override repair/,
    seed: stored('{"/api/search":{"rate":NaN}}'),
  },
  {
    fault: 'another namespace than the limiter’s',
    check: 'redis.namespace',
    code: 'OTHER_NAMESPACE',
    severity: 'error',
    cure: /namespace: lab in environments\.lab/,
    seed: stored('{}', { environment: { namespace: 'labb' } }),
  },
  {
    fault: 'another namespace, said by a variable',
    check: 'redis.namespace',
    code: 'OTHER_NAMESPACE',
    severity: 'error',
    cure: /^(?!.*rlctl\.yaml).*set RLCTL_NAMESPACE=lab /i,
    seed: stored('{}', { environment: { namespace: undefined }, env: { RLCTL_NAMESPACE: 'labb' } }),
  },
  {
    fault: 'another database than the limiter’s',
    check: 'redis.namespace',
    code: 'OTHER_DATABASE',
    severity: 'error',
    cure: /redis:\/\/host:6379\/0/,
    seed: async (lab) => {
      await lab.store('{}');
      return { options: { environment: { redis: lab.redis.url.replace(/0$/, '3') } } };
    },
  },
  {
    fault: 'a document that is no JSON',
    check: 'document.readable',
    code: 'DOCUMENT_CORRUPT',
    severity: 'error',
    cure: /rlctl -e lab .*override repair/,
    seed: stored('{"/api/x":'),
  },
  {
    fault: 'a document that is too large',
    check: 'document.readable',
    code: 'DOCUMENT_TOO_LARGE',
    severity: 'error',
    cure: /redis-cli -h 127\.0\.0\.1 -p \d+ GETRANGE/,
    seed: async ({ redis }) => {
      await redis.cli('SETRANGE', labKey, '17000000', 'x');
      return {};
    },
  },
  {
    fault: 'metadata that rlctl did not write',
    check: 'document.readable',
    code: 'METADATA_CORRUPT',
    severity: 'error',
    cure: /redis-cli -h 127\.0\.0\.1 -p \d+ --raw GET/,
    seed: async ({ redis }) => {
      await redis.cli('EVAL', String.raw`return redis.call('SET', KEYS[1], '\255')`, '1', labMetadataKey);
      return {};
    },
  },
  {
    fault: 'a prefix that stands there twice',
    check: 'document.readable',
    code: 'DOCUMENT_DUPLICATE_KEYS',
    severity: 'error',
    cure: /override repair/,
    seed: stored('{"/api/x":{"rate":1},"/api/x":{"rate":2}}'),
  },
  {
    fault: 'an entry that the server skips',
    check: 'document.entries',
    code: 'ENTRY_SKIPPED',
    severity: 'warning',
    cure: /rlctl -e lab .*override set \/api\/x --rate/,
    seed: stored('{"/api/x":{"rate":"12.5"}}'),
  },
  {
    fault: 'an entry that the server drops',
    check: 'document.entries',
    code: 'ENTRY_VANISHES',
    severity: 'warning',
    cure: /override unset \/api\/x/,
    seed: stored('{"/api/x":[1]}'),
  },
  {
    fault: 'an entry that an earlier one hides',
    check: 'document.order',
    code: 'ENTRY_HIDDEN',
    severity: 'warning',
    cure: /override set \/api\/search\/fast --before \/api\/search/,
    seed: stored('{"/api/search":{"rate":1},"/api/search/fast":{"rate":2}}'),
  },
  {
    fault: 'a text where a truth is meant',
    check: 'document.values',
    code: 'VALUE_COERCED',
    severity: 'warning',
    cure: /override set \/api\/x/,
    seed: stored('{"/api/x":{"rate":5,"shadow":"false"}}'),
  },
  {
    fault: 'a prefix that ends within a segment of a configured route',
    check: 'document.boundaries',
    code: 'HALF_SEGMENT',
    severity: 'warning',
    cure: /rlctl -e lab .*policy explain \/api\/payments/,
    seed: stored('{"/api/pay":{"rate":5}}'),
  },
  {
    fault: 'a Prometheus that is down',
    check: 'metrics.reachable',
    code: 'PROMETHEUS_UNREACHABLE',
    severity: 'error',
    cure: /RLCTL_PROMETHEUS/,
    seed: async () => ({ options: { environment: { prometheus: `http://127.0.0.1:${await freePort()}` } } }),
  },
  {
    fault: 'a target that Prometheus cannot scrape',
    check: 'metrics.targets',
    code: 'TARGET_DOWN',
    severity: 'error',
    cure: /curl -sS http:\/\/127\.0\.0\.1:\d+\/metrics/,
    also: ['NO_SERIES'],
    seed: prometheus('', null),
  },
  {
    fault: 'an alert in a spelling that the server does not use',
    check: 'metrics.alerts',
    code: 'ALERT_NEVER_FIRES',
    severity: 'error',
    cure: /action=~"blocked\|block"/,
    seed: prometheus(deployedPage, 'rate(lab_rl_decisions_total{action="blocked"}[5m]) > 0.05'),
  },
  {
    fault: 'an alert on a metric that nobody has',
    check: 'metrics.alerts',
    code: 'ALERT_NEVER_FIRES',
    severity: 'error',
    cure: /namespace of the limiter/,
    seed: prometheus(documentedPage, 'rate(other_rl_decisions_total{action="blocked"}[5m]) > 0.05'),
  },
  {
    fault: 'metrics of another namespace',
    check: 'metrics.series',
    code: 'NO_SERIES',
    severity: 'error',
    cure: /namespace: other in environments\.lab/,
    seed: page('other_rl_decisions_total{bucket="read",action="allowed",shadow="false"} 1\n'),
  },
  {
    fault: 'metrics of another namespace, whose server has decided nothing yet',
    check: 'metrics.series',
    code: 'NO_SERIES',
    severity: 'error',
    cure: /namespace: other in environments\.lab/,
    seed: page('other_rl_active_overrides 0\n'),
  },
  {
    fault: 'a namespace that a variable says wrong, of document and metrics: said once',
    check: 'redis.namespace',
    code: 'OTHER_NAMESPACE',
    severity: 'error',
    cure: /^(?!.*rlctl\.yaml).*set RLCTL_NAMESPACE=lab /i,
    seed: async (lab) => {
      await lab.store('{}');
      const seeded = await page(documentedPage)(lab);
      const environment = { ...seeded.options?.environment, namespace: undefined };
      return { ...seeded, options: { environment, env: { RLCTL_NAMESPACE: 'wrong' } } };
    },
  },
  {
    fault: 'two generations that count into one namespace',
    check: 'metrics.labels',
    code: 'LABELS_MIXED',
    severity: 'warning',
    cure: /both spellings/,
    seed: page(documentedPage + deployedPage.replace('lab_rl_active_overrides 0\n', '')),
  },
  {
    fault: 'a spelling that nobody knows',
    check: 'metrics.labels',
    code: 'LABELS_UNKNOWN',
    severity: 'warning',
    cure: /version of the server/,
    seed: page('lab_rl_decisions_total{bucket="read",action="denied",shadow="no"} 1\n'),
  },
  {
    fault: 'figures that are old',
    check: 'metrics.age',
    code: 'METRICS_STALE',
    severity: 'warning',
    cure: /doctor --only metrics\.targets/,
    seed: async () => {
      const series = [
        `# TYPE lab_rl_decisions counter`,
        ...[30, 25, 20].map(
          (minutes) =>
            `lab_rl_decisions_total{bucket="read",action="allowed",shadow="false"} 7 ${Math.floor(Date.now() / 1000) - minutes * 60}`,
        ),
        '# EOF',
        '',
      ].join('\n');
      const running = await startPrometheus({ blocks: [series] });
      return { options: { environment: { prometheus: running.url } }, undo: () => running.stop() };
    },
  },
  {
    fault: 'a server that shows overrides and does not enforce them',
    check: 'server.overrides',
    code: 'OVERRIDES_NOT_ENFORCED',
    severity: 'warning',
    cure: /rlctl -e lab .*shadow list/,
    also: ['LABELS_DEPLOYED'],
    seed: learning({ dialect: 'deployed' }),
  },
  {
    fault: 'a server that does not read overrides',
    check: 'server.overrides',
    code: 'OVERRIDES_NOT_READ',
    severity: 'warning',
    cure: /RATE_LIMIT_POLICY_OVERRIDES_JSON/,
    seed: remembering({ readsOverrides: false }),
  },
  {
    fault: 'more processes than workers says',
    check: 'server.workers',
    code: 'WORKERS_MORE',
    severity: 'warning',
    cure: /set workers: 3 in environments\.lab/i,
    seed: remembering({ workersSeen: 3 }),
  },
  {
    fault: 'a state that others can write',
    check: 'local.state',
    code: 'STATE_OPEN',
    severity: 'warning',
    cure: /chmod 700 .*rlctl/,
    seed: async ({ world }) => {
      const folder = join(world.stateHome, 'rlctl');
      await world.write(join(folder, 'state.json'), '{}');
      await chmod(folder, 0o777);
      return { undo: () => chmod(folder, 0o700) };
    },
  },
];

/** What a change, its reload and its probe teach of a server is kept, and is there for the next command. */
function learning(options: LabOptions): Fault['seed'] {
  return async () => {
    const lab = await openHealthyLab(options);
    const probe = ['--probe', `${lab.sandbox.origin}/api/search`];
    await lab.world.main(['override', 'set', '/api/search', '--burst', '50', '--reason', 'why', ...probe]);
    return { lab, undo: () => lab.stop() };
  };
}

/** What an earlier command saw of the server, as it keeps it. */
function remembering(seen: Readonly<Record<string, boolean | number>>): Fault['seed'] {
  return async ({ world, sandbox, redis, environment }) => {
    const known = { basePath: '/internal', profile: 'documented', at: '2026-01-01T00:00:00.000Z', ...seen };
    const folder = join(world.stateHome, 'rlctl');
    const namespace = String(environment['namespace']);
    const server = { name: 'lab', api: [sandbox.origin], redis: new Secret(redis.url), namespace };
    const detected = { [serverName(server)]: known };
    const path = await world.write(join(folder, 'state.json'), JSON.stringify({ detected }));
    await chmod(folder, 0o700);
    return { undo: () => rm(path) };
  };
}

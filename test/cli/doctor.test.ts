import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAuthority, type Authority } from '../support/certificates.js';
import { runCli } from '../support/cli.js';
import type { ShownReport } from '../support/doctor-kit.js';
import { startHttpControlPlane } from '../support/http-control-plane.js';
import { jsonOf, openWorld, type World } from '../support/world.js';

// Node.js reads its additional authorities when it starts: only a program of its own shows what follows from them.

const state = {} as { world: World; authority: Authority };
beforeAll(async () => {
  state.world = await openWorld();
  state.authority = createAuthority();
});
afterAll(async () => {
  state.authority.remove();
  await state.world.remove();
});

test.each([
  ['is valid for months', { name: 'localhost', toDays: 90 }, true, []],
  ['is valid for months, its authority not named', { name: 'localhost', toDays: 90 }, false, ['TLS_PRIVATE_CA']],
  ['expires in days', { name: 'localhost', toDays: 9 }, true, ['TLS_EXPIRES_SOON']],
  ['has expired', { name: 'localhost', toDays: -1 }, true, ['TLS_EXPIRED']],
  ['is not valid yet', { name: 'localhost', fromDays: 2, toDays: 90 }, true, ['TLS_NOT_YET_VALID']],
  ['is for another name', { name: 'api.example.com', toDays: 90 }, true, ['TLS_WRONG_NAME']],
] as const)('a certificate that %s', async (_, wish, isNamed, codes) => {
  const { world, authority } = state;
  const server = await startHttpControlPlane({ tls: authority.issue(wish) });
  try {
    const secret = { file: await world.write('secret', 'a-secret') };
    const config = await world.config('tls.yaml', { environments: { tls: { api: server.origin, secret } } });
    const env = {
      ...world.env,
      RLCTL_CONFIG: config,
      NODE_EXTRA_CA_CERTS: isNamed ? authority.file : undefined,
    };
    const args = ['doctor', '--json', '--only', 'configuration', '--only', 'network', '--only', 'api'];
    const { out, code } = await runCli(args, { env, cwd: world.cwd });
    const report = jsonOf<ShownReport>(out);
    expect(report.findings.map((each) => each.code)).toEqual(codes);
    expect(code).toBe(codes.length === 0 ? 0 : 3);
    // Its API is reached only where the certificate is accepted, and then that is said once.
    const api = report.checks.find(({ id }) => id === 'api.reachable');
    const isReached = codes.length === 0 || codes[0] === 'TLS_EXPIRES_SOON';
    expect(api).toMatchObject(isReached ? { state: 'healthy' } : { because: 'see network.tls' });
  } finally {
    await server.stop();
  }
});

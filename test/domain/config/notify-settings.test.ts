import { describe, expect, test } from 'vitest';
import type { EnvironmentSources } from '../../../src/domain/config/environment-sources.js';
import { resolveEnvironment } from '../../../src/domain/config/resolve.js';
import { parseConfigFile } from '../../../src/domain/config/schema.js';
import { grantsOf } from '../../../src/domain/config/trust.js';
import type { RlctlError } from '../../../src/domain/errors.js';
import type { NotifyTarget } from '../../../src/domain/notify/target.js';
import { describeAccess, describeTarget } from '../../../src/domain/notify/target.js';
import { revealSecret } from '../../../src/domain/secret.js';

const secret = { file: '/s' };
const token = { env: 'T' };
const hook = { webhook: 'https://hooks.example.com/T0/abc?k=1', secret };

function targets(notify: unknown, more: Partial<EnvironmentSources> = {}): readonly NotifyTarget[] {
  const file = parseConfigFile({ environments: { prod: { notify } } }, 'f.yaml').environments?.['prod'];
  if (file === undefined) throw new Error('no environment');
  return resolveEnvironment({ name: 'prod', file, filePlace: 'f.yaml', isTrusted: true, env: {}, flags: {}, ...more })
    .notify;
}

function errorOf(notify: unknown): RlctlError {
  try {
    targets(notify);
  } catch (error) {
    return error as RlctlError;
  }
  throw new Error('it was accepted');
}

describe('receivers', () => {
  test('are told of everything but reloads, and named by what they are', () => {
    const all = targets([hook, { grafana: 'http://127.0.0.1:3000/g/', token }, { ...hook, events: ['reload'] }]);
    expect(all.map(({ name, events }) => [name, events.join(' ')])).toEqual([
      ['webhook', 'change panic rollout incident'],
      ['grafana', 'change panic rollout incident'],
      ['webhook-2', 'reload'],
    ]);
    expect(all.map(({ place }) => place)).toEqual(
      [0, 1, 2].map((index) => `f.yaml: environments.prod.notify[${index}]`),
    );
  });

  test('none are told where nothing is said', () => {
    expect(targets(undefined)).toEqual([]);
  });

  test('a webhook shows no more of its address than the origin', () => {
    const [target] = targets([hook]);
    if (target?.address.kind !== 'known') throw new Error('faulty');
    expect(revealSecret(target.address.url)).toBe(hook.webhook);
    expect(`${describeTarget(target)} ${describeAccess(target)} ${JSON.stringify(target)}`).not.toContain('abc');
    const grants = grantsOf(new Map([['prod', { notify: [hook, { grafana: '${G}', token }] }]]), () => null);
    expect(grants.map(({ kind, value }) => [kind, value])).toEqual([
      ['receiver', 'https://hooks.example.com'],
      ['file', '/s'],
      ['receiver', 'an address made of variables'],
      ['variable', 'T'],
      ['variable', 'G'],
    ]);
  });

  test('each secret and address stands once in what trust gives, with the names of all receivers that it is for', () => {
    const notify = [hook, { ...hook, name: 'ops' }, { ...hook, webhook: 'https://other.example.com/x' }];
    expect(grantsOf(new Map([['prod', { notify }]]), () => null)).toEqual([
      { environment: 'prod', kind: 'receiver', value: 'https://hooks.example.com', receivers: ['webhook', 'ops'] },
      { environment: 'prod', kind: 'file', value: '/s', receivers: ['webhook', 'ops', 'webhook-2'] },
      { environment: 'prod', kind: 'receiver', value: 'https://other.example.com', receivers: ['webhook-2'] },
    ]);
  });

  test('an address may be made of variables; one that is missing costs that receiver only', () => {
    const notify = [{ ...hook, webhook: 'https://hooks.example.com/${KEY}' }];
    const [known] = targets(notify, { env: { KEY: 'k' } });
    expect(known?.address).toMatchObject({ kind: 'known', origin: 'https://hooks.example.com' });
    for (const [more, why] of [
      [{}, 'needs the variable KEY, which is not set'],
      [{ isTrusted: false, env: { KEY: 'k' } }, 'is not trusted yet'],
    ] as const) {
      expect(targets(notify, more)[0]?.address).toMatchObject({ kind: 'faulty', why: expect.stringContaining(why) });
    }
    const [plain] = targets([{ ...hook, webhook: '${URL}' }], { env: { URL: 'http://hooks.example.com/T0' } });
    expect(plain?.address).toMatchObject({ kind: 'faulty', why: expect.stringContaining('plain http') });
    expect(JSON.stringify(plain)).not.toContain('T0');
  });
});

test.each([
  ['no URL', { ...hook, webhook: 'hooks' }, /notify\[0\]\.webhook: the address is no URL/],
  ['another scheme', { ...hook, webhook: 'ftp://h' }, /neither https nor http/],
  [
    'plain http elsewhere',
    { ...hook, webhook: 'http://h.example.com/x' },
    /plain http and not this machine \(h\.example\.com\)/,
  ],
  ['a password in it', { ...hook, webhook: 'https://u:p@h' }, /must not hold a user name or password/],
  ['a query for Grafana', { grafana: 'https://g/?x=1', token }, /notify\[0\]\.grafana: the address has a query/],
  [
    'a panel without a dashboard',
    { grafana: 'https://g', token, panelId: 2 },
    /panelId: a panel belongs to a dashboard/,
  ],
  ['no name', { ...hook, name: 'a b' }, /name: "a b" is no name/],
  ['no secret', { webhook: 'https://h', events: ['incident'] }, /notify\[0\]: has none of .*; secret is missing here$/],
  ['a secret of no kind', { webhook: 'https://h', secret: 7 }, /notify\[0\]: has none of (?!.*missing here)/],
  ['an event that nobody tells', { ...hook, events: ['deploy'] }, /notify/],
  ['no event', { ...hook, events: [] }, /notify/],
  ['a field of another receiver', { ...hook, tags: ['a'] }, /notify/],
])('a receiver with %s is refused', (_, entry, message) => {
  const error = errorOf([entry]);
  expect(error).toMatchObject({ kind: 'usage', message: expect.stringMatching(message) });
  expect(error.hint).toMatch(/./);
});

test('two receivers of one name are refused', () => {
  expect(errorOf([hook, { ...hook, name: 'webhook' }]).message).toContain('notify[0] is called "webhook" too');
});

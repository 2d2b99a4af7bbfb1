// What is sent signed is signed: each request as it arrives, byte for byte, is held against openssl; and clocks, and replays.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createControlPlane } from '../../../src/adapters/http/control-plane.js';
import { createWebhook } from '../../../src/adapters/notify/webhook.js';
import { systemClock } from '../../../src/adapters/system/clock.js';
import { createDeadline } from '../../../src/adapters/system/deadline.js';
import { systemRandomness } from '../../../src/adapters/system/randomness.js';
import type { NotifyEvent } from '../../../src/domain/notify/event.js';
import { Secret } from '../../../src/domain/secret.js';
import { parseProfile, profilesFor, type SigningProfile } from '../../../src/domain/signing/profile.js';
import { signReload } from '../../../src/domain/signing/sign.js';
import { sendReload, type TargetReload } from '../../../src/procedures/reload/send.js';
import { one, openSigningServer, type Scheme, type Signed, type SigningServer } from '../signatures/server.js';
import type { Trial, UnitOutcome } from '../trial.js';

const run = promisify(execFile);
const bodiesOfUnit = 100;
const clocksOfUnit = 4;
/** Longer than the 300 s that servers allow, both ways. */
const mostSkewMs = 600_000;
/** So near the edge of the window a second decides, and which one is nobody's fault. */
const edgeMs = 2500;

interface Subject {
  readonly name: string;
  readonly scheme: Scheme;
  /** The profile that signs a reload with this body; absent: it signs events. */
  readonly profile?: (body: string) => SigningProfile;
  /** The key by the text that an operator is given. */
  readonly secretOf: (key: Buffer) => string;
}

const text = (key: Buffer): string => key.toString('hex');
const whsec = (key: Buffer): string => `whsec_${key.toString('base64')}`;
const named = (name: string): SigningProfile => profilesFor(name)[0] as SigningProfile;
const joined = (...parts: readonly (string | Buffer)[]): Buffer =>
  Buffer.concat(parts.map((part) => Buffer.from(part)));

const standard: Scheme = {
  header: 'webhook-signature',
  timestamp: 'webhook-timestamp',
  nonce: 'webhook-id',
  payload: (request) => joined(one(request, 'webhook-id'), '.', one(request, 'webhook-timestamp'), '.', request.body),
  written: (digest) => `v1,${digest.toString('base64')}`,
};

const subjects: readonly Subject[] = [
  {
    name: 'timestamped',
    profile: (body) => ({ ...named('timestamped'), body }),
    secretOf: text,
    scheme: {
      header: 'X-Config-Signature',
      timestamp: 'X-Config-Timestamp',
      payload: (request) => joined(one(request, 'X-Config-Timestamp'), '\n', request.body),
      written: (digest) => digest.toString('hex'),
    },
  },
  {
    name: 'standard-webhooks',
    profile: (body) => ({ ...named('standard-webhooks'), body }),
    secretOf: whsec,
    scheme: standard,
  },
  {
    name: 'body',
    profile: (body) => ({ ...named('body'), body }),
    secretOf: text,
    scheme: {
      header: 'X-Config-Signature',
      payload: ({ body }) => body,
      written: (digest) => digest.toString('hex'),
    },
  },
  {
    name: 'one of a team’s own',
    profile: (body) =>
      parseProfile({
        header: 'X-Own-Signature',
        timestampHeader: 'X-Own-Time',
        idHeader: 'X-Own-Id',
        payload: '{body}|{id}|{timestamp}|{body}',
        prefix: 't={timestamp},sha256=',
        encoding: 'base64',
        body,
      }),
    secretOf: text,
    scheme: {
      header: 'X-Own-Signature',
      timestamp: 'X-Own-Time',
      nonce: 'X-Own-Id',
      payload: (request) =>
        joined(request.body, '|', one(request, 'X-Own-Id'), '|', one(request, 'X-Own-Time'), '|', request.body),
      written: (digest, request) => `t=${one(request, 'X-Own-Time')},sha256=${digest.toString('base64')}`,
    },
  },
  { name: 'events to a webhook', secretOf: whsec, scheme: standard },
];

const snippets = [
  '{"action": "reload"}',
  '{timestamp}',
  '{id}',
  '{body}',
  '$&',
  '$1',
  '\r\n',
  '\u0000',
  '\ud800',
  '\ufeff',
  'é',
  'e\u0301',
  '\u{1f600}',
  '\u202e',
  '"',
  '\\',
  '%00',
  '\u2028',
  ' ',
];

/** Text that a careless signer would change on its way: templates, line ends, marks, halves of characters. */
function randomText(chance: () => number): string {
  const count = Math.floor(chance() ** 3 * 400);
  const piece = (): string =>
    chance() < 0.5
      ? (snippets[Math.floor(chance() * snippets.length)] ?? '')
      : String.fromCharCode(Math.floor(chance() * 0xffff));
  return Array.from({ length: count }, piece).join('');
}

const randomKey = (chance: () => number): Buffer =>
  Buffer.from(Array.from({ length: 16 + Math.floor(chance() * 48) }, () => Math.floor(chance() * 256)));

interface Parts {
  readonly server: SigningServer;
  readonly folder: string;
}

/** The key as the server has it. */
const keyOf = ({ secretOf }: Subject, key: Buffer): Buffer => (secretOf === whsec ? key : Buffer.from(text(key)));

/** Sends one body for each, on connections that are kept, and resolves to what arrived. */
async function sendAll(
  { server }: Parts,
  subject: Subject,
  key: Buffer,
  bodies: readonly string[],
): Promise<readonly Signed[]> {
  const secret = new Secret(subject.secretOf(key));
  const { signal } = new AbortController();
  server.expect(subject.scheme, keyOf(subject, key));
  const { profile } = subject;
  if (profile === undefined) {
    const webhook = createWebhook(
      {
        kind: 'webhook',
        name: 'trial',
        place: 'trial',
        address: { kind: 'known', url: new Secret(`${server.origin}/in`), origin: server.origin },
        events: [],
        secret: { kind: 'env', variable: 'TRIAL' },
      },
      { nowMs: Date.now, secret: async () => secret, hide: () => undefined, debug: () => undefined },
    );
    for (const [index, body] of bodies.entries()) await webhook.deliver(eventOf(body, index), signal);
    webhook.close();
    return server.arrived;
  }
  const plane = createControlPlane({});
  for (const body of bodies) {
    const endpoint = { origin: server.origin, basePath: '/internal' };
    const input = { endpoint, origin: null, nowSeconds: Date.now() / 1000, nonce: `msg_${systemRandomness.hex(12)}` };
    await plane.reload(signReload(profile(body), secret, input), { signal, isFresh: false });
  }
  plane.close();
  return server.arrived;
}

function eventOf(reason: string, index: number): NotifyEvent {
  return {
    apiVersion: 'rlctl/v1',
    kind: 'Event',
    type: 'change.made',
    id: `c0${index}`,
    time: new Date().toISOString(),
    since: null,
    environment: 'trial',
    actor: 'tester@test',
    rlctl: '0.0.0',
    command: 'override set',
    summary: reason.slice(0, 50),
    routes: [],
    routesTotal: 0,
    changeId: null,
    verdict: null,
    reason,
    ticket: null,
    partOf: [],
  };
}

/** The digest of each payload, by openssl. */
async function digestsOf(folder: string, key: Buffer, payloads: readonly Buffer[]): Promise<readonly Buffer[]> {
  const names = payloads.map((_, index) => `p${index}`);
  await Promise.all(payloads.map((payload, index) => writeFile(join(folder, `p${index}`), payload)));
  const args = ['dgst', '-sha256', '-mac', 'HMAC', '-macopt', `hexkey:${key.toString('hex')}`, ...names];
  const { stdout } = await run('openssl', args, { cwd: folder });
  return stdout
    .trim()
    .split('\n')
    .map((line) => Buffer.from(line.split('= ')[1] ?? '', 'hex'));
}

async function bodiesFaults(parts: Parts, subject: Subject, chance: () => number): Promise<readonly string[]> {
  const key = randomKey(chance);
  const bodies = Array.from({ length: bodiesOfUnit }, () => randomText(chance));
  const arrived = await sendAll(parts, subject, key, bodies);
  if (arrived.length !== bodies.length) return [`${arrived.length} of ${bodies.length} requests arrived`];
  const payloads = arrived.map((request) => subject.scheme.payload(request) ?? Buffer.alloc(0));
  const digests = await digestsOf(parts.folder, keyOf(subject, key), payloads);
  return arrived.flatMap((request, index) => {
    const [digest, body] = [digests[index], bodies[index] ?? ''];
    const isSent = subject.profile === undefined || request.body.equals(Buffer.from(body, 'utf8'));
    const isSigned =
      digest?.length === 32 && subject.scheme.written(digest, request) === one(request, subject.scheme.header);
    return [
      ...(isSent ? [] : [`another body arrived than ${JSON.stringify(body).slice(0, 200)}`]),
      ...(isSigned ? [] : [`openssl has another signature for ${JSON.stringify(body).slice(0, 200)}`]),
    ];
  });
}

/** A reload as the tool sends it, by a machine whose clock is `skewMs` ahead. */
async function reloadBy(
  { server }: Parts,
  subject: Subject,
  key: Buffer,
  skewMs: number,
): Promise<TargetReload | undefined> {
  const nowMs = (): number => Date.now() + skewMs;
  const controlPlane = createControlPlane({ nowMs });
  const clock = { ...systemClock, nowMs };
  const deadline = createDeadline(systemClock, 10_000, new AbortController().signal);
  const [profile] = [subject.profile?.('{"action": "reload"}')];
  try {
    const [ended] = await sendReload(
      { controlPlane, clock, randomness: systemRandomness, deadline },
      {
        targets: [server.origin],
        basePaths: ['/internal'],
        profiles: profile === undefined ? [] : [profile],
        secret: new Secret(subject.secretOf(key)),
        origin: null,
        siteMode: null,
      },
    );
    return ended;
  } finally {
    controlPlane.close();
  }
}

/** A clock that is wrong by up to ten minutes: taken within the window, else refused, with the clock as the cause. */
async function clockFaults(parts: Parts, subject: Subject, chance: () => number): Promise<readonly string[]> {
  const key = randomKey(chance);
  const skewMs = Math.round((2 * chance() - 1) * mostSkewMs);
  if (Math.abs(Math.abs(skewMs) - 300_000) < edgeMs) return [];
  parts.server.expect(subject.scheme, keyOf(subject, key));
  const ended = await reloadBy(parts, subject, key, skewMs);
  const isWithin = Math.abs(skewMs) < 300_000 || subject.scheme.timestamp === undefined;
  const said = `${ended?.error?.code ?? ''} ${ended?.error?.message ?? ''}`;
  const [, seconds = '0', way] = /this clock is (\d+) s (behind|ahead)/.exec(said) ?? [];
  const isNamed =
    ended?.error?.code === 'CLOCK_SKEW' &&
    Math.abs(Number(seconds) - Math.abs(skewMs) / 1000) < 2 &&
    way === (skewMs < 0 ? 'behind' : 'ahead');
  if (isWithin) return ended?.outcome === 'accepted' ? [] : [`${skewMs} ms off: refused: ${said}`];
  return ended?.outcome === 'refused' && isNamed ? [] : [`${skewMs} ms off: ${ended?.outcome} ${said}`];
}

/** Tries that are made again are none that were sent before; and what was sent before is worth nothing any more. */
async function replayFaults(parts: Parts, subject: Subject, chance: () => number): Promise<readonly string[]> {
  const { server } = parts;
  const key = randomKey(chance);
  server.expect(subject.scheme, keyOf(subject, key), 1);
  const ended = await reloadBy(parts, subject, key, 0);
  const [first, second] = [...server.arrived];
  if (first === undefined || second === undefined || ended?.outcome !== 'accepted')
    return [`the second try was ${ended?.outcome}: ${ended?.error?.message}; refused for ${server.refused.join()}`];
  const { nonce, timestamp } = subject.scheme;
  const isNew = nonce === undefined || one(first, nonce) !== one(second, nonce);
  // Somebody who has read it sends it again, at once where there is a nonce, else when its time is over.
  if (nonce === undefined) server.setClock(301_000);
  const again = async (request: Signed): Promise<number> => {
    const { host: _host, connection: _connection, ...headers } = request.headers;
    const sent = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
    const answer = await fetch(`${server.origin}/internal/config/reload`, {
      method: 'POST',
      headers: sent.filter(([name]) => name !== 'content-length'),
      body: new Uint8Array(request.body),
    });
    return answer.status;
  };
  const statuses = timestamp === undefined ? [] : [await again(first), await again(second)];
  server.setClock(0);
  return [
    ...(isNew ? [] : ['the second try had the nonce of the first']),
    ...(statuses.every((status) => status === 403) ? [] : [`what was sent before was taken again: ${statuses.join()}`]),
  ];
}

const unitsOfSubject = 100;

export const signatures: Trial = {
  name: 'signatures',
  about: `10,000 random bodies in each of ${subjects.length} signed forms, as they arrive, by openssl; clocks up to 10 minutes off; replays`,
  units: subjects.length * unitsOfSubject,
  quick: 10,
  least: { 'bodies checked by openssl': 50_000, 'clocks tried': 1500, 'tries and replays': 400 },
  open: async () => {
    const [server, folder] = [await openSigningServer(), await mkdtemp(join(tmpdir(), 'rlctl-signatures-'))];
    const parts = { server, folder };
    return {
      unit: async (index, chance): Promise<UnitOutcome> => {
        const subject = subjects[index % subjects.length] as Subject;
        const isReload = subject.profile !== undefined;
        const faults = [...(await bodiesFaults(parts, subject, chance))];
        for (let clock = 0; clock < (isReload ? clocksOfUnit : 0); clock += 1)
          faults.push(...(await clockFaults(parts, subject, chance)));
        if (isReload) faults.push(...(await replayFaults(parts, subject, chance)));
        return {
          counts: {
            'bodies checked by openssl': bodiesOfUnit,
            'clocks tried': isReload ? clocksOfUnit : 0,
            'tries and replays': isReload ? 1 : 0,
            'found wrong': faults.length,
          },
          faults: faults.slice(0, 5).map((fault) => `${subject.name}: ${fault}`),
        };
      },
      close: async () => {
        await server.stop();
        await rm(folder, { recursive: true, force: true });
        return { counts: {}, faults: [] };
      },
    };
  },
};

import { describe, expect, it } from 'vitest';
import type { PolicyAnswer, ReloadReport } from '../../../src/domain/control-plane.js';
import {
  effectivePolicy,
  loadOverrides,
  matchOverride,
  type LoadedOverrides,
} from '../../../src/domain/policy/matching.js';
import type { Proof } from '../../../src/domain/proof/proof.js';
import { confidenceOf } from '../../../src/domain/proof/reads-needed.js';
import type { ControlPlane, PolicyQuery } from '../../../src/ports/control-plane.js';
import { prove } from '../../../src/procedures/proof/prove.js';
import { createFakeClock, createFakeDeadline, createFakeRandomness } from '../../support/fake-time.js';

// Many simulated servers, by chance that repeats: what a proof says of them is held against what they really hold.

const base = { ratePerMin: 60, burst: 10, windowSeconds: 60, isShadow: false };
const documents = [
  '{"/api/search":{"rate":120,"burst":20}}',
  '{"/api/search":{"rate":120},"/api/payments":{"burst":1},"/auth":{"shadow":true}}',
] as const;
const olderDocuments = ['{}', '{"/api/search":{"rate":90,"burst":20}}', '{"/auth":{"shadow":true}}'] as const;

/** Processes behind one address. Which of them gets a connection is chance. */
interface Crew {
  readonly workers: LoadedOverrides[];
  /** Keeps what it holds, whatever reload reaches it. */
  readonly stubborn: ReadonlySet<number>;
  readonly chance: () => number;
  /** True: answers name the override that matched, and list all. */
  readonly isListing: boolean;
}

function pick({ workers, chance }: Crew): number {
  return Math.floor(chance() * workers.length);
}

function answerOf(crew: Crew, { route, bucket }: PolicyQuery): PolicyAnswer {
  const held = crew.workers[pick(crew)] ?? loadOverrides(null);
  const winner = matchOverride(held, route);
  const said = crew.isListing
    ? { matchedOverride: winner?.prefix ?? null, activeOverrides: held.entries.map(({ prefix }) => prefix) }
    : { matchedOverride: undefined, activeOverrides: undefined };
  return { bucket, ...effectivePolicy(base, winner), ...said };
}

function planeOf(crew: Crew): ControlPlane {
  const unasked = (): never => {
    throw new Error('nobody should ask that');
  };
  const facts = { siteMode: null, serverTimeMs: null };
  return {
    policy: async (_, query) => ({ kind: 'policy', policy: answerOf(crew, query), ...facts }),
    health: async () => ({ kind: 'absent', ...facts }),
    reload: unasked,
    probe: unasked,
    open: () => undefined,
    close: () => undefined,
  };
}

/** A reload: one worker, by chance, reads what is stored now. */
function reloadOne(crew: Crew, stored: LoadedOverrides): readonly ReloadReport[] {
  const index = pick(crew);
  if (!crew.stubborn.has(index)) crew.workers[index] = stored;
  const held = crew.workers[index] ?? stored;
  const overridePrefixes = crew.isListing ? held.entries.map(({ prefix }) => prefix) : null;
  const rest = { isOk: true, isEnabled: true, isShadow: false, bucketShadows: new Map() };
  return [{ ...rest, overridesCount: held.objectCount, overridePrefixes }];
}

interface Trial {
  readonly crew: Crew;
  readonly stored: string;
  readonly workersKnown: boolean;
  readonly isReloading: boolean;
}

async function proofOf({ crew, stored, workersKnown, isReloading }: Trial, seed: number): Promise<Proof> {
  const clock = createFakeClock();
  const ports = {
    controlPlane: planeOf(crew),
    clock,
    randomness: createFakeRandomness(seed + 7),
    deadline: createFakeDeadline(clock),
  };
  const loaded = loadOverrides(Buffer.from(stored));
  const resend = async (): Promise<readonly ReloadReport[]> => reloadOne(crew, loaded);
  return prove(ports, {
    endpoints: [{ origin: 'http://127.0.0.1:1', basePath: '/internal' }],
    storedBytes: Buffer.from(stored),
    changed: [],
    witnesses: 8,
    isCheck: true,
    reports: isReloading ? await resend() : [],
    reloadSentMs: null,
    resend: isReloading ? resend : null,
    workers: workersKnown ? crew.workers.length : null,
    levelAsked: 'loaded',
    probes: [],
    siteMode: null,
    waitMs: 0,
  });
}

function isWhole(crew: Crew, stored: string): boolean {
  const wanted = JSON.stringify(loadOverrides(Buffer.from(stored)).entries);
  return crew.workers.every(({ entries }) => JSON.stringify(entries) === wanted);
}

/** Servers of `most` workers at most; about half of them hold what is stored, the others have at least one that does not. */
function trialOf(seed: number, most: number, fixed: Pick<Trial, 'workersKnown' | 'isReloading'>): Trial {
  const chance = createFakeRandomness(seed * 2_654_435);
  const fraction = (): number => chance.fraction();
  for (let warm = 0; warm < 8; warm += 1) fraction();
  const choose = <Item>(items: readonly Item[]): Item => items[Math.floor(fraction() * items.length)] as Item;
  const stored = choose(documents);
  const count = 1 + Math.floor(fraction() * most);
  const isHealthy = fraction() < 0.5;
  const staleCount = isHealthy ? 0 : 1 + Math.floor(fraction() * count);
  const older = loadOverrides(Buffer.from(choose(olderDocuments)));
  const workers = Array.from({ length: count }, (_, index) =>
    index < staleCount ? older : loadOverrides(Buffer.from(stored)),
  );
  const isStubborn = fraction() < 0.5;
  const stubborn = new Set(isStubborn ? Array.from({ length: staleCount }, (_, index) => index) : []);
  return { ...fixed, stored, crew: { workers, stubborn, chance: fraction, isListing: fraction() < 0.5 } };
}

interface Tally {
  proven: number;
  /** Proven, while some worker held something else. */
  falselyProven: number;
  /** Not proven, while every worker held what is stored. */
  missed: number;
  leastConfidence: number;
}

async function runTrials(most: number, fixed: Pick<Trial, 'workersKnown' | 'isReloading'>): Promise<Tally> {
  const tally: Tally = { proven: 0, falselyProven: 0, missed: 0, leastConfidence: 1 };
  for (let seed = 1; seed <= trials; seed += 1) {
    const trial = trialOf(seed, most, fixed);
    const { verdict, confidence } = await proofOf(trial, seed);
    const isTrue = isWhole(trial.crew, trial.stored);
    if (verdict !== 'proven') {
      tally.missed += isTrue ? 1 : 0;
      continue;
    }
    tally.proven += 1;
    tally.falselyProven += isTrue ? 0 : 1;
    if (confidence !== null) tally.leastConfidence = Math.min(tally.leastConfidence, confidence);
  }
  return tally;
}

const trials = 1000;

describe(`${trials} servers`, () => {
  it.each([
    ['only read', false],
    ['reloaded first', true],
  ])('whose workers are known, %s: none is falsely proven', { timeout: 120_000 }, async (_, isReloading) => {
    const tally = await runTrials(8, { workersKnown: true, isReloading });
    expect(tally).toMatchObject({ falselyProven: 0, missed: 0 });
    expect(tally.proven).toBeGreaterThan(trials / 3);
    expect(tally.leastConfidence).toBeGreaterThan(0.9999);
  });

  // What is stated is the chance of seeing a worker that takes a quarter of the connections, so four share them at most.
  it.each([
    ['only read', false],
    ['reloaded first', true],
  ])('whose workers are not known, %s: the stated confidence holds', { timeout: 120_000 }, async (_, isReloading) => {
    const tally = await runTrials(4, { workersKnown: false, isReloading });
    expect(tally.proven).toBeGreaterThan(trials / 3);
    expect(tally.leastConfidence).toBeGreaterThan(0.999);
    expect(tally.falselyProven / trials).toBeLessThanOrEqual(1 - tally.leastConfidence);
    expect(tally.missed).toBe(0);
  });
});

describe('the confidence itself', () => {
  it.each([2, 4, 8, 12])('after %i agreeing reads is how often a stale worker shows', (reads) => {
    const source = createFakeRandomness(reads);
    const rounds = 20_000;
    const shown = Array.from({ length: rounds }, () =>
      Array.from({ length: reads }, () => source.fraction()).some((chance) => chance < 0.25),
    ).filter(Boolean).length;
    const expected = confidenceOf(null, reads);
    const deviation = Math.sqrt((expected * (1 - expected)) / rounds);
    expect(Math.abs(shown / rounds - expected)).toBeLessThan(4 * deviation);
  });
});

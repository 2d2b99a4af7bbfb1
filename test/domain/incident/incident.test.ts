import { describe, expect, test } from 'vitest';
import { RlctlError } from '../../../src/domain/errors.js';
import { deedsElsewhere, flagsToRestore } from '../../../src/domain/incident/flag-restoration.js';
import {
  incidentText,
  isIncidentId,
  parseIncident,
  parseNote,
  parseTitle,
  type Incident,
} from '../../../src/domain/incident/incident.js';
import { parseKeptPanics } from '../../../src/domain/panic/kept.js';
import { panicDeeds, rolloutDeeds } from '../../../src/domain/incident/operation-flags.js';
import type { FlagFlip } from '../../../src/domain/shadow/flag-flip.js';

const incident: Incident = {
  v: 1,
  id: 'i-0a1b2c3d',
  title: 'slow',
  ticket: null,
  environment: 'test',
  startedBy: 'ann@host',
  start: { atMs: 1000, entryId: null, sequence: 0, revision: 'none', document: null, flips: [] },
  notes: [],
  end: null,
};

const failure = (act: () => unknown): RlctlError => {
  try {
    act();
  } catch (error) {
    if (error instanceof RlctlError) return error;
    throw error;
  }
  throw new Error('it did not fail');
};

describe('what is kept', () => {
  test('comes back as it was', () => {
    expect(parseIncident(incidentText(incident), 'incident')).toEqual(incident);
  });

  test.each([
    '',
    'null',
    '[]',
    '{}',
    '{"v":2}',
    JSON.stringify({ ...incident, start: null }),
    JSON.stringify({ ...incident, end: 3 }),
  ])('%j is refused, with the place', (text) => {
    expect(failure(() => parseIncident(text, 'incident:x'))).toMatchObject({
      kind: 'guard',
      code: 'INCIDENT_UNREADABLE',
    });
    expect(failure(() => parseIncident(text, 'incident:x')).message).toContain('"incident:x"');
  });
});

test('a title is one line, a note keeps its lines; neither may be empty or endless', () => {
  expect(parseTitle(['search', ' is\n slow '])).toBe('search is slow');
  expect(parseNote(' first\r\nsecond \n')).toBe('first\nsecond');
  for (const act of [
    () => parseTitle([' ']),
    () => parseNote('\n'),
    () => parseTitle(['x'.repeat(201)]),
    () => parseNote('x'.repeat(4001)),
  ])
    expect(failure(act).kind).toBe('usage');
});

test.each([
  ['i-0a1b2c3d', true],
  ['i-0A1B2C3D', false],
  ['i-0a1b2c3', false],
  ['incident', false],
])('%s is an id: %s', (text, expected) => {
  expect(isIncidentId(text)).toBe(expected);
});

describe('flags', () => {
  const here = { place: 'x.env', machine: 'this-host' };
  const reach = {
    flags: 'x.env',
    killSwitch: null,
    machine: 'this-host',
    config: '/c/rlctl.yaml',
    environments: ['test', 'flags'],
  };
  const flip = (bucket: string, isOn: boolean, atMs: number, place = 'x.env'): FlagFlip => ({
    bucket,
    isOn,
    place,
    actor: 'ann',
    reason: null,
    ticket: null,
    at: new Date(atMs).toISOString(),
    verdict: 'proven',
  });

  test('set since the start go back to what they were known to be then, else the other way round', () => {
    const start = { ...incident.start, flips: [flip('write', true, 10), flip('auth', false, 10)] };
    const flips = [
      flip('read', true, 2000),
      flip('write', true, 2000),
      flip('auth', true, 2000),
      flip('old', true, 500),
      flip('other', true, 2000, 'other.env'),
      flip('financial', false, 2000),
    ];
    expect(flagsToRestore({ start }, flips, here)).toEqual([
      { bucket: 'read', isOn: false },
      { bucket: 'auth', isOn: false },
      { bucket: 'financial', isOn: true },
    ]);
  });

  test('set to and fro go back to what they were before the first time', () => {
    const { start } = incident;
    expect(flagsToRestore({ start }, [flip('read', true, 2000), flip('read', false, 3000)], here)).toEqual([]);
    const often = [flip('read', true, 2000), flip('read', false, 3000), flip('read', true, 4000)];
    expect(flagsToRestore({ start }, often, here)).toEqual([{ bucket: 'read', isOn: false }]);
  });

  test('of another machine: a program does the same here, a file of its own is to be set there', () => {
    const other = { ...flip('read', true, 2000), machine: 'other-host' };
    const program = { place: 'x.env', machine: null };
    expect(flagsToRestore(incident, [other], program)).toEqual([{ bucket: 'read', isOn: false }]);
    expect(flagsToRestore(incident, [other], here)).toEqual([]);
    expect(deedsElsewhere(incident, { deeds: [], flips: [other], reach }, [], here)).toMatchObject([
      {
        operation: null,
        command: 'shadow on read (x.env on other-host)',
        wayBack: 'rlctl shadow off read, where x.env on other-host is set',
      },
    ]);
    // Where it is known how the environment is called there, the command names that.
    const named = { ...other, environment: 'flags' };
    expect(deedsElsewhere(incident, { deeds: [], flips: [named], reach }, [], here)).toMatchObject([
      { wayBack: 'rlctl -e flags shadow off read, where x.env on other-host is set' },
    ]);
    expect(deedsElsewhere(incident, { deeds: [], flips: [other], reach }, [], program)).toEqual([]);
    // Taken back there by now.
    const back = { ...other, isOn: false, at: new Date(3000).toISOString() };
    expect(deedsElsewhere(incident, { deeds: [], flips: [other, back], reach }, [], here)).toEqual([]);
  });

  const record = {
    place: 'x.env',
    variable: 'V',
    before: null,
    wrote: 'true',
    actor: 'ann',
    reason: null,
    ticket: null,
    at: '',
  };
  const panics = JSON.stringify({
    v: 1,
    panics: [
      {
        id: 'p-2',
        command: 'panic global',
        way: 'kill-switch',
        atMs: 3000,
        actor: 'bob',
        flags: [{ bucket: null, record }],
        restored: null,
      },
      {
        id: 'p-1',
        command: 'panic bucket read',
        way: 'flags',
        atMs: 2000,
        actor: 'ann',
        reason: 'r',
        flags: [{ bucket: 'read', record }],
        restored: { atMs: 4000, actor: 'eve' },
      },
      { id: 3 },
    ],
  });

  test('that panics set are told with their way back, and that they were put back', () => {
    expect(panicDeeds(parseKeptPanics(panics), reach)).toMatchObject([
      { operation: { kind: 'panic', id: 'p-2' }, buckets: [], isStanding: true, wayBack: 'rlctl panic restore p-2' },
      { command: 'panic bucket read', atMs: 2000, buckets: ['read'], reason: 'r', isStanding: false },
      { command: 'panic restore', atMs: 4000, actor: 'eve', reason: null, isStanding: false },
    ]);
    expect(
      deedsElsewhere(incident, { deeds: panicDeeds(parseKeptPanics(panics), reach), flips: [], reach }, [], here).map(
        ({ operation }) => operation?.id,
      ),
    ).toEqual(['p-2']);
  });

  test('that a rollout set are told by its stages', () => {
    const text = JSON.stringify({
      v: 1,
      id: 'r-1',
      startedBy: 'ann',
      reason: null,
      plan: { stages: [{ name: 'shadow' }, { name: 'enforce financial' }] },
      stages: [
        { flags: [], inForceAtMs: 5, outcome: 'passed' },
        { flags: [{ bucket: 'financial' }], inForceAtMs: 2000, outcome: 'entered' },
      ],
    });
    const [deed, ...others] = rolloutDeeds(text);
    expect(others).toEqual([]);
    expect(deed).toMatchObject({
      command: 'rollout stage enforce financial',
      buckets: ['financial'],
      isStanding: true,
    });
    const known = { deeds: [deed ?? expect.fail()], flips: [], reach };
    expect(deedsElsewhere(incident, known, [{ bucket: 'financial', isOn: true }], here)).toEqual([]);
  });

  test.each([null, '', '[]', '{"panics":3}', '{"id":"r","plan":{},"stages":[{"flags":[1]}]}'])(
    '%j tells of none',
    (text) => {
      expect([...panicDeeds(parseKeptPanics(text), reach), ...rolloutDeeds(text)]).toEqual([]);
    },
  );
});

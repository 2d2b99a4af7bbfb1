import { describe, expect, test } from 'vitest';
import { RlctlError } from '../../../src/domain/errors.js';
import { assertFleetSize, instancesFrom, writtenTargets } from '../../../src/domain/fleet/instance.js';
import { isPartOf, leftToDo, parseFleetReloadRecord, withOutcome } from '../../../src/domain/fleet/reload-record.js';
import { parseDnsSource } from '../../../src/domain/fleet/source.js';

function errorOf(work: () => unknown): RlctlError {
  try {
    work();
  } catch (error) {
    if (error instanceof RlctlError) return error;
  }
  throw new Error('nothing was thrown');
}

describe('a list of addresses', () => {
  test('one per line; comments, blanks and CRLF are left out', () => {
    const text = '# fleet\r\nhttps://a.example.com\r\n\r\n  http://127.0.0.1:8080/  # the old one\r\n#https://c';
    expect(instancesFrom(writtenTargets(text, 'f')).map(({ origin }) => origin)).toEqual([
      'https://a.example.com',
      'http://127.0.0.1:8080',
    ]);
  });

  test.each([
    ['https://a\nnot a url', 'f:2', 'is not an address'],
    ['# x\nftp://a', 'f:2', 'is not http: or https:'],
    ['\n\nhttps://a/path', 'f:3', 'has a path'],
    ['https://u:p@a', 'f:1', 'user name or password'],
  ])('%j is refused with its line', (text, place, why) => {
    const error = errorOf(() => instancesFrom(writtenTargets(text, 'f')));
    expect(error).toMatchObject({ kind: 'usage', code: 'API_ADDRESS' });
    expect(error.message).toContain(`${place}: `);
    expect(error.message).toContain(why);
  });

  test('the same instance twice names both lines', () => {
    const error = errorOf(() => instancesFrom(writtenTargets('https://a\nhttps://b\nHTTPS://A:443/', 'f')));
    expect(error).toMatchObject({ code: 'DUPLICATE_INSTANCE', message: 'f:3: https://a stands already in f:1' });
  });

  test('nothing, and more than any fleet has, is refused', () => {
    expect(errorOf(() => assertFleetSize([], 'stdin')).code).toBe('NO_INSTANCES');
    const many = Array.from({ length: 10_001 }, (_, index) => ({ text: `http://h${index}`, place: 'f' }));
    expect(errorOf(() => assertFleetSize(instancesFrom(many), 'f')).code).toBe('TOO_MANY_INSTANCES');
  });
});

describe('a name', () => {
  test.each([
    ['api.internal', 'https:', 'api.internal', null],
    ['api.internal:8443', 'https:', 'api.internal', 8443],
    ['http://api.service.consul:80', 'http:', 'api.service.consul', 80],
  ])('%s', (text, protocol, name, port) => {
    expect(parseDnsSource(text, null, 'p')).toEqual({ protocol, name, port, server: null });
  });

  test.each(['', 'a b', 'a:0', 'a:70000', 'ftp://a', 'a/b', '-x', 'a@b', '$(id)'])('%j is none', (text) => {
    expect(errorOf(() => parseDnsSource(text, null, '--targets-dns'))).toMatchObject({ code: 'FLEET_DNS' });
  });

  test('a name server is an IP address', () => {
    expect(parseDnsSource('a', '127.0.0.1:8600', 'p').server).toBe('127.0.0.1:8600');
    expect(errorOf(() => parseDnsSource('a', 'dns.internal', 'p')).code).toBe('FLEET_DNS');
  });
});

describe('the record of a fleet reload', () => {
  const kept = (name: string, state: 'done' | 'failed' | 'notTried') => ({
    name,
    origin: name,
    address: null,
    metricsUrl: null,
    state,
  });
  const record = {
    at: '2026-11-21T10:00:00.000Z',
    revision: 'r',
    instances: [kept('http://a', 'done'), kept('http://b', 'failed'), kept('http://c', 'notTried')],
  };

  test('leaves what failed and what was not tried', () => {
    expect(leftToDo(record, true).map(({ name }) => name)).toEqual(['http://b', 'http://c']);
  });

  test('a later run is laid over it', () => {
    const later = { ...record, instances: [kept('http://b', 'done')] };
    expect(leftToDo(withOutcome(record, later), true).map(({ name }) => name)).toEqual(['http://c']);
  });

  test('a run on another document leaves those to do that were done before it', () => {
    const later = { ...record, revision: 's', instances: [kept('http://b', 'done')] };
    expect(leftToDo(withOutcome(record, later), true).map(({ name }) => name)).toEqual(['http://a', 'http://c']);
  });

  test('where the proof was waived nothing is done for whoever wants one', () => {
    const waived = { ...record, revision: null };
    expect(leftToDo(waived, true)).toHaveLength(3);
    expect(leftToDo(waived, false)).toHaveLength(2);
  });

  test('a part of the fleet is one, another list is not', () => {
    expect(isPartOf({ instances: [kept('http://b', 'done')] }, record)).toBe(true);
    expect(isPartOf({ instances: [kept('http://b', 'done'), kept('http://z', 'done')] }, record)).toBe(false);
  });

  test('survives being written, and nothing else is one', () => {
    expect(parseFleetReloadRecord(JSON.stringify(record))).toEqual(record);
    const bad = { ...record, instances: [{ ...kept('http://a', 'done'), origin: 'http://a/x' }] };
    for (const text of [null, '', '{', '[]', '{}', JSON.stringify(bad), JSON.stringify({ ...record, at: 'then' })])
      expect(parseFleetReloadRecord(text)).toBeNull();
  });
});

import { expect, test } from 'vitest';
import {
  declaredElsewhere,
  restoreCommand,
  restoreWords,
  type PlacedPanic,
} from '../../../src/domain/panic/way-back.js';

const reach = {
  flags: '/etc/limiter.env',
  killSwitch: 'switch.sh',
  machine: 'here',
  config: '/team/rlctl.yaml',
  environments: ['prod', 'prod flags'],
};
const own = 'rlctl panic restore p-1';
const flags: PlacedPanic = { id: 'p-1', way: 'flags', place: '/other.env' };
const from = { environment: 'prod flags', machine: 'here' };

test.each<[string, PlacedPanic, string, string]>([
  ['by overrides everywhere', { id: 'p-1', way: 'overrides', from }, own, ''],
  ['in this file here', { ...flags, place: '/etc/limiter.env', from: { ...from, machine: 'there' } }, own, ''],
  ['by this program here', { id: 'p-1', way: 'kill-switch', place: 'switch.sh', from }, own, ''],
  ['here where nobody kept where', flags, own, ''],
  [
    'there, by this configuration',
    { ...flags, from },
    `rlctl -e 'prod flags' --config /team/rlctl.yaml panic restore p-1`,
    '',
  ],
  ['there, by another one', { ...flags, from: { ...from, environment: 'x' } }, 'rlctl -e x panic restore p-1', ''],
  [
    'there, on another machine',
    { ...flags, way: 'kill-switch', from: { ...from, machine: 'there' } },
    `rlctl -e 'prod flags' panic restore p-1`,
    ', on there',
  ],
])('what was declared is restored %s', (_, panic, command, machine) => {
  expect(restoreCommand(panic, reach)).toBe(command);
  expect(restoreWords(panic, reach)).toBe(command + machine);
  expect(declaredElsewhere(panic, reach)).toEqual(command === own ? null : panic.from);
});

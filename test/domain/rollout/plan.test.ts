import { describe, expect, test } from 'vitest';
import { allBuckets, bucketNamed, bucketsOfAll } from '../../../src/domain/config/bucket-names.js';
import { RlctlError } from '../../../src/domain/errors.js';
import { parseRolloutPlan, rolloutPlanSchema } from '../../../src/domain/rollout/plan-file.js';
import { resolvedPlan, stageInWords, standardPlan } from '../../../src/domain/rollout/plan.js';
import { readPlacedFile } from '../../../src/yaml-file.js';

const read = (text: string) => parseRolloutPlan(readPlacedFile(text, 'plan.yaml'), { at: [], name: null });

const faultsOf = (text: string): readonly string[] => faultsIn(() => read(text));

function faultsIn(parse: () => unknown): readonly string[] {
  try {
    parse();
  } catch (error) {
    if (error instanceof RlctlError) return (error.details?.['faults'] ?? []) as readonly string[];
    throw error;
  }
  return [];
}

test('a plan as it is written', () => {
  const plan = read(`
kind: Rollout
name: payments-first
stages:
  - name: watch-only
    watch: [financial]
  - name: enforce
    enforce: [financial]
    window: 2m
    soak: 1h30m
    ask: true
    gates: {blockShare: 2.5%, wouldBlockShare: 0.1, retryAfterP95: 4s, evaluationErrors: 3, samples: 7}
`);
  expect(plan).toMatchObject({
    name: 'payments-first',
    stages: [
      { name: 'watch-only', shadow: [], enforce: [], watch: ['financial'], soakMs: 900_000, isAsked: false },
      {
        enforce: ['financial'],
        watch: ['financial'],
        windowMs: 120_000,
        soakMs: 5_400_000,
        isAsked: true,
        gates: { blockShare: 0.025, wouldBlockShare: 0.1, retryAfterP95: 4, evaluationErrors: 3, samples: 7 },
      },
    ],
  });
});

describe('faults stand with their place', () => {
  test.each([
    ['stages: []', 'plan.yaml:1:1: stages must hold at least one stage'],
    ['stages:\n  - name: A b', 'plan.yaml:2:5: stages[0].name must be small letters, digits and dashes'],
    ['stages:\n  - name: a\n    enfroce: [x]', 'plan.yaml:3:5: stages[0].enfroce is unknown; did you mean enforce?'],
    [
      'stages:\n  - name: a\n    gates: {blockShares: 5%}',
      'plan.yaml:3:13: stages[0].gates.blockShares is unknown; did you mean blockShare?',
    ],
    [
      'stages:\n  - name: a\n    gates: {blockShare: 5}',
      'plan.yaml:3:13: stages[0].gates.blockShare must be a share: 5%, or 0.05',
    ],
    [
      'stages:\n  - name: a\n    gates: {blockShare: 120%}',
      'plan.yaml:3:13: stages[0].gates.blockShare is a share, and at most 100%',
    ],
    ['stages:\n  - name: a\n    soak: 15', 'plan.yaml:3:5: stages[0].soak must be a duration such as 10s'],
    [
      'stages:\n  - name: a\n    soak: soon',
      'plan.yaml:3:5: stages[0].soak must be a duration of at least a second, e.g. 30s, 15m or 2h',
    ],
    ['stages:\n  - name: a\n  - name: a', 'plan.yaml:3:5: stages[1].name "a" is the name of an earlier stage'],
    [
      'stages:\n  - name: a\n    shadow: [x]\n    enforce: [x]',
      'plan.yaml:2:5: stages[0] x cannot be put into shadow and enforced at once',
    ],
    [
      'stages:\n  - name: a\n    shadow: all\n    enforce: [x]',
      'plan.yaml:2:5: stages[0] all cannot be put into shadow and enforced at once',
    ],
    ['stages:\n  - name: a\n    shadow: some', 'plan.yaml:3:5: stages[0].shadow must be a list of buckets, or all'],
    ['stage: []', 'plan.yaml:1:1: stage is unknown; did you mean stages?'],
  ])('%j', (text, fault) => {
    expect(faultsOf(text)).toContain(fault);
  });
});

test('every fault is told in one round: of the form, of what it means, and buckets that are not there', () => {
  const text = `stages:
  - {name: A b, soaks: 1h}
  - {name: a, enforce: [finance, pay], gates: {blockShare: 120%, samples: 0}}
  - {name: a, shadow: [financial], enforce: [pay], watch: [none]}
`;
  const nameOf = (bucket: string): string =>
    bucketNamed({ buckets: new Map([['pay', { routes: [], alias: ['financial'] }]]) }, bucket).name;
  const parse = () => parseRolloutPlan(readPlacedFile(text, 'plan.yaml'), { at: [], name: null }, nameOf);
  const there = 'there are: pay, auth, read, write';
  expect(faultsIn(parse)).toEqual([
    'plan.yaml:2:6: stages[0].name must be small letters, digits and dashes',
    'plan.yaml:2:17: stages[0].soaks is unknown; did you mean soak?',
    `plan.yaml:3:25: stages[1].enforce[0]: there is no bucket "finance"; ${there}`,
    'plan.yaml:3:48: stages[1].gates.blockShare is a share, and at most 100%',
    'plan.yaml:3:66: stages[1].gates.samples is out of range',
    'plan.yaml:4:5: stages[2] pay cannot be put into shadow and enforced at once',
    'plan.yaml:4:6: stages[2].name "a" is the name of an earlier stage',
    `plan.yaml:4:60: stages[2].watch[0]: there is no bucket "none"; ${there}`,
  ]);
});

test('a plan inside a configuration is read where it stands, and its faults with it', () => {
  const placed = readPlacedFile(
    'environments: {}\nrollouts:\n  slow:\n    stages:\n      - name: a\n        soke: 1h\n',
    'rlctl.yaml',
  );
  expect(() => parseRolloutPlan(placed, { at: ['rollouts', 'slow'], name: 'slow' })).toThrow(
    /rlctl\.yaml:6:9: stages\[0\]\.soke/,
  );
});

test('the standard plan is the handbook’s, with the buckets of the environment under their own names', () => {
  const environment = {
    buckets: new Map([
      ['pay', { routes: ['/api/payments'], alias: ['financial'] }],
      ['read', { routes: ['/api'], alias: [] }],
    ]),
  };
  const plan = resolvedPlan(standardPlan, {
    all: bucketsOfAll(environment).map(({ name }) => name),
    nameOf: (bucket) => bucketNamed(environment, bucket).name,
  });
  expect(allBuckets(environment).map(({ name }) => name)).toContain('auth');
  expect(plan.stages.map((stage) => [stage.name, stageInWords(stage), stage.isAsked])).toEqual([
    ['all-shadow', 'shadow pay, read', false],
    ['enforce-financial', 'enforce pay', false],
    ['enforce-write', 'enforce write', false],
    ['consider-read-and-auth', 'enforce read, auth', true],
  ]);
});

test('the schema takes the standard plan’s own form', () => {
  const schema = rolloutPlanSchema() as { properties: { stages: { items: { properties: object } } } };
  expect(Object.keys(schema.properties.stages.items.properties)).toEqual(
    expect.arrayContaining(['name', 'shadow', 'enforce', 'watch', 'gates', 'window', 'soak', 'ask']),
  );
});

import type { Verdict } from '../../../src/domain/proof/proof.js';
import type { TrapId } from '../../../src/domain/proof/traps.js';
import type { Behaviour, Dialect } from '../../../src/sandbox/behaviour.js';

// What `rlctl verify` says of every kind of server: the tests hold it against running ones, and the README shows it.

/** What a command comes to: the verdict, the trap that is named (`null`: none), and the exit code. */
export interface Cell {
  readonly verdict: Verdict;
  readonly trap: TrapId | null;
  readonly exit: 0 | 8;
}

/** One kind of server, and how it is made. */
export interface Row {
  /** For people: `4 workers, one of them stale`. */
  readonly server: string;
  readonly dialect: Dialect;
  readonly workers: number;
  readonly behaviour?: Partial<Behaviour>;
  /** What is done when the server runs and the document is stored, after a reload of every worker. */
  readonly afterwards?: 'redisDown' | 'brokenJson' | 'wrongType' | 'unusableEntry';
  /** Where the document is stored, seen from the server: where it looks, or elsewhere. */
  readonly stored?: 'otherNamespace' | 'otherDatabase';
  /** rlctl looks in a namespace where nothing is stored. */
  readonly isLookingElsewhere?: boolean;
  /** The siteMode of the environment. */
  readonly siteMode?: string;
  /** A real request goes to a route with an override. */
  readonly isProbed?: boolean;
  readonly verify: Cell;
  readonly withReload: Cell;
}

const proven: Cell = { verdict: 'proven', trap: null, exit: 0 };

function contradicted(trap: TrapId): Cell {
  return { verdict: 'contradicted', trap, exit: 8 };
}

function both(cell: Cell): Pick<Row, 'verify' | 'withReload'> {
  return { verify: cell, withReload: cell };
}

export const matrix: readonly Row[] = [
  { server: 'as documented', dialect: 'documented', workers: 1, ...both(proven) },
  { server: 'as documented, probed', dialect: 'documented', workers: 1, isProbed: true, ...both(proven) },
  { server: 'as deployed', dialect: 'deployed', workers: 1, ...both(proven) },
  { server: 'as deployed, 4 workers', dialect: 'deployed', workers: 4, ...both(proven) },
  {
    server: 'overrides in Redis ignored',
    dialect: 'deployed',
    workers: 1,
    behaviour: { readsOverridesAtReload: false },
    verify: contradicted('notLoaded'),
    withReload: contradicted('overridesNotRead'),
  },
  {
    server: 'overrides loaded but not enforced, probed',
    dialect: 'deployed',
    workers: 1,
    isProbed: true,
    ...both(contradicted('overridesNotEnforced')),
  },
  {
    server: '4 workers, one of them stale',
    dialect: 'deployed',
    workers: 4,
    behaviour: { staleWorkers: [2] },
    ...both(contradicted('staleWorkers')),
  },
  {
    server: 'overrides in its environment in front',
    dialect: 'documented',
    workers: 1,
    behaviour: { environmentOverrides: '{"/api":{"rate":1,"burst":0}}' },
    verify: contradicted('notLoaded'),
    withReload: contradicted('environmentOverridesInFront'),
  },
  {
    server: 'overrides in its environment in front, as deployed',
    dialect: 'deployed',
    workers: 1,
    behaviour: { environmentOverrides: '{"/api":{"rate":1,"burst":0}}' },
    verify: contradicted('notLoaded'),
    withReload: contradicted('environmentOverridesInFront'),
  },
  {
    server: 'its Redis down at the reload',
    dialect: 'documented',
    workers: 1,
    afterwards: 'redisDown',
    ...both(contradicted('otherNamespaceOrRedisUnreachable')),
  },
  {
    server: 'another namespace',
    dialect: 'documented',
    workers: 1,
    stored: 'otherNamespace',
    ...both(contradicted('otherNamespaceOrRedisUnreachable')),
  },
  {
    server: 'another database',
    dialect: 'documented',
    workers: 1,
    stored: 'otherDatabase',
    verify: contradicted('notLoaded'),
    withReload: contradicted('otherNamespaceOrRedisUnreachable'),
  },
  {
    server: 'rlctl looking where nothing is stored',
    dialect: 'documented',
    workers: 1,
    isLookingElsewhere: true,
    ...both(contradicted('otherNamespaceOrRedisUnreachable')),
  },
  {
    server: 'rlctl looking where nothing is stored, as deployed',
    dialect: 'deployed',
    workers: 1,
    isLookingElsewhere: true,
    verify: { verdict: 'notProven', trap: null, exit: 8 },
    withReload: contradicted('otherNamespaceOrRedisUnreachable'),
  },
  {
    server: 'an entry stored since that it will skip',
    dialect: 'documented',
    workers: 1,
    afterwards: 'unusableEntry',
    verify: contradicted('notLoaded'),
    withReload: proven,
  },
  {
    server: 'an entry stored since that it will skip, as deployed',
    dialect: 'deployed',
    workers: 1,
    afterwards: 'unusableEntry',
    verify: contradicted('notLoaded'),
    withReload: proven,
  },
  {
    server: 'a document that is no JSON',
    dialect: 'documented',
    workers: 1,
    afterwards: 'brokenJson',
    ...both(contradicted('documentDropped')),
  },
  {
    server: 'a key of the wrong type',
    dialect: 'documented',
    workers: 1,
    afterwards: 'wrongType',
    ...both(contradicted('documentDropped')),
  },
  {
    server: 'the site mode of another environment',
    dialect: 'documented',
    workers: 1,
    behaviour: { siteMode: 'preview' },
    siteMode: 'prod',
    ...both({ verdict: 'notProven', trap: 'otherEnvironment', exit: 8 }),
  },
];

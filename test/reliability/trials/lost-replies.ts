import { startFaultProxy, type FaultAction } from '../../support/fault-proxy.js';
import { openStoreGround, ratesOf, setting, type StoreGround } from '../store-ground.js';
import type { Trial, UnitOutcome } from '../trial.js';

const size = 10;
const actions: readonly FaultAction[] = [
  'reset',
  'close',
  'halfClose',
  'silence',
  'half',
  'halfReset',
  'cut',
  'cutClose',
];

/** By a script, and by a transaction where the user may run none: what of a request is the write. */
const doors = [
  { login: '', word: 'EVAL' },
  { login: 'noeval:pw@', word: '\nEXEC\r\n' },
] as const;

interface Loss {
  readonly namespace: string;
  readonly action: FaultAction;
  readonly door: (typeof doors)[number];
}

async function lose(ground: StoreGround, { namespace, action, door }: Loss): Promise<UnitOutcome> {
  const proxy = await startFaultProxy(ground.redis.port);
  try {
    await ground.begin(namespace);
    proxy.inject({ at: 'reply', containing: door.word, action, bytes: 3 });
    const url = `redis://${door.login}127.0.0.1:${proxy.port}/0`;
    const end = await ground.rlctl(namespace, setting('/lost', 1), url).ended;
    const changes = (await ground.history(namespace)).filter(({ kind }) => kind === 'change');
    const id = end.code === 0 ? (JSON.parse(end.out) as { changeId: string }).changeId : null;
    const isStored = ratesOf(await ground.document(namespace)).get('/lost') === 1;
    const held = await ground.held(namespace);
    const isOnce = changes.length === 1 && isStored;
    const isTold = id !== null && id === changes[0]?.id;
    const what = `${namespace} (${action}, ${door.word.trim()})`;
    return {
      counts: { 'replies dropped': proxy.struck, 'applied once': isOnce ? 1 : 0, 'said applied': isTold ? 1 : 0 },
      faults: [
        ...(isOnce ? [] : [`${what}: ${changes.length} changes in the history, ${isStored ? '' : 'not '}stored`]),
        ...(isTold ? [] : [`${what}: exit ${end.code}: ${end.err}`]),
        ...held.faults,
      ],
    };
  } finally {
    await proxy.stop();
  }
}

export const lostReplies: Trial = {
  name: 'lost-replies',
  about:
    'the reply to a write is dropped after the server has committed it: found again by its id, and never written twice',
  units: 20,
  quick: 1,
  least: { 'replies dropped': 200, 'applied once': 200 },
  leastQuick: { 'replies dropped': 10 },
  open: async () => {
    const ground = await openStoreGround();
    await ground.client.acl('SETUSER', 'noeval', 'on', '>pw', '~*', '+@all', '-@scripting');
    return {
      unit: async (index, chance) => {
        const outcomes = await Promise.all(
          Array.from({ length: size }, (_, member) => {
            const action = actions[Math.floor(chance() * actions.length)] ?? 'reset';
            const door = doors[member % 2] ?? doors[0];
            return lose(ground, { namespace: `lost${index}x${member}`, action, door });
          }),
        );
        return {
          counts: {
            'replies dropped': sum(outcomes, 'replies dropped'),
            'applied once': sum(outcomes, 'applied once'),
            'said applied': sum(outcomes, 'said applied'),
          },
          faults: outcomes.flatMap(({ faults }) => faults),
        };
      },
      close: async () => {
        await ground.stop();
        return { counts: {}, faults: [] };
      },
    };
  },
};

const sum = (outcomes: readonly UnitOutcome[], what: string): number =>
  outcomes.reduce((total, { counts }) => total + (counts[what] ?? 0), 0);

import { overridesKey } from '../../../src/domain/redis-keys.js';
import { runCli } from '../../support/cli.js';
import { conditionNamespace, redisConditions, type Condition } from '../../support/redis-conditions.js';
import { freePort } from '../../support/redis-server.js';
import type { ShownError } from '../../support/world.js';
import { openStoreGround, type StoreGround } from '../store-ground.js';
import type { Trial, UnitOutcome } from '../trial.js';

const commands = [
  ['override', 'set', '/api/new', '--rate', '1'],
  ['override', 'unset', '/keep/one'],
];

/** What the document is, byte for byte and whatever its type; `null`: the server does not say. */
async function stateOf({ client }: StoreGround): Promise<string | null> {
  const dump = await client.dumpBuffer(overridesKey(conditionNamespace)).catch(() => null);
  return dump === null ? null : dump.toString('hex');
}

async function meet({ name, args = [], bring, exit, code, ...its }: Condition): Promise<UnitOutcome> {
  const { hasDocument = true, isClustered = false, isAwaited = false } = its;
  // What is refused is refused at once, but a machine that many share may take long over it.
  const timeout = ['--timeout', isAwaited ? '4s' : '30s'];
  const bus = isClustered ? ['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())] : [];
  const ground = await openStoreGround({ args: [...args, ...bus] });
  try {
    if (hasDocument) await ground.begin(conditionNamespace);
    await ground.client.ping().catch(() => undefined);
    const { redis = ground.redis.url, redisTls, end } = await bring(ground);
    // Some conditions are states of the document itself; while others last, nobody can look.
    const before = end === undefined ? await stateOf(ground) : null;
    const environment = { redis, namespace: conditionNamespace, ...(redisTls && { redisTls }) };
    const path = await ground.world.config('c.yaml', { environments: { here: environment } });
    const ends = [];
    for (const words of commands)
      ends.push(
        await runCli(['--config', path, ...words, '--no-reload', ...timeout, '--json'], {
          env: ground.world.env,
          cwd: ground.world.cwd,
        }),
      );
    await end?.();
    const after = await stateOf(ground);
    const isSame =
      end === undefined ? before === after : String(await ground.document(conditionNamespace)) === ground.first;
    const faults = ends.flatMap((ran) => faultsOf(ran, { exit, code }));
    return {
      counts: {
        conditions: 1,
        [`exit ${exit} ${code}`]: 1,
        'documents unchanged, byte for byte': isSame ? 1 : 0,
      },
      faults: [...faults, ...(isSame ? [] : ['the document is another'])].map((fault) => `${name}: ${fault}`),
    };
  } finally {
    await ground.stop();
  }
}

function faultsOf(
  { code: exit, out, err }: { code: number | null; out: string; err: string },
  expected: Pick<Condition, 'exit' | 'code'>,
): readonly string[] {
  try {
    const { error } = JSON.parse(err) as { error: ShownError };
    const isRight = exit === expected.exit && error.code === expected.code && error.exitCode === exit && out === '';
    if (isRight && (error.hint ?? '') !== '') return [];
  } catch {
    // What is said is no error in JSON: shown as it is.
  }
  return [`exit ${exit}, and not ${expected.exit} with ${expected.code} and a hint: ${out}${err}`];
}

export const conditions: Trial = {
  name: 'conditions',
  about:
    'a change against a Redis in each state that it was seen in: the right code, a next step, and not a byte changed',
  units: redisConditions.length,
  quick: 9,
  least: { conditions: redisConditions.length, 'documents unchanged, byte for byte': redisConditions.length },
  open: async () => ({
    unit: (index) => meet(redisConditions[index] as Condition),
    close: async () => ({ counts: {}, faults: [] }),
  }),
};

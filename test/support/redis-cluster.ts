import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { until } from './until.js';
import { freePort, startRedis, type RunningRedis } from './redis-server.js';

const run = promisify(execFile);

/** A cluster of real servers on loopback: masters, and so many replicas of each. */
export interface RunningCluster {
  readonly nodes: readonly RunningRedis[];
  /** `redis+cluster://` with every node. */
  readonly url: string;
  /** The node that has the key of a slot without sending anybody elsewhere. */
  ownerOf(this: void, slot: number): Promise<RunningRedis>;
  stop(): Promise<void>;
}

/** A master that has a replica, or a replica that has its master. */
const linked = /connected_slaves:[1-9]|master_link_status:up/;
const options = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000', '--repl-diskless-sync-delay', '0'];

export async function startCluster(masters: number, replicasOfEach: number): Promise<RunningCluster> {
  const count = masters * (1 + replicasOfEach);
  const nodes: RunningRedis[] = [];
  for (let index = 0; index < count; index += 1)
    nodes.push(await startRedis({ args: [...options, '--cluster-port', String(await freePort())] }));
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  const replicas = ['--cluster-replicas', String(replicasOfEach)];
  await run('redis-cli', ['--cluster', 'create', ...addresses, ...replicas, '--cluster-yes']);
  for (const node of nodes) {
    await until(async () => (await node.cli('CLUSTER', 'INFO')).includes('cluster_state:ok'), 'the cluster');
    if (replicasOfEach > 0) await until(async () => linked.test(await node.cli('INFO', 'replication')), 'its replicas');
  }
  return {
    nodes,
    url: `redis+cluster://${addresses.join(',')}`,
    ownerOf: async (slot) => {
      for (const node of nodes) {
        const isMaster = (await node.cli('INFO', 'replication')).includes('role:master');
        if (isMaster && (await node.cli('CLUSTER', 'COUNTKEYSINSLOT', String(slot))) !== '0') return node;
      }
      throw new Error(`no node has a key in the slot ${slot}`);
    },
    stop: async () => void (await Promise.all(nodes.map((node) => node.stop()))),
  };
}

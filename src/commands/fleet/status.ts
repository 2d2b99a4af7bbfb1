import { Option } from 'commander';
import { parseDurationMs } from '../../domain/duration.js';
import { describeInstances } from '../../domain/fleet/source.js';
import { awaitFleet } from '../../procedures/fleet/await-fleet.js';
import { fleetStatusView } from '../../ui/fleet-view.js';
import { collect, defineCommand, switchFlag, textFlag } from '../command.js';
import { recall } from '../detection.js';
import { addInstanceFlags, instanceFlags } from './instance-flags.js';
import { listInstances, sourceOfInstances } from './instances.js';
import { fleetLook } from './look.js';

// Whether every instance enforces the same: each is asked the same questions, and nothing is changed.

export const command = defineCommand({
  register: (c) => {
    c.addOption(new Option('--all', 'a line for each instance, those in step too'))
      .addOption(new Option('--wait <duration>', 'look again for so long, until all are in step'))
      .addOption(
        new Option('--target <url>', 'instance to ask instead of the configured; repeatable')
          .argParser(collect)
          .helpGroup('Fleet:'),
      )
      .addOption(new Option('--workers <n>', 'processes behind each instance').helpGroup('Fleet:'));
    addInstanceFlags(c);
  },
  examples: [
    'rlctl -e prod fleet status',
    'rlctl -e prod fleet status --targets-dns api.internal:8443 --all',
    'rlctl -e prod fleet status --wait 60s',
    'curl -s https://inventory.example.com/api.txt | rlctl -e prod fleet status --targets-file -',
    'rlctl -e prod fleet status --jq \'.instances[] | select(.state != "inStep") | .instance\'',
  ],
  input: (_, flags) => ({
    waitMs: parseDurationMs(textFlag(flags, 'wait') ?? '0s', '--wait'),
    isAll: switchFlag(flags, 'all'),
    workers: textFlag(flags, 'workers'),
    chosen: instanceFlags(flags),
  }),
  action: async (context, { isAll, workers, chosen, waitMs }) => {
    context.deadline.extend(waitMs);
    const environment = await context.environment(workers === null ? {} : { workers });
    const placed = sourceOfInstances(environment, chosen);
    const instances = await listInstances(context, environment, placed);
    const { ports, input } = await fleetLook(context, environment, instances, chosen);
    const seen = await recall(context, environment);
    const { status, convergedMs } = await awaitFleet(ports, input, waitMs, (text) => context.progress.step(text));
    const view = fleetStatusView({
      status,
      convergedMs,
      environment,
      source: describeInstances(placed.source),
      isAll,
      workersSeen: seen?.workersSeen ?? null,
      nowMs: context.clock.nowMs(),
    });
    return { view, exit: status.findings.length > 0 ? 'findings' : 'ok' };
  },
});

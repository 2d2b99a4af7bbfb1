import { conditions, openLeakSweep, sweptCommands } from '../../support/leak-sweep.js';
import type { Ground, Trial } from '../trial.js';

/** Each command once before any of them again, each time under another condition. */
function pick(index: number): { readonly command: string; readonly condition: (typeof conditions)[number] } {
  const command = index % sweptCommands.length;
  const condition = (command + Math.floor(index / sweptCommands.length)) % conditions.length;
  return { command: sweptCommands[command] ?? '', condition: conditions[condition] ?? 'everything works' };
}

async function open(): Promise<Ground> {
  const sweep = await openLeakSweep();
  return {
    unit: async (index) => {
      const { command, condition } = pick(index);
      const { seen, processes } = await sweep.run(command, condition);
      return { counts: { 'commands under a condition': 1, processes }, faults: seen };
    },
    close: async () => {
      await sweep.stop();
      return { counts: {}, faults: [] };
    },
  };
}

export const secrets: Trial = {
  name: 'secrets',
  about:
    'planted secrets, passwords, tokens and signatures, through every command under every condition: nothing of them in ' +
    'output, debugging, crashes, command lines, files or Redis',
  units: sweptCommands.length * conditions.length,
  quick: sweptCommands.length,
  least: { 'commands under a condition': sweptCommands.length * conditions.length },
  open,
};

import { counted } from '../../domain/counted.js';
import { RlctlError } from '../../domain/errors.js';
import { defineCommand } from '../command.js';

// The main jobs walked through on sandboxes of its own, with real commands and their real output.

export const command = defineCommand({
  register: () => undefined,
  examples: ['rlctl sandbox demo', 'rlctl sandbox demo > tour.txt'],
  input: () => null,
  action: async (context) => {
    const { runDemo } = await import('../../sandbox/demo.js');
    const theme = await context.theme();
    const failures = await runDemo({
      launcher: [process.execPath, process.argv[1] ?? ''],
      env: context.host.env,
      isColoured: theme.hasColour && context.host.stdout.isTTY,
      signal: context.deadline.interrupted,
      write: (text) => context.host.stdout.write(text),
    });
    if (failures === 0) return { view: null, exit: 'ok' };
    throw new RlctlError('unexpected', `${counted(failures, 'step')} of the demo did not end as they should`, {
      code: 'DEMO_FAILED',
      hint: 'The step says what it printed; run its command by hand on "rlctl sandbox up".',
    });
  },
});

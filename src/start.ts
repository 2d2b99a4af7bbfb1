import { processHost, guardProcessStreams } from './adapters/system/host.js';
import { main } from './main.js';
import { createRedactor } from './ui/redactor.js';

/** Runs the program in the real process; called by bin/rlctl.js. The event loop drains by itself: nothing is cut off. */
export async function start(version: string): Promise<void> {
  // The Redis library would print every command with its arguments, passwords included.
  delete process.env['DEBUG'];
  const redactor = createRedactor();
  // Node's own NODE_DEBUG writes past every stream of ours, headers included.
  guardProcessStreams(redactor);
  const host = processHost();
  try {
    process.exitCode = await main(process.argv.slice(2), host, version, redactor);
  } catch (error) {
    process.exitCode = 1;
    await host.stderr.write(`error: rlctl failed in a way it did not foresee: ${String(error)}\n`);
  }
}

import { processHost } from './adapters/system/host.js';
import { main } from './main.js';

/** Runs the program in the real process; called by bin/rlctl.js. The event loop drains by itself: nothing is cut off. */
export async function start(version: string): Promise<void> {
  // Both libraries would print what they send, passwords included.
  delete process.env['DEBUG'];
  delete process.env['NODE_DEBUG'];
  const host = processHost();
  try {
    process.exitCode = await main(process.argv.slice(2), host, version);
  } catch (error) {
    process.exitCode = 1;
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === undefined
        ? `failed in a way it did not foresee: ${String(error)}`
        : `could not write its output (${code})`;
    await host.stderr.write(`error: rlctl ${why}\n`).catch(() => undefined);
  }
}

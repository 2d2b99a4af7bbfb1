import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { screenPicture, type Frame } from '../docs/screen-picture.js';
import { childEnv, launcher } from '../support/cli.js';
import { openTerminal, type Terminal } from '../support/terminal.js';
import { openWorld, type World } from '../support/world.js';

const picture = join(import.meta.dirname, '../../.readme/watch.svg');
const isWanted = process.env['UPDATE_README'] === 'true';

const state = {} as { world: World; sandbox: Terminal; watch: Terminal };

beforeAll(async () => {
  state.world = await openWorld();
  const env = { ...childEnv(state.world.env), TERM: 'xterm-256color' } as Record<string, string>;
  const open = (args: readonly string[], rows: number): Terminal =>
    openTerminal(process.execPath, [launcher, ...args], { env, cwd: state.world.cwd, columns: 80, rows });
  state.sandbox = open(['sandbox', 'up', '--traffic', '40', '--color', 'never'], 40);
  await state.sandbox.until('a sandbox', () => state.sandbox.screen().includes('Ctrl-C ends it'));
  state.watch = open(['-e', 'sandbox', 'decisions', 'watch', '--interval', '1s', '--since', '1m'], 22);
});
afterAll(async () => {
  await state.watch.close();
  await state.sandbox.close();
  await state.world.remove();
});

// `npm run docs` draws the picture anew; otherwise it must have the lines that the program draws now.
test('the picture of the README is a screen of decisions watch', async () => {
  const { watch } = state;
  const frames: Frame[] = [];
  for (let count = 0; count < (isWanted ? 12 : 1); count += 1) {
    const before = watch.lines()[0];
    await watch.until(
      'the next figures',
      () => watch.lines()[0] !== before && watch.screen().includes('config reloads'),
    );
    frames.push({ lines: watch.painted(), seconds: 1 });
  }
  if (isWanted) {
    await mkdir(dirname(picture), { recursive: true });
    await writeFile(picture, screenPicture(frames.slice(-8), 80));
  }
  const drawn = (await readFile(picture, 'utf8')).replaceAll(/<[^>]*>/g, ' ');
  const headings = watch.lines().filter((line) => line.startsWith('BUCKET'));
  expect(headings).toHaveLength(2);
  for (const word of headings.join(' ').split(/\s+/)) expect(drawn).toContain(word);
  for (const bucket of ['auth', 'financial', 'read', 'write']) expect(drawn).toContain(bucket);
});

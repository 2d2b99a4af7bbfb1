import { spawn } from 'node:child_process';
import stringWidth from 'string-width';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { childEnv, exitOf, launcher, startCli } from '../support/cli.js';
import { openLab, type Lab } from '../support/lab.js';
import { openTerminal, type Terminal } from '../support/terminal.js';

const state = {} as { lab: Lab; timer: NodeJS.Timeout };
const started: Terminal[] = [];

beforeAll(async () => {
  state.lab = await openLab({ dialect: 'deployed' });
  const { origin } = state.lab.sandbox;
  const ask = (path: string): void =>
    void fetch(`${origin}${path}`, { headers: { 'X-User-Id': 'm' } }).catch(() => undefined);
  state.timer = setInterval(() => {
    ask('/api/search');
    ask('/api/payments');
  }, 40);
});
afterAll(async () => {
  clearInterval(state.timer);
  await state.lab.stop();
});
afterEach(async () => {
  for (const each of started.splice(0)) await each.close();
});

const env = (): Readonly<Record<string, string>> => ({
  ...state.lab.world.env,
  RLCTL_METRICS: `${state.lab.sandbox.origin}/metrics`,
});

function watch(columns: number, rows: number): Terminal {
  const args = [launcher, 'decisions', 'watch', '--interval', '1s'];
  const variables = { ...childEnv(env()), TERM: 'xterm-256color' } as Record<string, string>;
  const running = openTerminal(process.execPath, args, { columns, rows, env: variables, cwd: state.lab.world.cwd });
  started.push(running);
  return running;
}

const windowOf = (screen: readonly string[]): string => /(\d+m? ?\d*s) to/.exec(screen[0] ?? '')?.[1] ?? '';
const isWhole = (screen: readonly string[]): boolean => screen.some((line) => line.startsWith('config reloads'));

test('refreshes in place, follows the size of the terminal, and gives it back at Ctrl-C', async () => {
  const running = watch(80, 24);
  await running.until('whole figures', () => isWhole(running.lines()));
  expect(running.isAlternate()).toBe(true);
  const first = windowOf(running.lines());
  await running.until('the next figures', () => windowOf(running.lines()) !== first && isWhole(running.lines()));
  expect(running.lines().filter((line) => line.includes('BUCKET'))).toHaveLength(2);
  expect(running.lines().join('\n')).toMatch(/financial .*[▁-█]/);

  // Smaller: what does not fit is said, and nothing of the larger screen is left.
  running.resize(60, 6);
  await running.until('the smaller screen', () => /^… \d+ more lines$/.test(running.lines()[5] ?? ''));
  expect(running.lines()).toHaveLength(6);
  expect(running.lines().filter((line) => line.includes('BUCKET'))).toHaveLength(1);

  running.resize(100, 40);
  await running.until('whole figures', () => isWhole(running.lines()));
  for (const line of running.lines()) expect(stringWidth(line)).toBeLessThanOrEqual(100);
  expect(running.lines().filter((line) => line.includes('BUCKET'))).toHaveLength(2);

  running.type('\u0003');
  expect(await running.ended).toBe(0);
  expect(running.isAlternate()).toBe(false);
  // The cursor and the wrapping are given back, after whatever took them away.
  const raw = running.raw();
  expect(raw.lastIndexOf('\u001b[?25h')).toBeGreaterThan(raw.lastIndexOf('\u001b[?25l'));
  expect(raw.lastIndexOf('\u001b[?7h')).toBeGreaterThan(raw.lastIndexOf('\u001b[?7l'));
  expect(running.lines().some((line) => line.startsWith('config reloads'))).toBe(true);
});

test('Ctrl-C before the first figures is a good end too', async () => {
  const running = watch(80, 24);
  await running.until('the first word', () => running.screen().includes('waiting for the first figures'));
  running.type('\u0003');
  expect(await running.ended).toBe(0);
  expect(running.raw()).not.toContain('\u001b[?1049h');
});

test('in a pipe, ends with its reader and not at the next refresh', async () => {
  // A namespace without series: the first line comes at once, and the next one would in an hour.
  const line = `"$NODE" "$RLCTL" decisions watch --interval 1h; echo "code $?" >&2`;
  const child = spawn('sh', ['-c', `{ ${line}; } | head -1`], {
    cwd: state.lab.world.cwd,
    env: childEnv({ ...env(), RLCTL_NAMESPACE: 'later', NODE: process.execPath, RLCTL: launcher }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (said.err += text));
  expect(await exitOf(child)).toBe(0);
  expect(said.out).toMatch(/^\{.*NO_SERIES.*\}\n$/);
  expect(said.err).toBe('code 0\n');
});

test('ends by itself once nobody reads it any more', async () => {
  const running = startCli(['decisions', 'watch', '--interval', '1s'], { env: env(), cwd: state.lab.world.cwd });
  while (!running.out().includes('\n')) await new Promise((resolve) => setTimeout(resolve, 10));
  running.child.stdout.destroy();
  expect(await running.ended).toMatchObject({ code: 0, signal: null, err: '' });
});

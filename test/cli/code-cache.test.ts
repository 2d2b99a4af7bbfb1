import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli, type CliEnd } from '../support/cli.js';

const state = { home: '' };
beforeEach(() => {
  state.home = mkdtempSync(join(tmpdir(), 'rlctl-cache-'));
});
afterEach(() => rmSync(state.home, { recursive: true, force: true }));

const folder = (): string => join(state.home, '.cache', 'rlctl');
const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliEnd> =>
  runCli(args, { env: { HOME: state.home, ...env }, cwd: state.home });
/** The files with their inodes: a file that was written again has another one. */
const kept = (): Readonly<Record<string, number>> =>
  Object.fromEntries(
    readdirSync(folder())
      .sort()
      .map((name) => [name, statSync(join(folder(), name)).ino]),
  );
const help = ['override', 'set', '--help'];

describe('the compiled code that is kept', () => {
  it('is the user’s alone, and taken by the next start of that command', async () => {
    const first = await run(help);
    const written = kept();
    expect(Object.keys(written)).toEqual([
      expect.stringMatching(/-override-set-rest\.js\.code$/),
      expect.stringMatching(/-override-set-start\.js\.code$/),
    ]);
    expect(statSync(folder()).mode & 0o777).toBe(0o700);
    for (const name of Object.keys(written)) expect(statSync(join(folder(), name)).mode & 0o777).toBe(0o600);
    const second = await run(help);
    expect({ code: second.code, out: second.out, err: second.err }).toEqual({ code: 0, out: first.out, err: '' });
    // What V8 refuses is written again.
    expect(kept()).toEqual(written);
  });

  it('is one for each command, however it is spelled, and none for what is no command', async () => {
    await run(['overrides', 'set', '--help']);
    await run(['-e', 'prod', 'override', 'get', '--help']);
    await run(['nonsense']);
    const commands = Object.keys(kept()).map((name) => /-\w+-\w+(?=-start\.js)/.exec(name)?.[0]);
    expect(commands.filter((each) => each !== undefined)).toEqual(['-override-get', '-overrides-set']);
  });

  it.each([
    ['damaged', (bytes: Buffer) => bytes.fill(0x5a, bytes.length >> 1, (bytes.length >> 1) + 40)],
    ['cut short', (bytes: Buffer) => bytes.subarray(0, 1000)],
    ['empty', () => Buffer.alloc(0)],
  ])('is written again where it is %s', async (_, spoil) => {
    const first = await run(help);
    const before = new Map(Object.keys(kept()).map((name) => [name, readFileSync(join(folder(), name))]));
    for (const [name, bytes] of before) writeFileSync(join(folder(), name), spoil(Buffer.from(bytes)));
    const second = await run(help);
    expect({ code: second.code, out: second.out, err: second.err }).toEqual({ code: 0, out: first.out, err: '' });
    for (const name of before.keys()) {
      expect(statSync(join(folder(), name)).size).toBeGreaterThan(10_000);
    }
  });

  it('is refused by a V8 with other flags, which keeps its own', async () => {
    await run(help);
    const written = kept();
    const other = await run(help, { NODE_OPTIONS: '--max-semi-space-size=32' });
    expect(other.code).toBe(0);
    expect(kept()).toMatchObject(written);
    expect(Object.keys(kept())).toHaveLength(4);
  });

  it('is neither read nor written where others may write', async () => {
    await run(help);
    const written = kept();
    chmodSync(folder(), 0o770);
    for (const name of Object.keys(written)) writeFileSync(join(folder(), name), 'not code');
    expect((await run(help)).code).toBe(0);
    for (const name of Object.keys(written)) expect(readFileSync(join(folder(), name), 'utf8')).toBe('not code');
  });

  it('is left out with RLCTL_CODE_CACHE=off, without a home, and with a home that takes no files', async () => {
    for (const value of ['off', '0', '']) {
      expect((await run(help, { RLCTL_CODE_CACHE: value })).code).toBe(0);
      expect(existsSync(folder())).toBe(false);
    }
    expect((await runCli(help, { env: {}, cwd: state.home })).code).toBe(0);
    writeFileSync(join(state.home, 'file'), '');
    expect((await run(help, { XDG_CACHE_HOME: join(state.home, 'file') })).code).toBe(0);
    expect((await run(help, { XDG_CACHE_HOME: 'relative' })).code).toBe(0);
    expect(existsSync(join(state.home, 'relative'))).toBe(false);
  });

  it('is removed a month after it was written', async () => {
    await run(help);
    const [name = ''] = Object.keys(kept());
    const old = join(folder(), `earlier-${name}`);
    writeFileSync(old, '');
    utimesSync(old, new Date(), new Date(Date.now() - 31 * 86_400_000));
    await run(['override', 'get', '--help']);
    expect(existsSync(old)).toBe(false);
    expect(kept()).toHaveProperty([name]);
  });
});

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launcher } from '../support/cli.js';
import { hostileNames } from '../support/hostile-names.js';
import { openLab, type Lab } from '../support/lab.js';
import { openTerminal, type Terminal } from '../support/terminal.js';

interface LiveShell {
  readonly name: 'bash' | 'zsh' | 'fish';
  readonly args: readonly string[];
  /** Typed first: what the install command says has to be done by hand, and a quiet prompt. */
  readonly setup: (home: string) => string;
}

const prompt = 'READY> ';

const liveShells: readonly LiveShell[] = [
  {
    name: 'bash',
    args: ['--noprofile', '--norc', '-i'],
    setup: (home) => `source '${home}/.local/share/bash-completion/completions/rlctl'; PS1='READY> '`,
  },
  {
    name: 'zsh',
    args: ['-f', '-i'],
    setup: (home) =>
      `fpath=('${home}/.local/share/zsh/site-functions' $fpath); autoload -Uz compinit && compinit -u; PS1='READY> '`,
  },
  {
    name: 'fish',
    args: ['--private', '-i', '-C', 'function fish_prompt; printf "READY> "; end; set fish_autosuggestion_enabled 0'],
    setup: () => 'true',
  },
];

let lab: Lab;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  lab = await openLab();
  const { world } = lab;
  // On TAB the real program; on Enter a stand-in that records exactly which words the shell handed over.
  await world.write(
    'bin/rlctl',
    `#!/bin/sh
[ "$1" = __complete ] && exec '${process.execPath}' '${launcher}' "$@"
printf '%s\\0' "$#" "$@" >>"$WORDS_LOG"
echo ran.
`,
    0o700,
  );
  await world.write('log', '');
  env = {
    ...(world.env as Record<string, string>),
    PATH: `${join(world.cwd, 'bin')}:${process.env['PATH'] ?? ''}`,
    WORDS_LOG: join(world.cwd, 'log'),
    LANG: 'C.UTF-8',
    TERM: 'xterm-256color',
    XDG_CONFIG_HOME: join(world.env['HOME'] ?? '', '.config'),
  };
  for (const { name } of liveShells) {
    const ran = await world.main(['completion', name, '--install', '--yes'], {
      env: { XDG_CONFIG_HOME: env['XDG_CONFIG_HOME'] },
    });
    if (ran.code !== 0) throw new Error(ran.err);
  }
});

afterAll(() => lab?.stop());

/** Every folder a command of a hostile name could have left its mark in. */
const marks = (): readonly string[] =>
  [lab.world.cwd, lab.world.root, lab.world.env['HOME'] ?? '', process.cwd()]
    .map((folder) => join(folder, 'PWNED'))
    .filter((path) => existsSync(path));

/** The words of every run so far: their number, then each of them, all ended by NUL. */
function recorded(): readonly (readonly string[])[] {
  const fields = readFileSync(join(lab.world.cwd, 'log'), 'utf8').split('\0').slice(0, -1);
  const runs: (readonly string[])[] = [];
  for (let at = 0; at < fields.length; at += 1 + Number(fields[at]))
    runs.push(fields.slice(at + 1, at + 1 + Number(fields[at])));
  return runs;
}

const document = (names: readonly string[]): string =>
  JSON.stringify(Object.fromEntries(names.map((name) => [name, { rate: 60, burst: 1 }])));

describe.each(liveShells)('completion in a live $name', (shell) => {
  let terminal: Terminal;

  beforeAll(async () => {
    terminal = openTerminal(shell.name, shell.args, { env, cwd: lab.world.cwd });
    await terminal.until('a first prompt', () => terminal.screen() !== '');
    terminal.type(`${shell.setup(lab.world.env['HOME'] ?? '')}; clear\r`);
    await terminal.until('a clear prompt', () => terminal.screen() === prompt.trimEnd());
  });

  afterAll(() => terminal?.close());

  /** Types, presses TAB, waits for its effect, presses Enter, and returns the words that the program was run with. */
  async function completed(typed: string): Promise<readonly string[] | undefined> {
    try {
      return await completedOnce(typed);
    } catch (error) {
      await clear();
      throw error;
    }
  }

  /** Leaves whatever is being typed or shown. */
  async function clear(): Promise<void> {
    const from = terminal.cursor();
    const isEmpty = (): boolean =>
      terminal.cursor() !== from && terminal.screen().split('\n').at(-1) === prompt.trimEnd();
    await press('\u0003', 'an empty prompt', isEmpty);
    await wipe();
  }

  /** Empties the screen; at an empty prompt only. */
  async function wipe(): Promise<void> {
    terminal.type('clear\r');
    await terminal.until('a clear prompt', () => terminal.screen() === prompt.trimEnd());
  }

  async function completedOnce(typed: string): Promise<readonly string[] | undefined> {
    const before = recorded().length;
    const from = terminal.cursor();
    terminal.type(typed);
    await terminal.until('what was typed', () => terminal.cursor() !== from);
    const typedTo = await settled(typed);
    await press('\t', 'an effect of TAB', () => terminal.cursor() !== typedTo);
    terminal.type('\r');
    await terminal.until('the program to run', () => recorded().length > before && isAtPrompt());
    return recorded().at(-1);
  }

  /**
   * Presses a key, as a person would again where nothing comes: a look-up in Redis has a deadline, machines are busy, and a
   * shell that is drawing can miss an interrupt.
   */
  async function press(key: string, effect: string, hasCome: () => boolean, times = 4): Promise<void> {
    terminal.type(key);
    try {
      await terminal.until(effect, hasCome, 4000);
    } catch (error) {
      if (times === 1) throw error;
      await press(key, effect, hasCome, times - 1);
    }
  }

  const isAtPrompt = (): boolean => terminal.screen().endsWith(`ran.\n${prompt.trimEnd()}`);

  /** The cursor behind the typed text, when all of it stands on the screen. */
  async function settled(typed: string): Promise<string> {
    await terminal.until('all of what was typed', () => terminal.screen().endsWith(typed.trimEnd()));
    const column = prompt.length + typed.length;
    await terminal.until('the cursor behind it', () => terminal.cursor().endsWith(`:${column}`));
    return terminal.cursor();
  }

  it.each([
    ['rlctl over', ['override']],
    ['rlctl override uns', ['override', 'unset']],
    ['rlctl overrides hi', ['overrides', 'history']],
    ['rlctl -e la', ['-e', 'lab']],
    ['rlctl --env=la', ['--env=lab']],
    ['rlctl policy get /api --bucket fin', ['policy', 'get', '/api', '--bucket', 'financial']],
    ['rlctl policy get --met', ['policy', 'get', '--method']],
    ['rlctl -o nd', ['-o', 'ndjson']],
    ['rlctl --output=ya', ['--output=yaml']],
    ['rlctl help exit', ['help', 'exit-codes']],
    ['rlctl completion power', ['completion', 'powershell']],
    ['rlctl --config lab.y', ['--config', 'lab.yaml']],
  ])('completes %j', async (typed, words) => {
    expect(await completed(typed)).toEqual(words);
  });

  /** What fish cannot insert as it is, is not offered there: it would come out as another name. */
  const offered = hostileNames.filter((name) => shell.name !== 'fish' || !name.startsWith('~'));

  it.each(offered)('inserts %j as one word and runs none of it', async (name) => {
    await lab.store(document([name]));
    // A name that looks like a flag is offered only where it cannot be one.
    const isDashed = name.startsWith('-');
    const words = isDashed ? ['override', 'get', '--', name] : ['override', 'get', name];
    expect(await completed(isDashed ? 'rlctl override get -- -' : 'rlctl override get ')).toEqual(words);
    expect(marks()).toEqual([]);
  });

  it.each(offered.filter((name) => /^[^-].*['"\\$`!\n\u0007]/s.test(name)))(
    'inserts %j into an open quote',
    async (name) => {
      await lab.store(document([name]));
      expect(await completed("rlctl override get '")).toEqual(['override', 'get', name]);
      // In bash nothing inside double quotes can take the meaning from an exclamation mark: it is not offered there.
      if (shell.name !== 'bash' || !name.includes('!'))
        expect(await completed('rlctl override get "')).toEqual(['override', 'get', name]);
      expect(marks()).toEqual([]);
    },
  );

  it.each([
    String.raw`/api/a\ `,
    String.raw`/api/a\ b:c`,
    String.raw`/api/a\ b:c=d`,
    '"/api/a ',
    "'/api/a b:c=",
    '"/api/a b:',
    '/api/a" "b:',
  ])('goes on with %j', async (typed) => {
    await lab.store(document(['/api/a b:c=d;e', '/other']));
    expect(await completed(`rlctl override get ${typed}`)).toEqual(['override', 'get', '/api/a b:c=d;e']);
  });

  it('shows every hostile name without letting one act on the terminal', async () => {
    await lab.store(document(hostileNames));
    await wipe();
    const titles = terminal.titles.length;
    const before = recorded().length;
    terminal.type('rlctl override get ');
    await settled('rlctl override get ');
    // bash lists on the second TAB, the others on the first.
    terminal.type(shell.name === 'bash' ? '\t\t' : '\t');
    await terminal.until('a list', () => terminal.screen().includes('carriage'));
    await clear();
    expect(terminal.titles.slice(titles)).not.toContain('PWNED');
    expect(recorded()).toHaveLength(before);
    expect(marks()).toEqual([]);
  });
});

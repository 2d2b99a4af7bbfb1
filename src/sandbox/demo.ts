import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shellWords } from '../domain/shell-words.js';
import type { CommandStep, DemoStep, LookStep } from './demo-step.js';
import { trafficSteps } from './demo-traffic.js';

export interface DemoOptions {
  /** How rlctl is started: the node binary and the launcher. */
  readonly launcher: readonly [string, string];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isColoured: boolean;
  readonly signal: AbortSignal;
  write(this: void, text: string): Promise<void>;
}

const search = '/api/search';

function documentedSteps(origin: string): readonly DemoStep[] {
  const set = [
    '-e',
    'sandbox',
    'override',
    'set',
    search,
    '--rate',
    '120',
    '--burst',
    '20',
    '--reason',
    'search is slow to load',
  ];
  return [
    {
      title: 'Raise a limit: written, reloaded, proven',
      args: [...set, '--probe', `${origin}${search}`],
      expected: 0,
      remark: 'a real request met the new burst',
    },
    {
      title: 'Why a route has the policy it has',
      args: ['-e', 'sandbox', 'policy', 'explain', `${search}/items`],
      expected: 0,
      remark: 'the server’s own matching order',
    },
    {
      title: 'The server’s word beside the expected one',
      args: ['-e', 'sandbox', 'policy', 'get', `${search}/items`],
      expected: 0,
      remark: 'they agree',
    },
  ];
}

function deployedSteps(origin: string): readonly DemoStep[] {
  const set = [
    '-e',
    'sandbox',
    'override',
    'set',
    search,
    '--rate',
    '120',
    '--burst',
    '2',
    '--reason',
    'abuse of search',
  ];
  return [
    {
      title: 'The same on a server as it is deployed: it answers 200 and shows the override, but does not enforce it',
      args: [...set, '--probe', `${origin}${search}`],
      expected: 8,
      remark: 'the 200 lied, and rlctl says so',
    },
    {
      title: 'Take it back',
      args: ['-e', 'sandbox', 'override', 'undo', '--reason', 'it has no effect here'],
      expected: 0,
      remark: 'no override is left; the key stays, with an empty document',
    },
    {
      title: 'What is on record',
      args: ['-e', 'sandbox', 'override', 'history'],
      expected: 0,
      remark: 'who, when, why',
    },
  ];
}

/**
 * Walks the main jobs on sandboxes of its own, showing each command and its real output. Resolves to the number of
 * steps that did not end as they should. Leaves no process, file or port behind.
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'rlctl-demo-'));
  const env = { ...options.env, XDG_STATE_HOME: folder, XDG_CONFIG_HOME: folder, RLCTL_CONFIG: '', RLCTL_ENV: '' };
  try {
    let failures = 0;
    for (const chapter of chapters) failures += await onSandbox(options, env, folder, chapter);
    return failures;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Steps on one sandbox. */
interface Chapter {
  readonly title: string;
  /** How the sandbox is started. */
  readonly args: readonly string[];
  steps(this: void, origin: string): readonly DemoStep[];
}

const chapters: readonly Chapter[] = [
  { title: 'A documented control plane', args: ['--dialect', 'documented'], steps: documentedSteps },
  { title: 'A deployed control plane', args: ['--dialect', 'deployed'], steps: deployedSteps },
  { title: 'A control plane under traffic', args: ['--traffic', '100'], steps: trafficSteps },
];

type Environment = Readonly<Record<string, string | undefined>>;

async function onSandbox(
  options: DemoOptions,
  env: Environment,
  folder: string,
  { title, args, steps }: Chapter,
): Promise<number> {
  options.signal.throwIfAborted();
  const up = ['sandbox', 'up', ...args];
  await options.write(`\n${heading(options, title)}\n$ ${shellWords(['rlctl', ...up])}\n`);
  const sandbox = start(options, env, folder, [...up, '--json']);
  const stop = (): void => void sandbox.kill('SIGTERM');
  options.signal.addEventListener('abort', stop);
  const ended = new Promise<void>((resolve) => sandbox.once('close', () => resolve()));
  try {
    const facts = await readyFacts(sandbox);
    await options.write(`ready: ${facts.origin}${facts.basePath}, Redis: ${facts.redisKind}\n`);
    const failures: number[] = [];
    for (const step of steps(facts.origin)) failures.push(await runStep(options, env, folder, step));
    return failures.reduce((sum, each) => sum + each, 0);
  } finally {
    options.signal.removeEventListener('abort', stop);
    stop();
    await ended;
  }
}

function start(options: DemoOptions, env: Environment, cwd: string, args: readonly string[]): ChildProcess {
  const [node, launcher] = options.launcher;
  return spawn(node, [launcher, ...args], { env, cwd, stdio: ['ignore', 'pipe', 'inherit'] });
}

interface SandboxFacts {
  readonly origin: string;
  readonly basePath: string;
  readonly redisKind: string;
}

/** The facts that `sandbox up --json` prints when it is ready. */
function readyFacts(child: ChildProcess): Promise<SandboxFacts> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.endsWith('}\n')) resolve(JSON.parse(text) as SandboxFacts);
    });
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`the sandbox ended with ${code} before it was ready`)));
  });
}

async function runStep(options: DemoOptions, env: Environment, folder: string, step: DemoStep): Promise<number> {
  options.signal.throwIfAborted();
  await options.write(`\n${heading(options, step.title)}\n`);
  return 'look' in step ? runLook(options, step) : runCommand(options, env, folder, step);
}

async function runLook({ signal, write }: DemoOptions, { look }: LookStep): Promise<number> {
  const { text, isRight } = await look(signal);
  await write(`${text}${isRight ? '' : ': UNEXPECTED'}\n`);
  return isRight ? 0 : 1;
}

async function runCommand(options: DemoOptions, env: Environment, folder: string, step: CommandStep): Promise<number> {
  await options.write(`$ ${shellWords(['rlctl', ...step.args])}\n`);
  const child = start(options, env, folder, [...step.args, '--color', options.isColoured ? 'always' : 'never']);
  child.stdout?.on('data', (chunk: Buffer) => void options.write(chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const isRight = code === step.expected;
  await options.write(`exit ${code}: ${isRight ? step.remark : `UNEXPECTED, should have been ${step.expected}`}\n`);
  return isRight ? 0 : 1;
}

function heading({ isColoured }: DemoOptions, title: string): string {
  return isColoured ? `\u001b[1m# ${title}\u001b[0m` : `# ${title}`;
}

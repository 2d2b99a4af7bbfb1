import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One step of the demo: a command a user would type, and the exit code that tells that it did what it should. */
interface DemoStep {
  readonly title: string;
  readonly args: readonly string[];
  readonly expected: number;
  /** What the exit code means here, said after the output. */
  readonly remark: string;
}

export interface DemoOptions {
  /** How rlctl is started: the node binary and the launcher. */
  readonly launcher: readonly [string, string];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isColoured: boolean;
  readonly signal: AbortSignal;
  write(text: string): Promise<void>;
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
 * Walks the main job on two sandboxes of its own, showing each command and its real output. Resolves to the number of
 * steps that did not end as they should. Leaves no process, file or port behind.
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'rlctl-demo-'));
  const env = { ...options.env, XDG_STATE_HOME: folder, XDG_CONFIG_HOME: folder, RLCTL_CONFIG: '', RLCTL_ENV: '' };
  try {
    const documented = await onSandbox(options, env, folder, 'documented', documentedSteps);
    const deployed = await onSandbox(options, env, folder, 'deployed', deployedSteps);
    return documented + deployed;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

async function onSandbox(
  options: DemoOptions,
  env: Environment,
  folder: string,
  dialect: string,
  steps: (origin: string) => readonly DemoStep[],
): Promise<number> {
  options.signal.throwIfAborted();
  const args = ['sandbox', 'up', '--dialect', dialect, '--json'];
  await options.write(`\n${heading(options, `A ${dialect} control plane`)}\n$ rlctl ${args.slice(0, -1).join(' ')}\n`);
  const sandbox = start(options, env, folder, args);
  const stop = (): void => void sandbox.kill('SIGTERM');
  options.signal.addEventListener('abort', stop);
  const ended = new Promise<void>((resolve) => sandbox.once('close', () => resolve()));
  try {
    const facts = await readyFacts(sandbox);
    await options.write(`ready: ${facts.origin}${facts.basePath}, ${facts.redisKind}\n`);
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
  await options.write(`\n${heading(options, step.title)}\n$ rlctl ${step.args.map(quoted).join(' ')}\n`);
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

/** A word as a person would type it in a shell. */
function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `"${word}"`;
}

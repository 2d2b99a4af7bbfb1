import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';

/** How a page is looked at. */
export interface Look {
  readonly width: number;
  readonly height: number;
  readonly scheme: 'light' | 'dark';
  readonly medium?: 'screen' | 'print';
}

/** A page as a browser shows it. */
export interface SeenPage {
  /** What its console said: messages, exceptions, violations. */
  readonly console: readonly string[];
  /** Every address that was asked for. */
  readonly requests: readonly string[];
  /** What an expression comes to inside the page; it has to be JSON. */
  evaluate<Value>(expression: string): Promise<Value>;
  /** A picture of the whole page, PNG. */
  picture(): Promise<Buffer>;
}

export interface Browser {
  /** Opens a file from disk. */
  look(path: string, look: Look): Promise<SeenPage>;
  close(): Promise<void>;
}

const programs = ['chromium', 'chromium-browser', 'google-chrome'];

/** The path of a browser on this machine; `null`: there is none. */
export function browserProgram(): string | null {
  const folders = (process.env['PATH'] ?? '').split(':');
  const paths = programs.flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find((path) => existsSync(path)) ?? null;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
  readonly sessionId?: string;
}

/** Starts a real browser without a window, which is spoken to through a pipe. */
export async function openBrowser(program: string): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'rlctl-browser-'));
  const quiet = ['--no-first-run', '--disable-gpu', '--disable-background-networking', '--disable-component-update'];
  const child = spawn(
    program,
    ['--headless', '--no-sandbox', '--remote-debugging-pipe', `--user-data-dir=${profile}`, ...quiet, 'about:blank'],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  );
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const [, , , input, output] = child.stdio as unknown as [null, null, null, Writable, Readable];
  const waiting = new Map<number, (message: Message) => void>();
  const listeners = new Set<(message: Message) => void>();
  const state = { rest: '', next: 1 };
  output.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (state.rest + chunk).split('\0');
    state.rest = parts.pop() ?? '';
    for (const part of parts) {
      const message = JSON.parse(part) as Message;
      if (message.id === undefined) for (const listener of listeners) listener(message);
      else waiting.get(message.id)?.(message);
    }
  });
  const send = (method: string, params: object = {}, sessionId?: string): Promise<Record<string, unknown>> =>
    new Promise((resolve, reject) => {
      const id = state.next;
      state.next += 1;
      waiting.set(id, ({ error, result }) => {
        waiting.delete(id);
        if (error === undefined) resolve(result ?? {});
        else reject(new Error(`${method}: ${error.message}`));
      });
      input.write(`${JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) })}\0`);
    });
  return {
    look: async (path, { width, height, scheme, medium = 'screen' }) => {
      const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
      const { sessionId } = (await send('Target.attachToTarget', { targetId, flatten: true })) as { sessionId: string };
      const seen = { console: [] as string[], requests: [] as string[] };
      const loaded = new Promise<void>((resolve) => {
        listeners.add((message) => {
          if (message.sessionId !== sessionId) return;
          note(message, seen);
          if (message.method === 'Page.loadEventFired') resolve();
        });
      });
      const call = (method: string, params?: object) => send(method, params, sessionId);
      for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await call(`${domain}.enable`);
      const isPhone = width < 600;
      await call('Emulation.setDeviceMetricsOverride', {
        width,
        height,
        deviceScaleFactor: isPhone ? 2 : 1,
        mobile: isPhone,
      });
      const features = [{ name: 'prefers-color-scheme', value: scheme }];
      await call('Emulation.setEmulatedMedia', { media: medium, features });
      await call('Page.navigate', { url: pathToFileURL(path).href });
      await loaded;
      return {
        ...seen,
        evaluate: async <Value>(expression: string) => {
          const { result, exceptionDetails } = (await call('Runtime.evaluate', {
            expression,
            returnByValue: true,
          })) as {
            result: { value: Value };
            exceptionDetails?: { text: string; exception?: { description?: string } };
          };
          if (exceptionDetails !== undefined)
            throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
          return result.value;
        },
        picture: async () => {
          const { data } = await call('Page.captureScreenshot', { captureBeyondViewport: true, format: 'png' });
          return Buffer.from(String(data), 'base64');
        },
      };
    },
    close: async () => {
      child.kill('SIGKILL');
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function note({ method, params = {} }: Message, seen: { console: string[]; requests: string[] }): void {
  if (method === 'Runtime.consoleAPICalled' || method === 'Runtime.exceptionThrown' || method === 'Log.entryAdded')
    seen.console.push(`${method}: ${JSON.stringify(params)}`);
  if (method === 'Network.requestWillBeSent') seen.requests.push((params['request'] as { url: string }).url);
}

import { execFile, spawn } from 'node:child_process';
import type { ServerResponse } from 'node:http';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './redis-server.js';

const run = promisify(execFile);

/** What a query by hand answers: labels and value of each series. */
export interface HandSample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface RunningPrometheus {
  /** `http://127.0.0.1:<port>`, with the path prefix where there is one. */
  readonly url: string;
  readonly pid: number;
  /** PromQL by hand, at a moment (epoch seconds) or now. */
  query(expression: string, atSeconds?: number): Promise<readonly HandSample[]>;
  /** The one number that a query by hand answers; `null`: nothing, or no number. */
  number(expression: string, atSeconds?: number): Promise<number | null>;
  /** The same by promtool. */
  promtool(expression: string, atSeconds: number): Promise<string>;
  /** The same over a range: the lines of each series, by its labels. */
  promtoolRange(
    expression: string,
    fromSeconds: number,
    toSeconds: number,
    stepSeconds: number,
  ): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Ends it with its data folder. */
  stop(): Promise<void>;
}

export interface ScrapeJob {
  readonly name: string;
  /** `http://127.0.0.1:<port>/metrics` */
  readonly url: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface PrometheusOptions {
  readonly jobs?: readonly ScrapeJob[];
  /** OpenMetrics texts that it is filled with before it starts. */
  readonly blocks?: readonly string[];
  /** The path of a file of rules. */
  readonly rules?: string;
  /** A path under which everything stands. */
  readonly prefix?: string;
  /** `web.yml`, for basic authentication. */
  readonly webConfig?: string;
  /** How often targets are scraped, milliseconds; absent: `scrapeIntervalMs`. */
  readonly scrapeMs?: number;
}

/** Hands a query on to a Prometheus, and its answer back: for servers that stand in front of one. */
export async function forwardQuery(
  to: string,
  asked: { readonly url: string; readonly body: string; readonly headers: Readonly<Record<string, unknown>> },
  response: ServerResponse,
): Promise<void> {
  const headers = { 'content-type': String(asked.headers['content-type']) };
  const answer = await fetch(new URL(asked.url, to), { method: 'POST', body: asked.body, headers });
  response.writeHead(answer.status, { 'Content-Type': answer.headers.get('content-type') ?? '' });
  response.end(await answer.text());
}

export const scrapeIntervalMs = 250;

/** Starts a real Prometheus on loopback, with its data in a folder of its own, and waits until it is ready. */
export async function startPrometheus(options: PrometheusOptions = {}): Promise<RunningPrometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'rlctl-prometheus-'));
  const data = join(folder, 'data');
  await mkdir(data);
  for (const [index, text] of (options.blocks ?? []).entries()) {
    const path = join(folder, `blocks-${index}.om`);
    await writeFile(path, text);
    await run('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', path, data], { maxBuffer: 2 ** 26 });
  }
  const config = join(folder, 'prometheus.yml');
  await writeFile(config, JSON.stringify(configOf(options)));
  const web = join(folder, 'web.yml');
  if (options.webConfig !== undefined) await writeFile(web, options.webConfig);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}${options.prefix ?? ''}`;
  const child = spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${data}`,
      '--storage.tsdb.retention.time=100y',
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
      ...(options.prefix ? [`--web.external-url=${url}`] : []),
      ...(options.webConfig === undefined ? [] : [`--web.config.file=${web}`]),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const state = { log: '', isEnded: false };
  child.stderr.on('data', (chunk: Buffer) => void (state.log += chunk.toString()));
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => void (state.log += String(error)));
    child.once('close', () => {
      state.isEnded = true;
      resolve();
    });
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  while (!(await isReady(url))) {
    if (!state.isEnded) continue;
    await stop();
    throw new Error(`prometheus ended: ${state.log.slice(-500)}`);
  }
  const query = (expression: string, at?: number): Promise<readonly HandSample[]> => ask(url, expression, at);
  return {
    url,
    pid: child.pid ?? 0,
    query,
    number: async (expression, at) => {
      const [sample, ...more] = await query(expression, at);
      if (more.length > 0) throw new Error(`more than one series: ${expression}`);
      return sample === undefined || !Number.isFinite(sample.value) ? null : sample.value;
    },
    promtool: async (expression, at) =>
      (await run('promtool', ['query', 'instant', `--time=${at}`, url, expression])).stdout.trim(),
    promtoolRange: async (expression, from, to, step) => {
      const args = [`--start=${from}`, `--end=${to}`, `--step=${step}s`, url, expression];
      const { stdout } = await run('promtool', ['query', 'range', ...args]);
      const series = stdout
        .trim()
        .split(/\n(?=\{)/)
        .map((each) => each.split('\n'));
      return new Map(series.map(([head = '', ...lines]) => [head.replace(/ =>$/, ''), lines]));
    },
    stop,
  };
}

function configOf({ jobs = [], rules, scrapeMs = scrapeIntervalMs }: PrometheusOptions): object {
  const interval = `${scrapeMs}ms`;
  return {
    global: { scrape_interval: interval, scrape_timeout: interval },
    ...(rules === undefined ? {} : { rule_files: [rules] }),
    scrape_configs: jobs.map(({ name, url, labels }) => ({
      job_name: name,
      metrics_path: new URL(url).pathname,
      static_configs: [{ targets: [new URL(url).host], labels: labels ?? {} }],
    })),
  };
}

async function isReady(url: string): Promise<boolean> {
  try {
    // With authentication it answers 401, and is up.
    return [200, 401].includes((await fetch(`${url}/-/ready`)).status);
  } catch {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return false;
  }
}

async function ask(url: string, expression: string, at: number | undefined): Promise<readonly HandSample[]> {
  const parameters = new URLSearchParams({ query: expression, ...(at === undefined ? {} : { time: String(at) }) });
  const answer = await fetch(`${url}/api/v1/query?${parameters.toString()}`);
  const { data } = (await answer.json()) as {
    data?:
      | { resultType: 'vector'; result: readonly { metric: Record<string, string>; value: [number, string] }[] }
      | { resultType: 'scalar'; result: [number, string] };
  };
  if (data === undefined) throw new Error(`the query by hand failed: ${expression}`);
  const samples = data.resultType === 'scalar' ? [{ metric: {}, value: data.result }] : data.result;
  return samples.map(({ metric, value }) => ({ metric, value: Number(value[1].replace('Inf', 'Infinity')) }));
}

import { openLab, type Lab } from '../../support/lab.js';
import { json, startHttpControlPlane, type HttpControlPlane } from '../../support/http-control-plane.js';
import type { JsonObject, Ran } from '../../support/world.js';
import type { Ground, Trial, UnitOutcome } from '../trial.js';

/** What no terminal may get: controls (but line feeds), direction marks, what has no width, tags. */
const raw =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\u{e0000}-\u{e0fff}]/u;
const colours = /\u001b\[[0-9;]*m/g;

const pieces = [
  ...'\u0000\u0007\b\t\n\u000b\r\u001b\u007f\u0085\u009b\u009d\u00ad\u061c\u200b\u200e\u2028\u202e\u2066\u2069\ufeff'.split(
    '',
  ),
  '\u001b[31m',
  '\u001b[2J\u001b[H',
  '\u001b]0;owned\u0007',
  '\u001b]8;;http://127.0.0.1/\u001b\\',
  '\u001bP$q"p\u001b\\',
  '\u009b?1049h',
  '\r\n\r\n::error::owned',
  '\u{e0041}',
  '</script><script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '$(touch PWNED)',
  '`id`',
  '"\\"',
  '%0a::warning::',
  ']]>',
  '=1+1',
  '|',
  '__proto__',
  '日本',
  'é',
  '😀',
  'api',
  ' ',
] as const;

const stringsInUnit = 400;
const storedInUnit = 180;

/** A text that does harm where it is shown as it is. */
function nasty(chance: () => number): string {
  const length = 1 + Math.floor(chance() * 5);
  return Array.from({ length }, () => pieces[Math.floor(chance() * pieces.length)]).join('');
}

/** What is shown where, and what has to be in it. */
interface Show {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Looks at the parsed JSON of a command that ended well; what is missing of it. */
  readonly exact?: (document: JsonObject) => boolean;
}

const forms: readonly (readonly string[])[] = [[], ['--json'], ['-o', 'yaml'], ['--debug']];

/** One command in each form, as a pipe and on a terminal with colours. */
async function looked({ world }: Lab, show: Show, tally: { outputs: number }): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const form of [...forms, 'terminal'] as const) {
    const { env, stdin } = show;
    const args = [...(form === 'terminal' ? ['--color', 'always'] : form), '--timeout', '2s', ...show.args];
    const ran = await world.main(args, {
      ...(env === undefined ? {} : { env }),
      ...(stdin === undefined ? {} : { stdin }),
      ...(form === 'terminal' ? { columns: 80 } : {}),
    });
    tally.outputs += 1;
    const fault = wrongWith(ran, form === 'terminal', form[0] === '--json' ? show : null);
    if (fault !== null) faults.push(`rlctl ${JSON.stringify(args)} ${JSON.stringify(env ?? {})}: ${fault}`);
  }
  return faults;
}

function wrongWith({ code, out, err }: Ran, isTerminal: boolean, asJson: Show | null): string | null {
  const text = isTerminal ? (out + err).replaceAll(colours, '') : out + err;
  const found = raw.exec(text);
  if (found !== null)
    return `a raw ${JSON.stringify(found[0])} in ${JSON.stringify(text.slice(0, found.index + 1).slice(-60))}`;
  if (code === 1) return `ended 1: ${err}`;
  if (asJson === null || ![0, 3, 8].includes(code)) return null;
  try {
    const document = JSON.parse(out) as JsonObject;
    return asJson.exact?.(document) === false
      ? `the JSON does not give back the exact text: ${out.slice(0, 400)}`
      : null;
  } catch (error) {
    return `its JSON cannot be parsed: ${String(error)}`;
  }
}

const same = (value: unknown, expected: unknown): boolean => JSON.stringify(value) === JSON.stringify(expected);

/** Everything that shows what somebody else stored, wrote or configured. */
function shows(words: readonly string[], prefixes: readonly string[], files: Record<string, string>): readonly Show[] {
  const [word = '', reason = '', other = ''] = words;
  const key = prefixes[0] ?? '';
  const evil = { RLCTL_ACTOR: word };
  return [
    {
      args: ['override', 'list'],
      exact: ({ overrides }) =>
        same(
          (overrides as readonly { prefix: string }[]).map(({ prefix }) => prefix),
          prefixes,
        ),
    },
    { args: ['override', 'list', '-o', 'ndjson'] },
    { args: ['override', 'get', '--', key], exact: ({ prefix }) => prefix === key },
    { args: ['override', 'dump'] },
    { args: ['override', 'lint'] },
    { args: ['override', 'lint', '--github'] },
    { args: ['override', 'lint', '--sarif'] },
    { args: ['override', 'diff', '-f', '-'], stdin: `{${JSON.stringify(other)}:{"rate":1}}` },
    { args: ['override', 'plan', '-f', '-'], stdin: `{${JSON.stringify(other)}:{"rate":1}}` },
    { args: ['override', 'apply', '-f', '-'], stdin: `overrides:\n  - prefix: ${other}\n` },
    { args: ['override', 'set', '/api/x', '--rate', '9', '--reason', reason, '--ticket', other], env: evil },
    { args: ['override', 'unset', '--dry-run', '--', key] },
    { args: ['override', 'set', word, '--rate', '1', '--dry-run'] },
    { args: ['override', 'history'] },
    { args: ['audit', 'log'] },
    { args: ['audit', 'verify'] },
    { args: ['policy', 'explain', '--bucket', 'read', '--', word], exact: ({ route }) => route === word },
    { args: ['policy', 'get', '--bucket', word, '/api'] },
    { args: ['policy', 'test', '-f', files['tests'] ?? '', '--junit'] },
    { args: ['runbook', 'lint', files['runbook'] ?? ''] },
    { args: ['rollout', 'start', '-f', files['plan'] ?? '', '--dry-run'] },
    { args: ['verify'] },
    { args: ['shadow', 'list'] },
    { args: ['incident', 'note', word] },
    { args: ['-e', word, 'status'] },
    { args: [word] },
    { args: ['override', word] },
    { args: ['override', 'list', `--${word}`] },
    { args: ['--config', word, 'env', 'list'] },
    { args: ['env', 'list'], env: { RLCTL_OUTPUT: word } },
    { args: ['reload'], env: { RLCTL_SIGNING: word } },
    { args: ['override', 'list'], env: { RLCTL_REDIS_URL: `redis://${word}` } },
    // What a server says.
    { args: ['-e', 'api', 'reload'] },
    { args: ['-e', 'api', 'policy', 'get', '/api', '--bucket', 'read'] },
    { args: ['-e', 'api', 'verify'] },
    { args: ['-e', 'api', 'status'] },
    { args: ['-e', 'api', 'fleet', 'status'] },
    { args: ['-e', 'prom', 'decisions', 'show'] },
  ];
}

/** A server that says such texts in every field of every kind of answer. */
function behave(server: HttpControlPlane, words: readonly string[], chance: () => number): void {
  const word = (): string => words[Math.floor(chance() * words.length)] ?? '';
  // A header holds Latin-1 without controls of ASCII; those of C1 pass.
  const header = (): string => word().replaceAll(/[^ -~\u0080-\u00ff]/gu, '\u009b');
  const error = (): unknown => ({
    ok: false,
    detail: word(),
    error: word(),
    code: word(),
    status: 'error',
    errorType: word(),
  });
  const policy = (): unknown => ({
    bucket: word(),
    rate_per_min: 60,
    burst: 10,
    window_s: 60,
    shadow: false,
    matched_override: word(),
    active_overrides: [word(), word()],
  });
  const reload = (): unknown => ({
    ok: true,
    enabled: true,
    shadow: false,
    bucket_shadows: { [word()]: true },
    policy_overrides_count: 2,
    overrides: [word(), word()],
  });
  const series = (): unknown => ({
    status: 'success',
    warnings: [word()],
    data: {
      resultType: 'matrix',
      result: [{ metric: { bucket: word(), action: 'block', instance: word() }, values: [[1_700_000_000, '1']] }],
    },
  });
  server.behave((request, response, socket) => {
    const headers = { 'X-Site-Mode': header(), Server: header(), 'Retry-After': header() };
    const kind = chance();
    if (kind < 0.1) {
      response.writeHead(200, { ...headers, 'Content-Type': 'text/html' }).end(`<title>${word()}</title>${word()}`);
    } else if (kind < 0.4)
      json([403, 401, 404, 429, 500][Math.floor(chance() * 5)] ?? 403, error(), headers)(request, response, socket);
    else if (request.url.includes('/api/v1/')) json(200, series(), headers)(request, response, socket);
    else json(200, request.method === 'POST' ? reload() : policy(), headers)(request, response, socket);
  });
}

/** Where such texts stand in files of the operator's colleagues. */
async function writeFiles({ world }: Lab, words: readonly string[]): Promise<Record<string, string>> {
  const [one, two, three, four] = words;
  return {
    tests: await world.write(
      'tests.yaml',
      JSON.stringify({ tests: [{ name: one, route: two, bucket: three, expect: { rate: 1, prefix: four } }] }),
    ),
    runbook: await world.write(
      'runbook.yaml',
      JSON.stringify({
        name: one,
        summary: two,
        inputs: { [three ?? '']: {} },
        steps: [{ id: four, run: one, [two ?? '']: 3 }],
      }),
    ),
    plan: await world.write(
      'plan.yaml',
      JSON.stringify({ name: one, stages: [{ name: two, enforce: [three], gates: { [four ?? '']: 1 } }] }),
    ),
  };
}

async function unit(lab: Lab, server: HttpControlPlane, chance: () => number): Promise<UnitOutcome> {
  const words = [...new Set(Array.from({ length: stringsInUnit }, () => nasty(chance)))];
  const prefixes = words.slice(0, storedInUnit);
  await lab.redis.cli('FLUSHALL');
  await lab.store(
    `{${prefixes.map((prefix, at) => `${JSON.stringify(prefix)}:{"rate":5,"note":${JSON.stringify(words[storedInUnit + at] ?? '')}}`).join(',')}}`,
  );
  behave(server, words, chance);
  const tally = { outputs: 0 };
  const faults: string[] = [];
  for (const show of shows(words.slice(-20), prefixes, await writeFiles(lab, words.slice(-24))))
    faults.push(...(await looked(lab, show, tally)));
  return { counts: { 'hostile texts': words.length, 'outputs looked at': tally.outputs }, faults };
}

async function open(): Promise<Ground> {
  const lab = await openLab();
  const server = await startHttpControlPlane();
  const { origin } = server;
  const environments = {
    lab: lab.environment,
    api: { ...lab.environment, api: origin, siteMode: 'prod' },
    prom: { ...lab.environment, prometheus: origin },
  };
  await lab.world.config('lab.yaml', { current: 'lab', environments });
  return {
    unit: (_index, chance) => unit(lab, server, chance),
    close: async () => {
      await server.stop();
      await lab.stop();
      return { counts: {}, faults: [] };
    },
  };
}

export const hostileText: Trial = {
  name: 'hostile-text',
  about:
    'texts with escapes, controls and marks of direction in every field that comes from outside: no output holds one as ' +
    'it is, and JSON gives back the exact text',
  units: 290,
  quick: 1,
  least: { 'hostile texts': 100_000, 'outputs looked at': 52_000 },
  open,
};

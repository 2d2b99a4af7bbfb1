import { isRecord } from './domain/json.js';
import type { JsonValue } from './domain/json.js';
import type { Invoked } from './context.js';
import type { Host, OutputStream } from './ports/host.js';

/** Runs a whole command line whose output is kept instead of shown: it is no terminal's, and nobody can be asked. */
export async function invoke(host: Host, run: (host: Host) => Promise<number>): Promise<Invoked> {
  const said = { out: '', err: '' };
  const stream = (name: keyof typeof said): OutputStream => ({
    isTTY: false,
    columns: undefined,
    write: (text) => {
      said[name] += typeof text === 'string' ? text : Buffer.from(text).toString('utf8');
      return Promise.resolve();
    },
  });
  const stdin = { isTTY: false, readAll: () => Promise.resolve(Buffer.alloc(0)) };
  const exitCode = await run({ ...host, stdin, stdout: stream('out'), stderr: stream('err') });
  return { exitCode, document: jsonIn(said.out), error: errorIn(said.err, exitCode) };
}

/** `null`: it is no JSON. */
function jsonIn(text: string): JsonValue | null {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return null;
  }
}

/** The last line that is an error object; `null`: there is none. */
function errorIn(text: string, exitCode: number): Invoked['error'] {
  const last = text.split('\n').findLast((line) => line.startsWith('{"error":'));
  const found = last === undefined ? null : jsonIn(last);
  const error = isRecord(found) ? found['error'] : null;
  if (!isRecord(error)) return null;
  const { code, message, hint } = error;
  return {
    code: typeof code === 'string' ? code : 'UNEXPECTED',
    message: typeof message === 'string' ? message : '',
    hint: typeof hint === 'string' ? hint : null,
    exitCode,
  };
}

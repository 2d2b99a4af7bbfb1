import { raw } from 'jq-wasm';
import { usageError } from '../domain/errors.js';
import { compileSimply } from '../webassembly.js';

const causeOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error))
    .replace(/^(?:Failed to execute raw query: )?/, '')
    .split('\n')[0] ?? '';

/** Compiles a jq program without running it; throws a usage error that says what is wrong, before anything is sent. */
export async function checkJq(program: string): Promise<void> {
  const end = compileSimply();
  try {
    await raw({}, `empty | (${program}\n)`, []);
  } catch (error) {
    throw usageError(
      `--jq: the program does not compile: ${causeOf(error)}`,
      'Try it by hand: rlctl … --json | jq PROGRAM',
      'JQ_PROGRAM',
    );
  } finally {
    end();
  }
}

/** Runs a jq program over a document; texts come out raw, one output a line. Throws where the program fails on this data. */
export async function runJq(document: object, program: string): Promise<string> {
  try {
    const text = await raw(document, program, ['-r']);
    return text === '' ? '' : `${text}\n`;
  } catch (error) {
    throw usageError(
      `--jq: the program fails on this result: ${causeOf(error)}`,
      'Look at the document with --json first.',
      'JQ_PROGRAM',
    );
  }
}

import { isatty } from 'node:tty';
import { RlctlError } from '../../domain/errors.js';
import type { Host, OutputStream } from '../../ports/host.js';

/** What becomes of a failed write that is not for want of a reader. */
type OnFault = 'throw' | 'ignore';

/** Wraps a process stream. A reader that has gone away (EPIPE) is silence. */
function output(stream: NodeJS.WriteStream & { fd: number }, onFault: OnFault): OutputStream {
  const state = { isGone: false, fault: null as NodeJS.ErrnoException | null };
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') state.isGone = true;
    else state.fault = error;
  });
  return {
    isTTY: isatty(stream.fd),
    get columns() {
      return stream.isTTY ? stream.columns : undefined;
    },
    get rows() {
      return stream.isTTY ? stream.rows : undefined;
    },
    get isGone() {
      return state.isGone;
    },
    onGone: (listener) => {
      const gone = (): void => {
        state.isGone = true;
        listener();
      };
      const stop = new AbortController();
      stream.once('close', gone);
      // Loaded only here: starting programs takes Node a while to learn.
      void import('./reader.js').then(({ watchReader }) => watchReader(stream.fd, gone, stop.signal));
      return () => {
        stream.off('close', gone);
        stop.abort();
      };
    },
    onResize: (listener) => {
      stream.on('resize', listener);
      return () => void stream.off('resize', listener);
    },
    write: (text) =>
      new Promise((resolve, reject) => {
        if (state.isGone) return resolve();
        if (state.fault) return onFault === 'throw' ? reject(unwritten(state.fault)) : resolve();
        stream.write(text, (error) => {
          if (!error || onFault === 'ignore' || (error as NodeJS.ErrnoException).code === 'EPIPE') resolve();
          else reject(unwritten(error));
        });
        return undefined;
      }),
  };
}

function unwritten(error: NodeJS.ErrnoException): RlctlError {
  return new RlctlError('unexpected', `the output could not be written (${error.code ?? error.message})`, {
    code: 'OUTPUT_FAILED',
    hint: 'Give stdout a place that takes it (is the disk full?), and run the command again.',
  });
}

/** Passes everything that reaches the process's two streams through the redactor, whoever writes it. */
export function guardProcessStreams(redactor: {
  redact(text: string): string;
  redactBytes(bytes: Uint8Array): Uint8Array;
}): void {
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean;
    stream.write = (chunk: unknown, ...rest: unknown[]): boolean => {
      const safe = typeof chunk === 'string' ? redactor.redact(chunk) : redactor.redactBytes(chunk as Uint8Array);
      return write(safe, ...rest);
    };
  }
}

/** The real process. */
export function processHost(): Host {
  return {
    cwd: process.cwd(),
    env: process.env,
    stdin: {
      // Asking the descriptor does not open the stream, which would take time and hold the process.
      isTTY: isatty(0),
      readAll: async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
        return Buffer.concat(chunks);
      },
    },
    stdout: output(process.stdout, 'throw'),
    // Nobody can be told that nobody can be told: it must not stop a change halfway, nor hide what it came to.
    stderr: output(process.stderr, 'ignore'),
    onSignal: (listener) => {
      const onInterrupt = (): void => listener('SIGINT');
      const onTerminate = (): void => listener('SIGTERM');
      process.on('SIGINT', onInterrupt).on('SIGTERM', onTerminate);
      return () => {
        process.off('SIGINT', onInterrupt).off('SIGTERM', onTerminate);
      };
    },
    // Node would print such an error itself, past the redactor, with all that the library had in its hands.
    onFault: (listener) => {
      process.on('uncaughtException', listener);
      return () => void process.off('uncaughtException', listener);
    },
    leave: (code) => {
      // The one place that does not wait for output: the operator asked twice, or what would write it is broken.
      process.exit(code);
    },
  };
}

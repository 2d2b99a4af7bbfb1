import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

type Document = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What the instances hold, and which of them behave badly, by index. */
export interface FleetBehaviour {
  readonly document: Document;
  /** What stale and deaf ones hold; absent: nothing. */
  readonly before?: Document;
  readonly stale?: readonly number[];
  /** Accept a reload and keep what they hold. */
  readonly deaf?: readonly number[];
  /** Have another secret, and so refuse every signature. */
  readonly foreign?: readonly number[];
  readonly hanging?: readonly number[];
  readonly dead?: readonly number[];
  /** Milliseconds, by index: so long the first answer on each connection takes. */
  readonly slow?: Readonly<Record<number, number>>;
  /** Buckets in shadow by their own settings, by index. */
  readonly shadows?: Readonly<Record<number, readonly string[]>>;
}

export interface RunningFleet {
  readonly origins: readonly string[];
  /** Signed reloads that each has accepted so far; one that was not stale starts with 1. */
  reloads(this: void): Promise<readonly number[]>;
  /** Requests that have arrived at each so far. */
  requests(this: void): Promise<readonly number[]>;
  /** Reloads that each has refused so far. */
  refused(this: void): Promise<readonly number[]>;
  /** What a reload gives the instances from now on. */
  follow(this: void, document: Document): Promise<void>;
  /** Which of them have another secret from now on. */
  estrange(this: void, foreign: readonly number[]): Promise<void>;
  stop(this: void): Promise<void>;
}

export const fleetSecret = 'fleet-secret';

/** Starts `count` instances in one process of their own. */
export async function startFleet(count: number, behaviour: FleetBehaviour, namespace = 'lab'): Promise<RunningFleet> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'fleet-server.mjs'), String(count), fleetSecret, namespace],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async <T>(command: object): Promise<T> => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    const { value } = (await lines.next()) as { value: string };
    return JSON.parse(value) as T;
  };
  const { origins } = await ask<{ origins: readonly string[] }>(behaviour);
  return {
    origins,
    reloads: async () => (await ask<{ reloads: readonly number[] }>({})).reloads,
    requests: async () => (await ask<{ requests: readonly number[] }>({})).requests,
    refused: async () => (await ask<{ refused: readonly number[] }>({})).refused,
    follow: async (document) => void (await ask<object>({ document })),
    estrange: async (foreign) => void (await ask<object>({ foreign })),
    stop: async () => {
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.stdin.end();
      await ended;
    },
  };
}

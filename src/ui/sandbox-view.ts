import { counted } from '../domain/counted.js';
import { shellWord } from '../domain/shell-words.js';
import { term } from './term.js';
import type { View } from './view.js';

export interface SandboxFacts {
  readonly origin: string;
  readonly basePath: string;
  readonly redisUrl: string;
  readonly redisKind: string;
  readonly namespace: string;
  readonly envFile: string;
}

const redisInWords: Readonly<Record<string, string>> = { embedded: 'embedded, as redis-server is not on PATH' };

/** A sandbox that is ready, and what to do with it. */
export function sandboxView(
  sandbox: SandboxFacts,
  options: {
    readonly dialect: string;
    readonly workers: number;
    readonly trafficPerSecond: number;
    readonly stateHome: string | null;
    readonly isRedisGiven: boolean;
  },
): View {
  const rlctl = options.stateHome === null ? 'rlctl' : `XDG_STATE_HOME=${term(shellWord(options.stateHome))} rlctl`;
  const { origin, basePath, redisUrl, redisKind, namespace, envFile } = sandbox;
  return {
    kind: 'Sandbox',
    data: {
      environment: 'sandbox',
      origin,
      basePath,
      redisUrl,
      redisKind,
      namespace,
      envFile,
      dialect: options.dialect,
      workers: options.workers,
      trafficPerSecond: options.trafficPerSecond,
    },
    human: (theme) =>
      [
        `${theme.good('ready')}  ${options.dialect} control plane, ${counted(options.workers, 'worker')}${options.trafficPerSecond > 0 ? `, ${options.trafficPerSecond} requests/s` : ''}`,
        `  API      ${origin}${basePath}`,
        `  Redis    ${term(redisUrl)} (${redisInWords[redisKind] ?? redisKind}), namespace ${term(namespace)}`,
        `  Env file ${term(envFile)}`,
        '',
        'In another terminal:',
        `  ${rlctl} -e sandbox override set /api/search --rate 120 --burst 20`,
        `  ${rlctl} -e sandbox policy explain /api/search/items`,
        `  ${rlctl} -e sandbox override undo`,
        '',
        theme.dim(`Ctrl-C ends it; ${options.isRedisGiven ? 'its keys stay in that Redis' : 'nothing of it is left'}.`),
      ].join('\n'),
  };
}

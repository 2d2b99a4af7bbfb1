import type { RedisOptions } from 'ioredis';
import { revealSecret } from '../../domain/secret.js';
import type { CommandWords } from './link-types.js';
import type { Endpoint, RedisTarget } from './redis-url.js';

/** One attempt, no repair: nothing is tried again, queued or sent a second time behind our back. */
export const fixedOptions = {
  lazyConnect: true,
  retryStrategy: null,
  maxRetriesPerRequest: 0,
  enableReadyCheck: false,
  enableOfflineQueue: false,
  disableClientInfo: true,
  protocol: 2,
  disconnectTimeout: 1,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
} as const satisfies RedisOptions;

/** The name a certificate must carry; an address is checked as an address, and has no SNI. */
export function serverIdentity(endpoint: Endpoint): { servername?: string } {
  return 'host' in endpoint && /[a-z]/i.test(endpoint.host) && !endpoint.host.includes(':')
    ? { servername: endpoint.host }
    : {};
}

/** AUTH and SELECT are sent by hand: the library would spend a round trip on each, and print warnings of its own. */
export function loginCommands(target: RedisTarget): CommandWords[] {
  const commands: CommandWords[] = [];
  if (target.password) {
    const password = revealSecret(target.password);
    commands.push(target.username === null ? ['AUTH', password] : ['AUTH', target.username, password]);
  }
  if (target.database !== 0) commands.push(['SELECT', String(target.database)]);
  return commands;
}

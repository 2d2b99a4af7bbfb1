import type { Environment } from '../domain/config/environment.js';
import { addressed } from '../domain/printed-command.js';
import { shellWord } from '../domain/shell-words.js';
import type { RecordedDump } from '../procedures/override/recorded-dump.js';
import { pasted } from './pasted.js';
import { term } from './term.js';
import type { View } from './view.js';

/** Where a dump belongs, and the command for the Redis that it came from. */
export interface DumpPlace {
  readonly key: string;
  /** `redis-cli -h … -p …`, with these words behind it. */
  readonly redisCli: (...words: string[]) => string;
}

/** A key of another type that a change replaced: in a pipe what RESTORE takes, for people how to get it back. */
export function dumpedKeyView({ changeId, bytes }: RecordedDump, environment: Environment, place: DumpPlace): View {
  const aside = `${place.key}:replaced`;
  const print = addressed(`rlctl override history --dump ${changeId}`, environment.address);
  const steps = {
    look: `${print} | ${place.redisCli('-x', 'RESTORE', aside, '0')}`,
    type: place.redisCli('TYPE', aside),
    putBack: place.redisCli('RENAME', aside, place.key),
    remove: place.redisCli('DEL', aside),
  };
  return {
    kind: 'ReplacedKey',
    data: {
      environment: environment.name,
      changeId,
      key: place.key,
      base64: Buffer.from(bytes).toString('base64'),
      steps,
    },
    raw: bytes,
    human: () =>
      [
        `what stood under ${term(shellWord(place.key))} before the change ${term(changeId)} replaced it: ${bytes.length} bytes, as DUMP gave them`,
        'to look at it, under a key of its own (the same version of Redis or a later one):',
        pasted(`  ${term(steps.look)}`),
        pasted(`  ${term(steps.type)}`),
        'then either remove it again, or put it back, where no server can read it and the next reload drops every override:',
        pasted(`  ${term(steps.remove)}`),
        pasted(`  ${term(steps.putBack)}`),
      ].join('\n'),
  };
}

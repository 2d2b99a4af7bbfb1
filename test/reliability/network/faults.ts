import type { FaultRule } from '../../support/fault-proxy.js';

/** What a fault leaves of a connection: it works, only worse; it is lost; something else answers. */
export type FaultKind = 'slow' | 'lost' | 'lie';

export interface NetworkFault {
  readonly name: string;
  readonly kind: FaultKind;
  /** Nobody can be reached after it, whatever the rule says of how often. */
  readonly isFinal?: boolean;
  /** Its parameters, by chance; `mostMs` is more than a command under trial has. */
  rule(this: void, chance: () => number, mostMs: number): Omit<FaultRule, 'at' | 'containing' | 'times'>;
}

const upTo = (most: number, chance: () => number): number => Math.floor(chance() * (most + 1));

/** Answers of something that is neither Redis nor HTTP, or the wrong one of the two. */
const lies = [
  'HTTP/1.1 400 Bad Request\r\n\r\n',
  '\u0015\u0003\u0001\u0000\u0002\u0002F',
  'SSH-2.0-OpenSSH_9.2\r\n',
  '@@@\r\n',
];

/** Nine as proxies for such trials have them, and eight more. */
export const networkFaults: readonly NetworkFault[] = [
  { name: 'latency', kind: 'slow', rule: (chance) => ({ action: 'latency', delayMs: 5 + upTo(40, chance) }) },
  {
    name: 'bandwidth',
    kind: 'slow',
    rule: (chance) => ({ action: 'bandwidth', bytesPerSecond: 20_000 + upTo(40_000, chance) }),
  },
  {
    name: 'slicer',
    kind: 'slow',
    rule: (chance) => ({ action: 'slicer', bytes: 64 + upTo(400, chance), delayMs: upTo(3, chance) }),
  },
  { name: 'reset', kind: 'lost', rule: () => ({ action: 'reset' }) },
  { name: 'half-close', kind: 'lost', rule: () => ({ action: 'halfClose' }) },
  { name: 'black hole', kind: 'lost', rule: () => ({ action: 'silence' }) },
  { name: 'data limit', kind: 'lost', rule: (chance) => ({ action: 'limit', bytes: upTo(300, chance) }) },
  { name: 'slow close', kind: 'slow', rule: (chance) => ({ action: 'slowClose', delayMs: 100 + upTo(900, chance) }) },
  { name: 'cut', kind: 'lost', rule: (chance) => ({ action: 'cut', bytes: upTo(200, chance) }) },
  { name: 'cut, then FIN', kind: 'lost', rule: (chance) => ({ action: 'cutClose', bytes: upTo(200, chance) }) },
  { name: 'FIN', kind: 'lost', rule: () => ({ action: 'close' }) },
  { name: 'half, then silence', kind: 'lost', rule: () => ({ action: 'half' }) },
  { name: 'half, then reset', kind: 'lost', rule: () => ({ action: 'halfReset' }) },
  { name: 'refused', kind: 'lost', isFinal: true, rule: () => ({ action: 'refuse' }) },
  {
    name: 'refused for a moment',
    kind: 'lost',
    rule: (chance) => ({ action: 'refuse', delayMs: 100 + upTo(200, chance) }),
  },
  { name: 'too late', kind: 'lost', rule: (_, mostMs) => ({ action: 'delay', delayMs: mostMs }) },
  {
    name: 'somebody else answers',
    kind: 'lie',
    rule: (chance) => ({ action: 'garbage', text: lies[upTo(lies.length - 1, chance)] ?? '' }),
  },
];

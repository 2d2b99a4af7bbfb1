import type { FaultRule } from '../../support/fault-proxy.js';

/** Which of the three a fault stands before. */
export type Part = 'redis' | 'api' | 'prometheus';

export type Spoil = Omit<FaultRule, 'at' | 'containing' | 'times'>;

/** What the text of the write is known by: the reason stands in it and nowhere before. */
export const mark = 'marked-by-the-trial';

/**
 * How far a command has come when the fault strikes. Of a change: `before` anything was sent that changes something, `writing`,
 * `lookedUp` after a lost answer, `copied`: waiting for replicas, `reloaded`, `proven`. Of what changes nothing: `asking`; and
 * `requested`, where another try is part of the command.
 */
export type Phase = 'before' | 'writing' | 'lookedUp' | 'copied' | 'reloaded' | 'proven' | 'asking' | 'requested';

export interface NetworkStep {
  readonly name: string;
  readonly part: Part;
  readonly command: 'set' | 'reload' | 'show';
  /** How Redis is used; absent: by a user who may do everything, without replicas. */
  readonly redis?: 'noEval' | 'replicated';
  /** The rules that spoil it, `times` times. */
  rules(this: void, spoil: Spoil, times: number): readonly FaultRule[];
  /** The rules that count from when this one has struck; absent: from the start. */
  readonly from?: FaultRule;
  /** What has been done by the time the fault strikes. */
  readonly phase: Phase;
}

const at = (place: 'connect' | 'request' | 'reply', containing?: string): NetworkStep['rules'] => {
  return (spoil, times) => [{ ...spoil, at: place, times, ...(containing === undefined ? {} : { containing }) }];
};

/** The answer to the write is lost: from then on the fault meets whoever looks for it. */
const lost = (word: string): FaultRule => ({ at: 'reply', containing: word, action: 'reset' });

const read = 'GETRANGE';
/** The command itself, and not its name inside the script that is refused before. */
const added = '\nXADD\r\n';
const question = 'GET /internal/rate-limit/policy';
const reload = 'POST /internal/config/reload';
/** It harms nothing, and tells that the reload was answered. */
const reloaded: FaultRule = { at: 'reply', containing: reload, action: 'latency', delayMs: 0 };

const redisStep = (
  name: string,
  phase: NetworkStep['phase'],
  rules: NetworkStep['rules'],
  more: Pick<NetworkStep, 'redis' | 'from'> = {},
): NetworkStep => ({ name, part: 'redis', command: 'set', phase, rules, ...more });

const apiStep = (
  name: string,
  command: 'set' | 'reload',
  phase: NetworkStep['phase'],
  rules: NetworkStep['rules'],
  from?: FaultRule,
): NetworkStep => ({ name, part: 'api', command, phase, rules, ...(from === undefined ? {} : { from }) });

/** Every step of a change, of a reload and of a question about metrics at which the network can fail. */
export const networkSteps: readonly NetworkStep[] = [
  redisStep('connecting', 'before', at('connect')),
  redisStep('reading: question', 'before', at('request', read)),
  redisStep('reading: answer', 'before', at('reply', read)),
  redisStep('writing: script', 'writing', at('request', mark)),
  redisStep('writing: its answer', 'writing', at('reply', mark)),
  redisStep('looking for a lost answer', 'lookedUp', at('connect'), { from: lost(mark) }),
  redisStep('writing: transaction', 'writing', at('request', added), { redis: 'noEval' }),
  redisStep('writing: its answer to EXEC', 'writing', at('reply', added), { redis: 'noEval' }),
  redisStep('looking for a lost transaction', 'lookedUp', at('connect'), { redis: 'noEval', from: lost(added) }),
  redisStep('waiting for replicas: question', 'copied', at('request', 'WAIT'), { redis: 'replicated' }),
  redisStep('waiting for replicas: answer', 'copied', at('reply', 'WAIT'), { redis: 'replicated' }),
  apiStep('change: connecting', 'set', 'before', at('connect')),
  apiStep('change: looking before', 'set', 'before', at('request', question)),
  apiStep('change: what was seen before', 'set', 'before', at('reply', question)),
  apiStep('change: reload', 'set', 'reloaded', at('request', reload)),
  apiStep('change: answer to the reload', 'set', 'reloaded', at('reply', reload)),
  apiStep('change: proof', 'set', 'proven', at('request', question), reloaded),
  apiStep('change: what is seen after', 'set', 'proven', at('reply', question), reloaded),
  apiStep('reload: connecting', 'reload', 'asking', at('connect')),
  apiStep('reload: request', 'reload', 'requested', at('request', reload)),
  apiStep('reload: answer', 'reload', 'requested', at('reply', reload)),
  { name: 'metrics: connecting', part: 'prometheus', command: 'show', phase: 'asking', rules: at('connect') },
  { name: 'metrics: question', part: 'prometheus', command: 'show', phase: 'asking', rules: at('request', '/query') },
  { name: 'metrics: answer', part: 'prometheus', command: 'show', phase: 'asking', rules: at('reply', '/query') },
];

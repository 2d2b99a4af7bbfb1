import type { NetworkFault } from './faults.js';
import type { NetworkStep, Spoil } from './steps.js';

/** Exit codes that are right, each with what `error.code` may be then; `null`: there is no error. */
export type Right = ReadonlyMap<number, RegExp | null>;

interface Case {
  readonly step: NetworkStep;
  readonly fault: NetworkFault;
  readonly spoil: Spoil;
  /** How often it strikes. */
  readonly times: number;
}

const done: readonly [number, null] = [0, null];
const unproven: readonly [number, null] = [8, null];
const unknown: readonly [number, RegExp] = [9, /^OUTCOME_UNKNOWN$/];
const notApplied: readonly [number, RegExp] = [7, /^DEADLINE$/];

/** What a fault is called where nothing else can be said. */
const words: Readonly<Record<Spoil['action'], RegExp>> = {
  ...sameFor(['reset', 'halfReset'], /^(REDIS_CONNECTION_LOST|\w+_(RESET|TRUNCATED))$/),
  ...sameFor(['close', 'halfClose', 'cut', 'cutClose'], /^(REDIS_CONNECTION_LOST|\w+_(RESET|TRUNCATED))$/),
  ...sameFor(['limit'], /^(REDIS_(CONNECTION_LOST|SILENT)|\w+_(RESET|TRUNCATED|TIMEOUT))$/),
  ...sameFor(['silence', 'half', 'delay'], /^(REDIS_SILENT|\w+_TIMEOUT|DEADLINE)$/),
  // The connection that was open is reset before the next one is refused.
  ...sameFor(['refuse'], /^(REDIS_CONNECTION_LOST|\w+_(RESET|TRUNCATED|UNREACHABLE))$/),
  ...sameFor(['garbage'], /^(REDIS_(NOT_REDIS|TLS)|\w+_(NOT_HTTP|NOT_ITS_OWN|REFUSED))$/),
  ...sameFor(['latency', 'bandwidth', 'slicer', 'slowClose'], /^never$/),
};

function sameFor(actions: readonly Spoil['action'][], word: RegExp): Record<Spoil['action'], RegExp> {
  return Object.fromEntries(actions.map((action) => [action, word])) as Record<Spoil['action'], RegExp>;
}

/** How a command must end. */
export function rightEnds(asked: Case): Right {
  const { step, fault, spoil, times } = asked;
  if (fault.kind === 'slow') return new Map([done]);
  const word = words[spoil.action];
  const failed: readonly [number, RegExp][] = [
    [7, word],
    ...(fault.kind === 'lie' ? [[4, word] as [number, RegExp]] : []),
  ];
  const isOften = times === Infinity;
  // Whoever waits in vain twice has used up its time.
  const isSlowTwice = times === 2 && isMute(spoil);
  const passes = mayPass(asked) ? [done] : [];
  switch (step.phase) {
    case 'before':
    case 'asking':
      return new Map(isOften || fault.isFinal === true ? [...failed, ...passes] : [...failed, done]);
    case 'requested':
      if (isOften || fault.isFinal === true || fault.kind === 'lie') return new Map([...failed, ...passes]);
      // Where nobody listens is not asked again.
      return new Map(isSlowTwice || spoil.action === 'refuse' ? [...failed, done] : [done]);
    case 'writing':
      if (fault.isFinal === true) return new Map([unknown]);
      // Whoever is silent twice has used up the time in which it could still have been written.
      return new Map(isOften || isMute(spoil) ? [notApplied, done] : [done]);
    case 'lookedUp':
      if (fault.isFinal === true) return new Map([unknown]);
      return new Map(isOften ? [unknown, ...passes] : isMute(spoil) ? [unknown, done] : [done]);
    case 'copied':
      return new Map([unproven, ...passes]);
    case 'reloaded':
      if (isOften || fault.isFinal === true || fault.kind === 'lie') return new Map([unproven, ...passes]);
      return new Map(isSlowTwice || spoil.action === 'refuse' ? [unproven, done] : [done]);
    case 'proven':
      if (isOften || spoil.action === 'refuse' || fault.kind === 'lie') return new Map([unproven, ...passes]);
      return new Map(isSlowTwice ? [unproven, done] : [done]);
  }
}

/** It may let a short message pass whole; and at the start of a connection there is nothing yet that could come too late. */
function mayPass({ step, spoil }: Case): boolean {
  const { action } = spoil;
  return ['limit', 'cut', 'cutClose'].includes(action) || (action === 'delay' && /connect|looking for/.test(step.name));
}

function isMute({ action }: Spoil): boolean {
  return ['silence', 'half', 'delay', 'limit'].includes(action);
}

import { setFlagsFromString } from 'node:v8';

const settings = ['wasm-lazy-compilation', 'wasm-tier-up', 'wasm-dynamic-tiering'];

function turn(prefix: '' | 'no-'): void {
  setFlagsFromString(settings.map((name) => `--${prefix}${name}`).join(' '));
}

/**
 * From now until the function that it gives is called, V8 compiles WebAssembly once and simply. Otherwise it would begin at
 * once to optimise the program in other threads, and no process ends before they are done: a command would take twice as
 * long. To be ended as soon as it is compiled: V8 refuses code kept from other settings, Node's own among it.
 */
export function compileSimply(): () => void {
  turn('no-');
  return () => turn('');
}

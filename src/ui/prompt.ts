import { RlctlError } from '../domain/errors.js';
import type { Theme } from './theme.js';

/** Whether the prompt is painted. */
type Paint = Pick<Theme, 'hasColour'>;

const gone = (): RlctlError =>
  new RlctlError('guard', 'nothing was confirmed, so nothing was changed', {
    code: 'NOT_CONFIRMED',
    hint: 'Answer the question, or give --yes (on a protected environment --confirm NAME).',
  });

/** Asks y/N on stderr, No by default. Only on a terminal: the caller has checked. */
export async function askYesNo(message: string, paint: Paint): Promise<boolean> {
  const { confirm, isCancel } = await import('@clack/prompts');
  const answer = await untilEnd(confirm({ message, initialValue: false, output: outputFor(paint) }));
  if (isCancel(answer)) throw interruptedAtPrompt();
  return answer;
}

/** Asks for one of several answers on stderr; the cursor stands on the first. */
export async function askChoice<const Value extends string>(
  message: string,
  paint: Paint,
  options: readonly { readonly value: Value; readonly label: string }[],
): Promise<Value> {
  const { select, isCancel } = await import('@clack/prompts');
  const shown = options.map(({ value, label }) => ({ value: value as string, label }));
  const answer = await untilEnd(select({ message, options: shown, output: outputFor(paint) }));
  if (isCancel(answer)) throw interruptedAtPrompt();
  return answer as Value;
}

/** Asks for a text on stderr. */
export async function askText(message: string, paint: Paint): Promise<string> {
  const { text, isCancel } = await import('@clack/prompts');
  const answer = await untilEnd(text({ message, output: outputFor(paint) }));
  if (isCancel(answer)) throw interruptedAtPrompt();
  return answer ?? '';
}

function interruptedAtPrompt(): RlctlError {
  return new RlctlError('interrupted', 'interrupted at the question; nothing was changed', { code: 'INTERRUPTED' });
}

/** The prompt library never settles when its input ends; the end of input is a No. */
async function untilEnd<T>(prompt: Promise<T>): Promise<T> {
  let atEnd: (() => void) | null = null;
  const ended = new Promise<never>((_, reject) => {
    atEnd = () => reject(gone());
    process.stdin.once('end', atEnd);
  });
  try {
    return await Promise.race([prompt, ended]);
  } finally {
    if (atEnd) process.stdin.off('end', atEnd);
  }
}

/** The prompt library paints whatever the operator said of colour: what they do not want is taken out of what it writes. */
function outputFor({ hasColour }: Paint): typeof process.stderr {
  const { stderr } = process;
  if (hasColour) return stderr;
  return new Proxy(stderr, {
    get: (stream, key) => {
      if (key === 'write') return (text: string) => stream.write(text.replaceAll(paintCodes, ''));
      const value: unknown = Reflect.get(stream, key);
      return typeof value === 'function' ? (value.bind(stream) as unknown) : value;
    },
  });
}

const paintCodes = /\u001b\[[\d;]*m/g;

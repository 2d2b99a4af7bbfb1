import type { Environment } from '../domain/config/environment.js';
import { counted } from '../domain/counted.js';
import { formatDuration } from '../domain/duration.js';
import type { ClearedKey, FoundKey } from '../procedures/limiter-keys/clear.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/** More of a value is for `--json`. */
const longestValue = 400;

/** A key as it stands; `isPlan`: as it would be cleared. */
export function limiterKeyView(found: FoundKey, environment: Environment, isPlan: boolean): View {
  const said = [
    standing(found),
    ...literalRemark(found),
    ...(isPlan && found.digest !== null ? ['it would be cleared, if it still holds this'] : []),
  ];
  return viewOf(found, environment, { outcome: isPlan ? 'planned' : 'shown', said }, (theme) =>
    [...keyLines(found, theme), ...(isPlan ? [theme.dim('nothing has been removed')] : [])].join('\n'),
  );
}

/** A key that was to be cleared. */
export function clearedKeyView({ found, outcome }: ClearedKey, environment: Environment): View {
  const { what } = found.wanted;
  const ends = {
    absent: `there is no such ${what}; nothing to clear`,
    removed: 'cleared: read back, it is gone',
    retaken: `cleared; another ${what} has been set there since, and is left alone`,
    stays: 'it was cleared, and the same value stands there again',
  };
  return viewOf(found, environment, { outcome, said: [standing(found), ends[outcome]] }, (theme) => {
    const paint = outcome === 'stays' ? theme.bad : outcome === 'absent' ? theme.dim : theme.good;
    return [...keyLines(found, theme), paint(ends[outcome])].join('\n');
  });
}

function viewOf(
  { wanted, state, digest }: FoundKey,
  environment: Environment,
  { outcome, said }: { readonly outcome: string; readonly said: readonly string[] },
  human: (theme: Theme) => string,
): View {
  return {
    kind: 'LimiterKey',
    data: {
      environment: environment.name,
      what: wanted.what,
      key: wanted.key,
      isThere: state.value !== null,
      value: state.value === null ? null : Buffer.from(state.value).toString('utf8'),
      bytes: state.value?.length ?? 0,
      ttlMs: state.ttlMs,
      digest: digest ?? 'none',
      outcome,
      said,
    },
    human,
  };
}

function keyLines(found: FoundKey, theme: Theme): readonly string[] {
  const { value, ttlMs } = found.state;
  const head = `${theme.bold(found.wanted.what)}  ${term(found.wanted.subject)}  ${theme.dim(term(found.wanted.key))}`;
  if (value === null) return [head, 'there is none', ...literalRemark(found).map((remark) => theme.dim(remark))];
  const text = Buffer.from(value).toString('utf8');
  const shown = text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
  return [
    head,
    `value  ${term(shown)}`,
    `ends   ${ttlMs === null ? 'never by itself' : `by itself in ${formatDuration(ttlMs)}`}`,
  ];
}

/** Nothing is looked for by a pattern: whoever meant one is told, where nothing of that very name is there. */
function literalRemark({ wanted, state }: FoundKey): readonly string[] {
  if (state.value !== null || !/[*?[]/.test(wanted.subject)) return [];
  return ['a name is taken as it is written: *, ? and [ stand for themselves'];
}

function endText(ttlMs: number | null): string {
  return ttlMs === null ? 'never ends by itself' : `ends by itself in ${formatDuration(ttlMs)}`;
}

function standing({ wanted, state }: FoundKey): string {
  if (state.value === null) return `there is no ${wanted.what} of ${wanted.subject}`;
  return `${wanted.key} holds ${counted(state.value.length, 'byte')}; it ${endText(state.ttlMs)}`;
}

import { isRecord, isSameJson } from '../json.js';
import { holdsTrue } from '../shadow/env-file.js';
import { shellWords } from '../shell-words.js';

/** What of a rollout cannot be taken back as it stands: raw texts, `null` where there is none. */
interface InTheWay {
  readonly routes?: readonly { readonly route: string; readonly base: string | null; readonly theirs: string | null }[];
  readonly variables?: readonly {
    readonly variable: string;
    readonly base: string | null;
    readonly mine: string | null;
  }[];
}

/**
 * The command after which a rollout can be taken back, where all that stands in the way is that somebody took what it had
 * put into shadow out of it again; `null`: something else stands in the way. `bucketOf`: the bucket of a flag's variable.
 */
export function backIntoShadow(
  { routes = [], variables = [] }: InTheWay,
  bucketOf: (variable: string) => string | null,
): string | null {
  const isShadowAlone = routes.every(({ base, theirs }) => isSameJson(shadowed(theirs), base));
  const buckets = variables.map(({ variable, base, mine }) =>
    holdsTrue(base) || holdsTrue(mine) ? bucketOf(variable) : null,
  );
  if (!isShadowAlone || buckets.includes(null) || routes.length + buckets.length === 0) return null;
  const words = [...routes.flatMap(({ route }) => ['--route', route]), ...buckets.flatMap((name) => name ?? [])];
  return shellWords(['rlctl', 'shadow', 'on', ...words]);
}

/** An entry as it would stand in shadow; `null`: it is none that could. */
function shadowed(raw: string | null): string | null {
  try {
    const value: unknown = JSON.parse(raw ?? '{}');
    return isRecord(value) ? JSON.stringify({ ...value, shadow: true }) : null;
  } catch {
    return null;
  }
}

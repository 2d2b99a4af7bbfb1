import type { Grant } from '../domain/config/trust.js';
import { term } from './term.js';
import type { View } from './view.js';

export interface TrustFacts {
  readonly path: string;
  /** SHA-256 of the file's text. */
  readonly digest: string;
  readonly wasTrusted: boolean;
  /** It needs nobody's trust: it was named by hand, or is the user's own. */
  readonly isOwn: boolean;
  /** It had been trusted and was changed since. */
  readonly isChanged: boolean;
  readonly isDryRun: boolean;
  readonly grants: readonly Grant[];
}

const meanings: Readonly<Record<Grant['kind'], string>> = {
  address: 'signed requests go to',
  metrics: 'reads metrics from',
  receiver: 'tells what happens to',
  program: 'runs',
  file: 'reads the file',
  envFile: 'reads and writes the file',
  variable: 'reads the variable',
};

/** What trust in a file gives it, and whether it has it now. */
export function trustView(facts: TrustFacts): View {
  const { path, digest, wasTrusted, isOwn, isChanged, isDryRun, grants } = facts;
  return {
    kind: 'ConfigTrusted',
    data: { path, digest, isTrusted: wasTrusted || !isDryRun, wasTrusted, isOwn, isChanged, grants },
    human: (theme) =>
      [
        headline(facts),
        ...grants.map(
          ({ environment, kind, value, receivers = [] }) =>
            `  ${theme.bold(term(environment))}  ${meanings[kind]} ${term(value)}${receivers.length === 0 ? '' : ` (${receivers.map(term).join(', ')})`}`,
        ),
      ].join('\n'),
  };
}

function headline({ path, wasTrusted, isOwn, isChanged, isDryRun }: TrustFacts): string {
  if (wasTrusted && isOwn)
    return `${term(path)} needs no trust: a file that --config or RLCTL_CONFIG names, and your own, counts without; nothing was changed`;
  if (wasTrusted) return `${term(path)} is trusted already`;
  const before = isChanged ? ', which changed since you trusted it,' : '';
  return isDryRun
    ? `${term(path)}${before} is not trusted; trust would give it:`
    : `${term(path)}${before} is trusted as it is now; after any change it has to be trusted again`;
}

import type { ReloadRecord } from '../reload-record.js';

/** What was seen of a server's enforcement before; it stands until something newer is seen. */
export interface SeenEnforcement {
  /** Whether it reads overrides from Redis; `null`: not seen. */
  readonly readsOverrides: boolean | null;
  /** Whether it enforces overrides and not only shows them; `null`: not seen. */
  readonly enforcesOverrides: boolean | null;
  /** The last reload sent from here that said the limiter is off; `null`: none did. */
  readonly off: Pick<ReloadRecord, 'at'> | null;
}

/** Nothing was seen. */
export const nothingSeen: SeenEnforcement = { readsOverrides: null, enforcesOverrides: null, off: null };

/** What earlier reloads and probes showed. */
export function seenEnforcement(
  learned: Pick<SeenEnforcement, 'readsOverrides' | 'enforcesOverrides'> | null,
  reload: ReloadRecord | null,
): SeenEnforcement {
  const { readsOverrides = null, enforcesOverrides = null } = learned ?? {};
  return { readsOverrides, enforcesOverrides, off: reload?.isEnabled === false ? reload : null };
}

/** Why an override cannot be in force on such a server, as far as was seen; `null`: nothing of the kind was seen. */
export function whyUnheeded({
  readsOverrides,
  enforcesOverrides,
}: Pick<SeenEnforcement, 'readsOverrides' | 'enforcesOverrides'>): string | null {
  if (readsOverrides === false) return 'an earlier reload showed that this server does not read overrides';
  return enforcesOverrides === false ? 'it was seen before that this server does not enforce overrides' : null;
}

/** What was seen that takes enforcement away, in sentences; empty: nothing of the kind was seen. */
export function enforcementRemarks(seen: SeenEnforcement): readonly string[] {
  const off =
    seen.off === null
      ? []
      : [`the limiter was off when it was last reloaded from here, at ${seen.off.at}: nothing is enforced`];
  const why = whyUnheeded(seen);
  return why === null ? off : [...off, `${why}: the bucket’s own policy holds`];
}

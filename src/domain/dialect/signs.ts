import type { ApiEndpoint } from '../api-endpoint.js';
import type { Proof } from '../proof/proof.js';
import type { Signs } from './dialect.js';

/** The key, after the namespace, under which overrides are stored. */
const overridesKeyName = 'rl:overrides';

/** How a server was reached for a proof. */
export interface Reached {
  /** `null`: nothing answered. */
  readonly endpoint: ApiEndpoint | null;
  /** `null`: no reload was accepted. */
  readonly profile: string | null;
}

/** What one proof showed of the server's dialect: only what was seen in it, nothing that was known before. */
export function signsOf({ endpoint, profile }: Reached, { learned }: Pick<Proof, 'learned'>): Signs {
  const fresh = (name: 'readsOverrides' | 'enforcesOverrides'): boolean => learned.fresh?.includes(name) ?? false;
  return {
    ...(endpoint === null ? {} : { basePath: endpoint.basePath }),
    ...(profile === null ? {} : { profile }),
    ...(fresh('readsOverrides') ? { readsOverrides: learned.readsOverrides } : {}),
    ...(fresh('readsOverrides') && learned.readsOverrides === true ? { keyLayout: overridesKeyName } : {}),
    ...(fresh('enforcesOverrides') ? { enforcesOverrides: learned.enforcesOverrides } : {}),
    movesFlags: learned.movesFlags ?? null,
    workersSeen: learned.workersSeen ?? null,
    metricLabels: learned.metricLabels ?? null,
  };
}

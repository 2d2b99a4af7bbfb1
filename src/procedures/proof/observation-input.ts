import type { ApiEndpoint } from '../../domain/api-endpoint.js';
import type { ProbeMethod } from '../../domain/control-plane.js';
import type { Known, ProofLevel } from '../../domain/proof/proof.js';

/** What is to be seen. */
export interface ObservationInput {
  /** Where to read: every one must show the same. */
  readonly endpoints: readonly ApiEndpoint[];
  /** Why other addresses cannot be read at all; absent: there are none. */
  readonly unreachable?: readonly string[];
  /** The document as stored now; `null`: no key. */
  readonly storedBytes: Uint8Array | null;
  /** The prefixes just changed, removed ones included; empty: nothing was changed. */
  readonly changed: readonly string[];
  /** Processes behind each address, from 1; `null`: not known. */
  readonly workers: number | null;
  /** As configured, where `workers` is more because more were seen before; absent: they are the same. */
  readonly workersConfigured?: number;
  readonly levelAsked: ProofLevel;
  /** True: the level follows from a configured probe, and nobody asked for it by name. Absent: somebody did. */
  readonly isLevelImplied?: boolean;
  /** The document before the change, `null` as with `storedBytes`; absent: nothing was changed. */
  readonly bytesBefore?: Uint8Array | null | undefined;
  /** True: `changed` was not changed, only asked for. Absent: false. */
  readonly isAsked?: boolean;
  /** Why the stored document is none that the server could read, where its bytes do not say it (a key of another type). */
  readonly unreadable?: string | null;
  /** Prefixes that stood in the document before its last change and do not any more; absent: not known. */
  readonly former?: readonly string[];
  /** That what was stored is lost, and how to get it back, in sentences. Absent or `null`: it is not. */
  readonly lost?: string | null;
  /** Where nothing was changed: stored overrides that are read as often as a changed one; absent: 1. */
  readonly witnesses?: number;
  /** Real requests to make where `enforced` is asked for. */
  readonly probes: readonly Probe[];
  /** True: there are probes, and none of them reaches what was changed. Absent: false. */
  readonly hasProbesAside?: boolean;
  /** How probes ask; absent: with GET. */
  readonly probeMethod?: ProbeMethod;
  /** Probe requests at most, over all looks; absent: each probe once a look. */
  readonly maxRequests?: number;
  /** What X-Site-Mode must say; `null`: whatever it says. */
  readonly siteMode: string | null;
  /** Other prefixes to look at; absent: 50. */
  readonly samples?: number;
  /** What earlier proofs learned about this server; absent: nothing. */
  readonly known?: Known;
}

/** A real request that shows what is enforced. */
export interface Probe {
  readonly url: string;
  /** `null`: not said. */
  readonly bucket: string | null;
}

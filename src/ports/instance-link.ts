import type { Instance } from '../domain/fleet/instance.js';
import type { ControlPlane } from './control-plane.js';
import type { InstanceMetrics } from './instance-metrics.js';

/** Connections to one instance, and to nobody else. */
export interface InstanceLink {
  readonly controlPlane: ControlPlane;
  readonly metrics: InstanceMetrics;
  /** Drops every connection at once. */
  close(): void;
}

/** Opens connections to an instance; whatever is opened is closed by whoever opened it. */
export type OpenInstance = (instance: Instance) => InstanceLink;

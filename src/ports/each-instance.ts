import type { Instance } from '../domain/fleet/instance.js';
import type { ControlPlane } from './control-plane.js';

/** Instances under addresses that tell them apart, for what is asked of addresses. */
export interface EachInstance {
  /** Origins, one for each instance, in their order; several behind one name are named by their IP addresses. */
  readonly targets: readonly string[];
  readonly instances: readonly Instance[];
  /** Reaches each target as the instance that it is: the Host header and TLS keep its name. No answer takes longer than it may. */
  readonly controlPlane: ControlPlane;
}

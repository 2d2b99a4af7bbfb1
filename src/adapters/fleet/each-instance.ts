import { targetOf, type Instance } from '../../domain/fleet/instance.js';
import type { ControlPlane } from '../../ports/control-plane.js';
import type { EachInstance } from '../../ports/each-instance.js';
import type { InstanceLink, OpenInstance } from '../../ports/instance-link.js';

/** A link in use, and by how many calls. */
interface LinkInUse {
  readonly link: InstanceLink;
  readonly calls: Set<symbol>;
}

/**
 * Reaches every instance through a link of its own, which is dropped as soon as no call uses it: a fleet has more of them
 * than a process may have connections. What is none of them goes to `others`.
 */
export function reachEach(open: OpenInstance, instances: readonly Instance[], others: ControlPlane): EachInstance {
  const known = new Map(instances.map((instance) => [targetOf(instance), instance]));
  const inUse = new Map<string, LinkInUse>();

  /** Makes a call over the link of a target, to the origin that the instance has by its name. */
  async function through<Answer>(
    target: string,
    call: (controlPlane: ControlPlane, origin: string) => Promise<Answer>,
  ): Promise<Answer> {
    const instance = known.get(target);
    if (instance === undefined) return call(others, target);
    const used = inUse.get(target) ?? { link: open(instance), calls: new Set() };
    inUse.set(target, used);
    const mark = Symbol(target);
    used.calls.add(mark);
    try {
      return await call(used.link.controlPlane, instance.origin);
    } finally {
      used.calls.delete(mark);
      if (used.calls.size === 0) {
        inUse.delete(target);
        used.link.close();
      }
    }
  }

  return {
    targets: [...known.keys()],
    instances,
    controlPlane: {
      reload: (request, options) =>
        through(request.endpoint.origin, (controlPlane, origin) =>
          controlPlane.reload(origin === request.endpoint.origin ? request : request.byName(origin), options),
        ),
      policy: (endpoint, query, options) =>
        through(endpoint.origin, (controlPlane, origin) =>
          controlPlane.policy({ ...endpoint, origin }, query, options),
        ),
      probe: (url, options) => {
        const { pathname, search, origin: target } = new URL(url);
        return through(target, (controlPlane, origin) => controlPlane.probe(`${origin}${pathname}${search}`, options));
      },
      health: (target, check, options) =>
        through(target, (controlPlane, origin) => controlPlane.health(origin, check, options)),
      open: (target) => {
        if (!known.has(target)) others.open(target);
      },
      close: () => {
        for (const { link } of inUse.values()) link.close();
      },
    },
  };
}

import { RlctlError } from '../../domain/errors.js';
import type { InstanceFigures } from '../../ports/instance-metrics.js';
import type { InstanceLink, OpenInstance } from '../../ports/instance-link.js';
import { Connections } from '../http/connections.js';
import { createControlPlane } from '../http/control-plane.js';

export interface LinkOptions {
  /** Gets one line per answer: method, URL without its query, status, duration. Never a header. */
  readonly debug: (line: string) => void;
}

const timeoutMs = 30_000;
/** A page of metrics of a large application. */
const maxBytes = 8 * 1024 * 1024;

/** Opens connections of an instance's own, so that a fleet holds only those that are in use. */
export function createInstanceLinks(options: LinkOptions): OpenInstance {
  return ({ origin, address }): InstanceLink => {
    const at = address === null ? {} : { address };
    const controlPlane = createControlPlane({ ...at, debug: options.debug });
    const pages = new Connections({ timeoutMs, maxBytes, ...at });
    return {
      controlPlane,
      metrics: {
        read: async (path, namespace, signal) => {
          const url = new URL(path, origin);
          if (url.origin !== origin) return null;
          const headers = new Map([
            ['Accept', 'text/plain;version=0.0.4'],
            ['Accept-Encoding', 'identity'],
            ['User-Agent', 'rlctl'],
          ]);
          const answer = await pages.send({ url, method: 'GET', headers, body: null, isFresh: false, signal });
          options.debug(`GET ${url.origin}${url.pathname} ${answer.status}`);
          if (answer.status !== 200 || answer.isTooLarge) return null;
          return figuresOf(answer.body, namespace);
        },
      },
      close: () => {
        controlPlane.close();
        pages.close();
      },
    };
  };
}

async function figuresOf(page: string, namespace: string): Promise<InstanceFigures | null> {
  const [{ metricNames }, { readExposition }] = await Promise.all([
    import('../../domain/decisions/metric-names.js'),
    import('../metrics/exposition.js'),
  ]);
  const { configReloads, activeOverrides } = metricNames(namespace);
  // A page may have thousands of lines: two series are wanted.
  const lines = page.split('\n').filter((line) => line.startsWith(configReloads) || line.startsWith(activeOverrides));
  try {
    const values = [...readExposition(lines.join('\n'), namespace).series.values()];
    const valueOf = (metric: string): number | null => values.find((each) => each.metric === metric)?.value ?? null;
    const figures = { reloads: valueOf('configReloads'), activeOverrides: valueOf('activeOverrides') };
    return figures.reloads === null && figures.activeOverrides === null ? null : figures;
  } catch (error) {
    if (error instanceof RlctlError) throw error;
    return null;
  }
}

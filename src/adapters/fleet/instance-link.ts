import { isPrivateHost } from '../../domain/fleet/plain-http.js';
import type { InstanceFigures } from '../../ports/instance-metrics.js';
import type { InstanceLink, OpenInstance } from '../../ports/instance-link.js';
import { Connections, loadLibrary } from '../http/connections.js';
import { createControlPlane, loadWire } from '../http/control-plane.js';

export interface LinkOptions {
  /** Gets one line per answer: method, URL without its query, status, duration. Never a header. */
  readonly debug: (line: string) => void;
  /** True: http:// is permitted to private addresses, and to no other. */
  readonly isPlainAllowed: boolean;
  /** The longest that one answer may take, milliseconds; 30,000 where absent. */
  readonly timeoutMs?: number;
}

/** A page of metrics may be longer than any answer of the API. */
const maxBytes = 2 * 1024 * 1024;
const pageHeaders = new Map([
  ['Accept', 'text/plain;version=0.0.4'],
  ['Accept-Encoding', 'identity'],
  ['User-Agent', 'rlctl'],
]);

/** Opens connections of an instance's own, so that a fleet holds only those that are in use. */
export function createInstanceLinks({ debug, isPlainAllowed, timeoutMs = 30_000 }: LinkOptions): OpenInstance {
  const library = loadLibrary({ maxBytes });
  const wire = loadWire();
  const pages: { reader?: Promise<ReadPage> } = {};
  return ({ origin, address }): InstanceLink => {
    const connections = new Connections({ timeoutMs, library, ...(address === null ? {} : { address }) });
    const allowInsecure = isPlainAllowed && isPrivateHost(address ?? new URL(origin).hostname);
    return {
      controlPlane: createControlPlane({ connections, wire, debug, allowInsecure }),
      metrics: {
        read: async (path, namespace, signal) => {
          const url = new URL(path, origin);
          if (url.origin !== origin) return null;
          const asked = { url, method: 'GET', headers: pageHeaders, body: null, isFresh: false, signal } as const;
          const answer = await connections.send(asked);
          debug(`GET ${url.origin}${url.pathname} ${answer.status}`);
          if (answer.status !== 200 || answer.isTooLarge) return null;
          const readPage = await (pages.reader ??= loadPageReader());
          return readPage(answer.body, namespace);
        },
      },
      close: () => connections.close(),
    };
  };
}

type ReadPage = (page: string, namespace: string) => InstanceFigures | null;

async function loadPageReader(): Promise<ReadPage> {
  const [{ metricNames }, { readExposition }] = await Promise.all([
    import('../../domain/decisions/metric-names.js'),
    import('../metrics/exposition.js'),
  ]);
  return (page, namespace) => {
    const { configReloads, activeOverrides } = metricNames(namespace);
    // A page may have thousands of lines: two series are wanted.
    const lines = page.split('\n').filter((line) => line.startsWith(configReloads) || line.startsWith(activeOverrides));
    try {
      const values = [...readExposition(lines.join('\n'), namespace).series.values()];
      const valueOf = (metric: string): number | null => values.find((each) => each.metric === metric)?.value ?? null;
      const figures = { reloads: valueOf('configReloads'), activeOverrides: valueOf('activeOverrides') };
      return figures.reloads === null && figures.activeOverrides === null ? null : figures;
    } catch {
      return null;
    }
  };
}

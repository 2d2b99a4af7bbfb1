import { RlctlError } from '../errors.js';
import { placeText, type PlacedFile } from '../placed-file.js';

/** A path of an API's description, with what its servers put in front. */
export interface ApiPath {
  /** `/v1/users/{id}` */
  readonly template: string;
  readonly methods: readonly string[];
}

const methods = ['get', 'head', 'options', 'post', 'put', 'patch', 'delete', 'trace', 'query'];

type Fields = Readonly<Record<string, unknown>>;

/**
 * The paths of an OpenAPI 3 description, each once for every path that its servers put in front: those of an operation,
 * else of its path, else of the whole; variables of a server stand for their defaults. Nothing outside the file is read.
 * Throws a usage error where it is no such description, or has no path.
 */
export function readOpenApi(placed: PlacedFile): readonly ApiPath[] {
  const root = fieldsOf(placed.value);
  const version = root['openapi'];
  if (typeof version !== 'string' || !version.startsWith('3.')) {
    const found = version ?? root['swagger'];
    const which = found === undefined ? 'it has no field "openapi"' : `it says version ${JSON.stringify(found)}`;
    throw fault(placed, found === undefined ? [] : [version === undefined ? 'swagger' : 'openapi'], which);
  }
  const found = new Map<string, Set<string>>();
  for (const [path, item] of Object.entries(fieldsOf(root['paths']))) {
    if (!path.startsWith('/')) continue;
    for (const [prefix, method] of placesOf(fieldsOf(item), root)) {
      const known = found.get(`${prefix}${path}`) ?? new Set();
      found.set(`${prefix}${path}`, known);
      if (method !== null) known.add(method.toUpperCase());
    }
  }
  if (found.size === 0) throw fault(placed, ['paths'], 'it describes no path');
  return [...found].map(([template, known]) => ({ template, methods: [...known] }));
}

/** The path in front and the method of every operation; the method is `null` where they stand in another place. */
function placesOf(item: Fields, root: Fields): readonly (readonly [prefix: string, method: string | null])[] {
  const servers = item['servers'] ?? root['servers'];
  const operations = methods.filter((method) => item[method] !== undefined);
  if (operations.length === 0)
    return item['$ref'] === undefined ? [] : prefixesOf(servers).map((prefix) => [prefix, null]);
  return operations.flatMap((method) =>
    prefixesOf(fieldsOf(item[method])['servers'] ?? servers).map((prefix) => [prefix, method] as const),
  );
}

function prefixesOf(servers: unknown): readonly string[] {
  const urls = Array.isArray(servers) ? servers.map(pathOfServer) : [];
  return urls.length === 0 ? [''] : [...new Set(urls)];
}

function pathOfServer(server: unknown): string {
  const { url, variables } = fieldsOf(server);
  if (typeof url !== 'string') return '';
  const filled = url.replaceAll(/\{([^{}]*)\}/g, (_, name: string) => {
    const value = fieldsOf(fieldsOf(variables)[name])['default'];
    return typeof value === 'string' ? value : '';
  });
  // What a relative address is relative to does not matter: only its path does.
  const path = URL.canParse(filled, 'http://server') ? new URL(filled, 'http://server').pathname : '';
  return path.replace(/\/+$/, '');
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function fault(placed: PlacedFile, path: readonly string[], why: string): RlctlError {
  return new RlctlError('usage', `${placeText(placed.placeOf(path))}: this is no OpenAPI 3 description: ${why}`, {
    code: 'OPENAPI_INVALID',
    hint: 'Give an OpenAPI 3 file (YAML or JSON), or a list of routes with --routes FILE.',
  });
}

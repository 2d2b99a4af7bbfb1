import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const source = fileURLToPath(new URL('../src', import.meta.url));

interface Import {
  readonly file: string;
  readonly floor: string;
  /** A floor, or a package's name. */
  readonly target: string;
  readonly isPackage: boolean;
  readonly isType: boolean;
  readonly isDynamic: boolean;
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));

/** The floor of a path under src: its folder, or its own name at the top. */
function floorOf(path: string): string {
  const [first = ''] = path.split('/');
  return first.replace(/\.ts$/, '');
}

const pattern = /(?:import|export)\s+(type\s+)?(?:[\w*{}\s,]+?\s+from\s+)?'([^']+)'|import\(\s*'([^']+)'\s*\)/g;

function importsOf(file: string, text: string): readonly Import[] {
  return [...text.matchAll(pattern)].map((match) => {
    const specifier = match[2] ?? match[3] ?? '';
    const isPackage = !specifier.startsWith('.');
    const target = isPackage
      ? specifier
          .replace(/^node:/, '')
          .split('/')
          .slice(0, specifier.startsWith('@') ? 2 : 1)
          .join('/')
      : floorOf(normalize(join(dirname(file), specifier.replace(/\.js$/, '.ts'))));
    return {
      file,
      floor: floorOf(file),
      target,
      isPackage,
      isType: match[1] !== undefined,
      isDynamic: match[3] !== undefined,
    };
  });
}

const imports = files.flatMap((file) => importsOf(file, readFileSync(join(source, file), 'utf8')));

/** What each floor may import at run time; `types` are allowed as `import type` only. */
const arrows: Readonly<
  Record<
    string,
    { readonly floors: readonly string[]; readonly types?: readonly string[]; readonly packages: readonly string[] }
  >
> = {
  domain: { floors: ['domain'], packages: ['zod', 'crypto'] },
  ports: { floors: ['domain', 'ports'], packages: [] },
  adapters: {
    floors: ['domain', 'ports', 'adapters', 'webassembly'],
    packages: ['ioredis', 'undici', 'zod', 'parse-prometheus-text-format', 'yaml', 'builtin'],
  },
  procedures: { floors: ['domain', 'ports', 'procedures'], packages: [] },
  ui: {
    floors: ['domain', 'ui', 'webassembly'],
    types: ['procedures', 'ports'],
    packages: ['chalk', 'cli-table3', 'string-width', '@clack/prompts', 'yaml', 'jq-wasm', 'wrap-ansi'],
  },
  commands: {
    floors: ['domain', 'procedures', 'ui', 'commands', 'config', 'config-file', 'yaml-file', 'sandbox'],
    types: ['context'],
    packages: ['commander', 'path'],
  },
  sandbox: { floors: ['domain', 'sandbox'], packages: ['ioredis', 'js-redis-server', 'builtin'] },
  config: { floors: ['domain', 'ports', 'config', 'config-file'], packages: ['crypto', 'path'] },
  'config-file': { floors: ['domain', 'adapters'], packages: ['yaml'] },
  'yaml-file': { floors: ['domain', 'adapters'], packages: ['yaml'] },
  context: { floors: ['domain', 'ports', 'config', 'adapters', 'ui'], packages: ['os', 'path'] },
  leaves: { floors: ['commands'], packages: [] },
  'global-options': { floors: ['domain', 'ui'], types: ['context', 'ports'], packages: ['commander'] },
  cli: {
    floors: ['domain', 'leaves', 'global-options'],
    types: ['commands', 'context', 'ports'],
    packages: ['commander'],
  },
  main: { floors: ['domain', 'ports', 'ui', 'cli', 'global-options', 'context', 'invoke'], packages: [] },
  invoke: { floors: ['domain'], types: ['context', 'ports'], packages: [] },
  complete: { floors: ['domain', 'ports', 'ui', 'adapters', 'dynamic-names'], packages: [] },
  'dynamic-names': { floors: ['domain', 'ports', 'ui', 'config', 'context'], packages: ['path'] },
  'command-tree': { floors: ['domain', 'ui', 'commands', 'leaves', 'global-options'], packages: ['commander'] },
  load: { floors: ['domain'], packages: ['builtin'] },
  webassembly: { floors: [], packages: ['v8'] },
  start: { floors: ['adapters', 'main', 'ui'], packages: [] },
};

function isAllowed({ floor, target, isPackage, isType }: Import): boolean {
  const rule = arrows[floor];
  if (!rule) return false;
  if (!isPackage) return rule.floors.includes(target) || (isType && rule.types?.includes(target) === true);
  return rule.packages.includes(target) || (rule.packages.includes('builtin') && builtinModules.includes(target));
}

const shown = ({ file, target, isType }: Import): string => `${file} → ${target}${isType ? ' (type)' : ''}`;

describe('the house', () => {
  it('has files and imports to look at', () => {
    expect(files.length).toBeGreaterThan(40);
    expect(imports.length).toBeGreaterThan(files.length);
  });

  it('keeps every arrow between floors, static and dynamic', () => {
    expect(imports.filter((each) => !isAllowed(each)).map(shown)).toEqual([]);
  });

  it('loads adapters and commands dynamically only', () => {
    const upward = imports.filter(
      ({ floor, target, isDynamic, isType, isPackage }) =>
        !isPackage &&
        !isType &&
        !isDynamic &&
        ((floor === 'context' && target === 'adapters') || (floor === 'leaves' && target === 'commands')),
    );
    expect(upward.map(shown)).toEqual([]);
  });

  it('lets only its own commands into the sandbox', () => {
    const guests = imports.filter(
      ({ target, isPackage, floor, file }) =>
        !isPackage && target === 'sandbox' && floor !== 'sandbox' && !file.startsWith('commands/sandbox/'),
    );
    expect(guests.map(shown)).toEqual([]);
  });

  it('never goes deeper than floor, noun and verb', () => {
    expect(files.filter((file) => file.split('/').length > 3)).toEqual([]);
  });

  it('has no import cycle', () => {
    const graph = new Map(
      files.map((file) => [
        file,
        [
          ...readFileSync(join(source, file), 'utf8').matchAll(
            /^(?:import|export)\s+(?!type\b)[\w*{}\s,]*?from\s+'(\.[^']+)'/gm,
          ),
        ].map((match) => normalize(join(dirname(file), (match[1] ?? '').replace(/\.js$/, '.ts')))),
      ]),
    );
    expect(findCycle(graph)).toBeNull();
  });

  it.each(files)('%s: named exports, no barrel, no module-level state, no way around the types', (file) => {
    const text = readFileSync(join(source, file), 'utf8');
    expect(text).not.toMatch(/^export default/m);
    expect(text).not.toMatch(/^export \* from/m);
    expect(text).not.toMatch(/^(?:export )?let /m);
    expect(text).not.toMatch(/@ts-ignore|@ts-expect-error/);
    expect(relative('.', file)).not.toMatch(/(?:utils?|helpers?|managers?|common)\.ts$/);
  });
});

function findCycle(graph: ReadonlyMap<string, readonly string[]>): readonly string[] | null {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): readonly string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return null;
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next, [...path, file]);
      if (cycle) return cycle;
    }
    done.add(file);
    return null;
  };
  for (const file of graph.keys()) {
    const cycle = visit(file, []);
    if (cycle) return cycle;
  }
  return null;
}

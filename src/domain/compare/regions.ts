import type { LoadedOverride } from '../policy/matching.js';
import { PrefixIndex, type OverrideIndex } from '../policy/prefix-index.js';
import { differenceAt, type ComparedDocuments, type Difference } from './difference.js';
import { freshCharacter } from './fresh-character.js';

/** All routes that start with a prefix and with none of the longer ones that are excepted. */
export interface Region {
  readonly prefix: string;
  readonly except: readonly string[];
  /** Routes that lie in it: at the prefix, beneath it and past a segment's end, as far as they do. */
  readonly examples: readonly string[];
}

/** How two documents differ for every route of a region alike. */
export interface RegionDifference extends Difference {
  readonly region: Region;
}

type Outcome = readonly [before: LoadedOverride | null, after: LoadedOverride | null];

/** A prefix of either document, the next shorter one that starts it, and which overrides decide in its region. */
interface Node {
  readonly prefix: string;
  readonly route: string;
  readonly outcome: Outcome;
  /** The node whose region this one belongs to, since the same overrides decide: itself, or one further up. */
  readonly root: Node | null;
  readonly excepted: string[];
}

/**
 * Every difference between two documents, over all routes there can be.
 *
 * Which overrides start a route depends on nothing but the longest prefix of either document that starts it: the shorter
 * ones are then prefixes of that one. So the routes fall into one region for each prefix, in each of which everything is
 * the same for every route, and one look at each region is a look at all routes. A region where the same overrides decide
 * as in the one around it is part of that one.
 */
export function compareRegions(documents: ComparedDocuments): readonly RegionDifference[] {
  const prefixes = usablePrefixes([documents.after, documents.before]);
  const index = new PrefixIndex(prefixes);
  const fresh = freshCharacter(prefixes);
  const nodes = nodesOf(documents, prefixes, index, fresh);
  return nodes.flatMap((node) => {
    if (node?.root !== node || node === undefined) return [];
    const difference = differenceAt(documents, node.route);
    if (difference === null) return [];
    const rootAt = (route: string): Node | null => nodes[index.starting(route).at(-1) ?? -1]?.root ?? null;
    const examples = examplesOf(node, fresh).filter((route) => rootAt(route) === node);
    return [{ ...difference, region: { prefix: node.prefix, except: node.excepted, examples } }];
  });
}

/** True where a route lies in a region. */
export function isInRegion({ prefix, except }: Pick<Region, 'prefix' | 'except'>, route: string): boolean {
  return new PrefixIndex([prefix]).starting(route).length > 0 && new PrefixIndex(except).starting(route).length === 0;
}

/** The prefixes of all entries that a server can use, each once. */
export function usablePrefixes(documents: readonly OverrideIndex[]): readonly string[] {
  return [
    ...new Set(
      documents
        .flatMap(({ loaded }) => loaded.entries.filter(({ fields }) => fields !== null))
        .map(({ prefix }) => prefix),
    ),
  ];
}

/** By position of the prefixes. */
function nodesOf(
  { before, after }: ComparedDocuments,
  prefixes: readonly string[],
  index: PrefixIndex,
  fresh: string,
): readonly (Node | undefined)[] {
  const nodes: (Node | undefined)[] = Array.from({ length: prefixes.length });
  const shortestFirst = [...prefixes.keys()].sort((a, b) => (prefixes[a] ?? '').length - (prefixes[b] ?? '').length);
  for (const position of shortestFirst) {
    const prefix = prefixes[position] ?? '';
    const route = prefix === '' ? unmatchedRoute(index, fresh) : prefix;
    const outcome: Outcome = [before.winnerOf(route), after.winnerOf(route)];
    const around = nodes[index.starting(route).at(-2) ?? -1]?.root ?? null;
    nodes[position] = nodeIn(around, { prefix, route, outcome });
  }
  return nodes;
}

function nodeIn(around: Node | null, facts: Pick<Node, 'prefix' | 'route' | 'outcome'>): Node {
  const isSame = around !== null && facts.outcome.every((winner, side) => winner === around.outcome[side]);
  if (isSame) return { ...facts, root: around, excepted: [] };
  around?.excepted.push(facts.prefix);
  const node: { -readonly [Key in keyof Node]: Node[Key] } = { ...facts, root: null, excepted: [] };
  node.root = node;
  return node;
}

/** A route that no prefix starts but the empty one; one as clients ask for where there is such a one. */
function unmatchedRoute(index: PrefixIndex, fresh: string): string {
  return index.starting(`/${fresh}`).length <= 1 ? `/${fresh}` : fresh;
}

function examplesOf({ prefix, route }: Node, fresh: string): readonly string[] {
  const beneath = prefix.endsWith('/') ? `${prefix}${fresh}` : `${prefix}/${fresh}`;
  return [...new Set([route, beneath, `${prefix}${fresh}`])].filter((each) => each.startsWith('/'));
}

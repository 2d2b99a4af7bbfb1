import { counted } from '../../domain/counted.js';
import type { Evidence } from '../../domain/proof/proof.js';
import { namedInstances, whyFailed } from './failed-instances.js';
import type { InstanceReload } from './reload-instance.js';

/** The same line at several instances. */
interface Group {
  readonly line: Evidence;
  readonly at: InstanceReload[];
}

const order = ['contradicted', 'notProven', 'proven', 'neutral'] as const;
/** Different lines of one kind that are told each by itself; of those that went wrong, more. */
const mostAlike = 2;
const mostWrong = 5;

/**
 * What was seen at the instances, each line with those that it was seen at: the same words at several are one line, and
 * nobody's words are another's. What went wrong comes first.
 */
export function fleetEvidence(instances: readonly InstanceReload[]): readonly Evidence[] {
  const [only] = instances;
  if (only !== undefined && instances.length === 1) return [...failedLines(instances), ...(only.proof?.evidence ?? [])];
  const groups = groupsOf(instances);
  const seen = order.flatMap((verdict) => {
    const alike = groups.filter(({ line }) => line.verdict === verdict);
    const subjects = [...new Set(alike.map(({ line }) => line.subject))];
    return subjects.flatMap((subject) =>
      shownGroups(
        alike.filter(({ line }) => line.subject === subject),
        instances.length,
      ),
    );
  });
  return [...failedLines(instances), ...seen];
}

function groupsOf(instances: readonly InstanceReload[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const each of instances) {
    for (const line of each.proof?.evidence ?? []) {
      const key = JSON.stringify([line.subject, line.verdict, line.route, line.text]);
      const known = groups.get(key);
      if (known === undefined) groups.set(key, { line, at: [each] });
      else if (known.at.at(-1) !== each) known.at.push(each);
    }
  }
  return [...groups.values()].sort((a, b) => b.at.length - a.at.length);
}

function shownGroups(groups: readonly Group[], total: number): readonly Evidence[] {
  const isWrong = ['contradicted', 'notProven'].includes(groups[0]?.line.verdict ?? '');
  const most = isWrong ? mostWrong : mostAlike;
  const left = groups.slice(most);
  const lines = groups.slice(0, most).map((group) => shownGroup(group, total));
  const [next] = left;
  if (next === undefined) return lines;
  const others = new Set(left.flatMap(({ at }) => at)).size;
  const text = `${counted(others, 'more instance')}: the same in other words, such as ${next.line.text}`;
  return [...lines, { ...next.line, text, source: withoutOrigin(next.line.source), route: null }];
}

function shownGroup({ line, at }: Group, total: number): Evidence {
  if (at.length === 1) return { ...line, text: `${namedInstances(at)}: ${line.text}` };
  const who = at.length === total ? `each of ${total}` : `${at.length} of ${total} (${namedInstances(at)})`;
  return { ...line, text: `${who}: ${line.text}`, source: withoutOrigin(line.source) };
}

/** `GET http://10.0.0.1/internal/x` → `GET /internal/x`: it was seen at several. */
function withoutOrigin(source: string): string {
  return source.replace(/https?:\/\/[^/\s]+/, '');
}

/** Those of which there is no proof: what kept them from it. */
function failedLines(instances: readonly InstanceReload[]): readonly Evidence[] {
  const line = { subject: 'instance', verdict: 'notProven', route: null } as const;
  const failed = instances.filter(({ state, error }) => state === 'failed' && error !== null);
  const causes = [...new Set(failed.map(whyFailed))];
  const silent = instances.filter(({ state }) => state === 'notTried');
  return [
    ...causes.slice(0, mostWrong).map((why): Evidence => {
      const at = failed.filter((each) => whyFailed(each) === why);
      const source = at.some(({ reload }) => reload !== null && reload.attempts > 0)
        ? 'POST /config/reload'
        : 'the network';
      return { ...line, source, text: `${namedInstances(at)}: ${why}` };
    }),
    ...(silent.length === 0
      ? []
      : [
          {
            ...line,
            source: 'this run',
            text: `${counted(silent.length, 'instance')} not tried: ${namedInstances(silent)}`,
          },
        ]),
  ];
}

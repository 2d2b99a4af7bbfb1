import { counted } from '../counted.js';
import { isRecord, type JsonValue } from '../json.js';
import { shareText } from '../quantities.js';
import { readingText, type GateReading } from '../rollout/gates.js';

type Fields = Readonly<Record<string, unknown>>;

/** What a Result of rlctl says, in a line or two; for the record of a run. */
export function summaryOf(document: JsonValue | null): string {
  if (!isRecord(document)) return 'done';
  const tell = tellers[text(document['kind'])];
  const lines = [...(tell?.(document) ?? []), ...proofLines(document), ...texts(document['remarks'])];
  return lines.length === 0 ? 'done' : lines.join('\n');
}

const tellers: Readonly<Record<string, (document: Fields) => readonly string[]>> = {
  OverrideChange: overrideLines,
  Panic: (document) => [
    ...(text(document['way']) === 'overrides' ? overrideLines(document) : flagLines(document)),
    ...texts([fields(document['decisions'])['text']]),
  ],
  PanicRestore: (document) => ('flags' in document ? flagLines(document) : overrideLines(document)),
  ShadowChange: flagLines,
  Policy: (document) => {
    const server = fields(document['server']);
    const [expected, winner] = [fields(document['expected']), document['winner']];
    return [
      `${text(document['route'])} (${text(document['bucket'])}): the server shows ${policyText(server)}`,
      ...(document['isSame'] === false ? [`expected ${policyText(expected)}`] : []),
      winner === null || winner === undefined
        ? 'no override decides it'
        : `the override ${JSON.stringify(winner)} decides it`,
    ];
  },
  Status: (document) => {
    const value = (name: string): Fields => fields(fields(document[name])['value']);
    const findings = items(document['findings']).map((each) => text(each['message']));
    return [overridesText(value('overrides')['count']), ...findings.map((each) => `finding: ${each}`)];
  },
  OverrideList: (document) => [overridesText(items(document['overrides']).length)],
  OverrideHistory: (document) =>
    items(document['entries']).length === 0
      ? ['no change has been recorded']
      : items(document['entries'])
          .slice(0, 5)
          .map(
            (entry) =>
              `${text(entry['time'])} ${text(entry['command'] ?? 'snapshot')} by ${text(entry['actor'] ?? '-')}`,
          ),
  Decisions: (document) => [
    ...items(document['buckets']).map(bucketText),
    ...texts([fields(document['route'])['text']]),
  ],
  FleetStatus: (document) => [`fleet: ${text(document['verdict'] ?? 'looked at')}`],
  ShadowList: (document) =>
    items(document['buckets']).map(
      (bucket) => `${text(bucket['bucket'])}: ${reachWord(bucket, fields(document['isObserving']))}`,
    ),
  Rollout: rolloutLines,
  LimiterKey: (document) => texts(document['said']),
};

function overrideLines(document: Fields): readonly string[] {
  if (document['isNoop'] === true) return ['already as wanted; nothing written'];
  return [`change ${text(document['changeId'])}: ${changesText(document['changes'])}`];
}

function flagLines(document: Fields): readonly string[] {
  const said = document['isNoop'] === true ? 'already as wanted; nothing written' : flagsText(document['flags']);
  return [said, ...texts(document['manualSteps'])];
}

/** Where a rollout stands, what its last change came to, what it was held by, and what the next stage would refuse. */
function rolloutLines(document: Fields): readonly string[] {
  const rollout = fields(document['rollout']);
  const end = text(document['end'] ?? rollout['phase']);
  const isHeld = end !== 'passed' && end !== 'finished';
  const judged = fields(items(rollout['stages']).find(({ name }) => name === rollout['stage'])?.['judged']);
  const open = items(judged['readings']).filter(({ verdict }) => verdict !== 'pass');
  return [
    `rollout ${text(rollout['id'])}, ${text(rollout['stage'])}: ${end}`,
    ...proofLines(items(document['changes']).at(-1) ?? {}),
    ...(isHeld ? open.map((each) => readingText(each as unknown as GateReading)) : []),
    ...(isHeld ? texts(judged['doubts']) : []),
    ...items(document['forecast']).map(
      ({ bucket, share, over, total }) =>
        `${text(bucket)} would refuse ${typeof share === 'number' ? `${shareText(share)} (${number(over)} of ${number(total)})` : noData}`,
    ),
  ];
}

function overridesText(count: unknown): string {
  return typeof count === 'number'
    ? `${counted(count, 'override')} stored`
    : 'how many overrides are stored is not known';
}

function proofLines(document: Fields): readonly string[] {
  const proof = fields(document['proof']);
  const verdict = proof['verdict'];
  if (typeof verdict !== 'string') return [];
  const words: Readonly<Record<string, string>> = {
    proven: `proven (${text(proof['levelReached'])})`,
    notProven: 'not proven',
    contradicted: 'contradicted',
    notAttempted: 'not attempted',
  };
  return [`${words[verdict] ?? verdict}: ${text(proof['diagnosis'])}`];
}

function changesText(changes: unknown): string {
  return items(changes)
    .map((change) => {
      const { route, kind } = change;
      const moved = items(change['fields']).map(
        ({ name, before, after }) => `${text(name)} ${plain(before)} → ${plain(after)}`,
      );
      return `${text(kind)} ${JSON.stringify(route)}${moved.length === 0 ? '' : ` (${moved.join(', ')})`}`;
    })
    .join('; ');
}

function flagsText(flags: unknown): string {
  return items(flags)
    .map((flag) => `${text(flag['variable'])} ${plain(flag['before'])} → ${plain(flag['after'])}`)
    .join('; ');
}

function policyText(policy: Fields): string {
  const mode = policy['isShadow'] === true ? 'in shadow' : 'not in shadow';
  return `${number(policy['ratePerMin'])} a minute, burst ${number(policy['burst'])}, ${mode}`;
}

function bucketText(bucket: Fields): string {
  const count = (name: string): string => number(fields(bucket[name])['count']);
  const names = ['allowed', 'blocked', 'shadowBlocked'];
  if (names.every((name) => count(name) === noData)) return `${text(bucket['bucket'])}: ${noData}`;
  return `${text(bucket['bucket'])}: ${count('allowed')} allowed, ${count('blocked')} blocked, ${count('shadowBlocked')} shadow-blocked`;
}

/** By the bucket's flag, unless overrides or the switch make it something else. */
function reachWord(bucket: Fields, isObserving: Fields): string {
  const [isShadow, isQuiet] = [bucket['isShadow'], isObserving[text(bucket['bucket'])]];
  if (isShadow === true) {
    if (isQuiet === true) return 'in shadow';
    return isQuiet === false ? 'in shadow, and not everywhere' : 'in shadow; whether everywhere is not known';
  }
  const reach = bucket['shadowByOverrides'];
  if (isQuiet === true) return reach === 'all' ? 'in shadow by overrides' : 'enforcing, and nobody is refused';
  if (reach === 'some') return 'partly in shadow by overrides';
  return isShadow === false ? 'enforcing' : 'not known';
}

function fields(value: unknown): Fields {
  return isRecord(value) ? value : {};
}

function items(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? (value as readonly unknown[]).map(fields) : [];
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? (value as readonly unknown[]).filter((each) => typeof each === 'string') : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '-';
}

const noData = 'no data';

function number(value: unknown): string {
  return typeof value === 'number' ? String(Math.round(value * 100) / 100) : noData;
}

function plain(value: unknown): string {
  return value === undefined || value === null ? '-' : typeof value === 'string' ? value : JSON.stringify(value);
}

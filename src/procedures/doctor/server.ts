import { traitsOf, type Detected } from '../../domain/dialect/dialect.js';
import { settingSentence } from '../../domain/config/setting-cure.js';
import { hasMoreWorkers } from '../../domain/dialect/workers.js';
import type { Found } from '../../domain/doctor/report.js';
import { quoteOutside } from '../../domain/outside-text.js';
import { switchFindings } from '../status/force-findings.js';
import { NotChecked, well, type Answer, type Facts } from './facts.js';

/** What is remembered of the server; not checked where it is nothing. */
function remembered({ input, hasApi }: Facts): Detected {
  if (!hasApi) throw new NotChecked('no API is configured');
  if (input.memory === null) throw new NotChecked('nothing seen of it before a reload');
  return input.memory;
}

/** Everything that is remembered, with the date at which each was seen last. */
function evidenceOf(memory: Detected): string {
  const byDate = new Map<string, string[]>();
  for (const { text, at } of traitsOf(memory)) byDate.set(at, [...(byDate.get(at) ?? []), quoteOutside(text, 80)]);
  return [...byDate].map(([at, texts]) => `seen ${quoteOutside(at, 40)}: ${texts.join(', ')}`).join('; ');
}

/** Whether the limiter itself was on: only the answer to a reload tells. */
export function checkEnabled({ input, environment, ports, hasApi }: Facts): Answer {
  const { reload } = input;
  if (!hasApi) throw new NotChecked('no API is configured');
  if (ports.reload !== null && input.selected.has('api.reload')) throw new NotChecked('see api.reload');
  if (reload === null) throw new NotChecked('nothing was reloaded from here yet');
  if (reload.isEnabled === null) throw new NotChecked('the answer to the last reload did not say');
  const evidence = `enabled: ${reload.isEnabled} in the answer to the reload of ${reload.at}`;
  const part = environment.api[0] ?? 'api';
  return {
    evidence,
    found: switchFindings(reload).map(({ code, message, hint }) => ({ code, part, message, evidence, cure: hint })),
  };
}

/** Whether the last proofs saw that overrides are read and enforced. A memory, never a proof. */
export function checkOverrides(facts: Facts): Answer {
  const memory = remembered(facts);
  const { readsOverrides, enforcesOverrides } = memory;
  const evidence = evidenceOf(memory);
  const part = facts.environment.api[0] ?? 'api';
  const found: Found[] = [];
  if (readsOverrides === false) {
    const message = 'this server does not read overrides from Redis: a change of them has no effect there';
    const cure =
      'Check namespace and redis: of this environment (rlctl env show); else set RATE_LIMIT_POLICY_OVERRIDES_JSON on the server and restart it';
    found.push({ code: 'OVERRIDES_NOT_READ', part, message, evidence, cure });
  } else if (enforcesOverrides === false) {
    const message = 'this server shows overrides and does not enforce them: only a bucket’s own limits and flags count';
    const cure =
      'Change the bucket itself, or its flag: rlctl shadow list; see it again with: rlctl reload --require enforced --probe URL';
    found.push({ code: 'OVERRIDES_NOT_ENFORCED', part, message, evidence, cure });
  }
  return { evidence, found };
}

/** Whether a flag was seen to move at run time. */
export function checkFlags(facts: Facts): Answer {
  const memory = remembered(facts);
  const { movesFlags } = memory;
  if (movesFlags === null) throw new NotChecked('nobody has tried to move one');
  const evidence = evidenceOf(memory);
  if (movesFlags) return well(evidence);
  const message = 'the flags of this server do not move at run time: they are bound when it starts';
  const cure = 'Set the variable where the server gets its environment, and restart it: rlctl shadow list';
  return {
    evidence,
    found: [{ code: 'FLAGS_FIXED', part: facts.environment.api[0] ?? 'api', message, evidence, cure }],
  };
}

/** Whether as many processes are counted on as were told apart: a proof reads as often as their number asks for. */
export function checkWorkers(facts: Facts): Answer {
  const memory = remembered(facts);
  const { workersSeen } = memory;
  const { environment } = facts;
  const { workers } = environment;
  if (workersSeen === null) throw new NotChecked('nothing told one process from another');
  if (workers === null) throw new NotChecked('workers is not configured: proofs read often enough for many');
  const at = memory.seenAt.workersSeen ?? memory.at;
  const evidence = `seen ${quoteOutside(at, 40)}: at least ${workersSeen} processes answered; workers is ${workers}`;
  if (!hasMoreWorkers(workers, workersSeen)) return well(evidence);
  const message = `at least ${workersSeen} processes answered, and workers is ${workers}: a proof may miss one that is stale`;
  const cure = settingSentence(environment, 'workers', String(workersSeen));
  return { evidence, found: [{ code: 'WORKERS_MORE', part: environment.api[0] ?? 'api', message, evidence, cure }] };
}

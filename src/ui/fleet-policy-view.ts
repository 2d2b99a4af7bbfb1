import type { Environment } from '../domain/config/environment.js';
import { counted } from '../domain/counted.js';
import { reloadCure, type RefusedSignatures } from '../domain/fleet/refused-signatures.js';
import { policyInWords } from '../domain/policy/gcra.js';
import { addressed, type CommandAddress } from '../domain/printed-command.js';
import type { Alike, EachAnswer } from '../procedures/ask-each.js';
import type { PolicyCheck } from '../procedures/policy.js';
import { failuresJson, namesOf, silentLines } from './each-answer.js';
import { differentText, policyView, type PolicyKnown } from './policy-view.js';
import { renderTable } from './table.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/** One policy where all instances show the same; else every distinct one, with who shows it. */
export function fleetPolicyView(
  each: EachAnswer<PolicyCheck>,
  bucketSource: string,
  environment: Environment,
  known: PolicyKnown,
): View {
  const [most] = each.answers;
  const question = { ...most.answer.question, targets: most.targets };
  const one = policyView({ ...most.answer, question }, bucketSource, environment, known);
  const isSame = each.answers.every(({ answer }) => answer.isSame);
  const views = each.answers.map(({ answer }) => policyView(answer, bucketSource, environment, known).data);
  const said = new Set(views.map((data) => data['isObserving']));
  const isObserving = said.has(false) ? false : said.has(null) ? null : true;
  const remarks = [...new Set(views.flatMap((data) => data['remarks'] as readonly string[]))];
  const instances = {
    total: each.total,
    isUnanimous: each.isUnanimous,
    answers: each.answers.map(({ answer, targets }) => ({
      instances: targets,
      server: answer.server,
      expected: Object.fromEntries(answer.fields.map(({ name, expected }) => [name, expected])),
      isSame: answer.isSame,
    })),
    failures: failuresJson(each),
  };
  return {
    ...one,
    data: { ...one.data, isSame, isObserving, remarks, instances },
    human: async (theme) => {
      const silent = silentLines(each, theme);
      if (each.answers.length > 1)
        return [
          ...(await distinct(each, bucketSource, theme, { address: environment.address, refused: known.refused })),
          ...remarks.map((remark) => theme.warn(term(remark))),
          ...silent,
        ].join('\n');
      const who = `${most.targets.length} of ${counted(each.total, 'instance')} say so`;
      return [await one.human(theme), ...(silent.length === 0 ? [theme.dim(who)] : [who, ...silent])].join('\n');
    },
  };
}

const columns = [
  { title: 'INSTANCES' },
  { title: 'RATE', align: 'right' },
  { title: 'BURST', align: 'right' },
  { title: 'WINDOW', align: 'right' },
  { title: 'SHADOW' },
  { title: '' },
  { title: 'WHO', isFlexible: true },
] as const;

async function distinct(
  { answers, total }: EachAnswer<PolicyCheck>,
  bucketSource: string,
  theme: Theme,
  { address, refused }: { readonly address: CommandAddress; readonly refused: RefusedSignatures },
): Promise<readonly string[]> {
  const [{ answer: first }] = answers;
  const { question, explanation } = first;
  const winner = explanation.winner?.prefix ?? null;
  const by = winner === null ? 'no stored override matches' : `override ${term(JSON.stringify(winner))} should win`;
  const expected = first.fields.map((field) => (field.expected === null ? 'not known' : String(field.expected)));
  const rows = answers.map(({ answer, targets }) => rowOf(answer, targets, total, theme));
  return [
    `${theme.bold(term(question.route))}  bucket ${term(question.bucket)} ${theme.dim(`(${bucketSource})`)}`,
    by,
    await renderTable(columns, [['expected', ...expected, '', '-'], ...rows], theme),
    ...answers.map(({ answer, targets }) => `${targets.length} of ${total}: ${policyInWords(answer.server)}`),
    theme.bad(term(addressed(verdictOf(answers, refused), address))),
  ];
}

function rowOf({ fields, isSame }: PolicyCheck, targets: readonly string[], total: number, theme: Theme) {
  const values = fields.map(({ server, expected }) =>
    expected === null || expected === server ? String(server) : theme.bad(String(server)),
  );
  return [`${targets.length} of ${total}`, ...values, isSame ? theme.good('✓') : theme.bad('✗'), namesOf(targets)];
}

function verdictOf(answers: readonly Alike<PolicyCheck>[], refused: RefusedSignatures): string {
  const stale = answers.filter(({ answer }) => !answer.isSame);
  const count = stale.reduce((sum, { targets }) => sum + targets.length, 0);
  if (stale.length === 0)
    return 'DIFFERENT: the instances disagree, and what is expected is the same of each: their own settings differ; see each with: rlctl fleet status';
  const behind = stale.flatMap(({ targets }) => targets);
  if (stale.some(({ answer }) => answer.isNothingStored)) return differentText(true, behind, refused);
  return `DIFFERENT: ${counted(count, 'instance')} ${count === 1 ? 'does' : 'do'} not hold what Redis holds; ${reloadCure(behind, refused)}`;
}

import { takenBy } from '../domain/runbook/input.js';
import type { Act, Runbook, RunbookStep } from '../domain/runbook/runbook.js';
import { actText, conditionText, wantedText } from './act-text.js';
import { term } from './term.js';
import { exampleLine } from './runbook-view.js';
import type { View } from './view.js';

/** The page of the handbook, from the same source as what is run. */
export function runbookPageView(runbook: Runbook): View {
  const markdown = pageOf(runbook);
  return {
    kind: 'RunbookPage',
    data: { runbook: runbook.name, markdown },
    raw: Buffer.from(`${markdown}\n`),
    human: () => markdown,
  };
}

function pageOf(runbook: Runbook): string {
  const { name, title, summary, inputs, steps } = runbook;
  const table = [
    '| input | takes | meaning |',
    '|---|---|---|',
    ...inputs.map((input) => {
      const { description, default: fallback, isOptional } = input;
      const more = [fallback === null ? '' : `default \`${fallback}\``, isOptional ? 'may be left out' : ''];
      const meaning = [description ?? '', ...more].filter((each) => each !== '').join('; ');
      return `| \`${cell(input.name)}\` | \`${cell(takenBy(input))}\` | ${cell(meaning)} |`;
    }),
  ];
  return [
    `# ${plain(title)}`,
    '',
    plain(summary),
    '',
    '```sh',
    `rlctl runbook run ${exampleLine(runbook)} --dry-run`,
    `rlctl runbook run ${exampleLine(runbook)}`,
    '```',
    '',
    ...(inputs.length === 0 ? [] : ['## Inputs', '', ...table, '']),
    '## Steps',
    '',
    ...steps.flatMap((step, index) => stepPage(step, index)),
    `_Rendered from the runbook \`${name}\`._`,
  ].join('\n');
}

function stepPage(step: RunbookStep, index: number): readonly string[] {
  const condition = conditionText(step);
  return [
    `### ${index + 1}. ${plain(step.title)}`,
    '',
    ...(condition === '' ? [] : [`Only where ${plain(condition)}.`, '']),
    ...(step.why === null ? [] : [plain(step.why), '']),
    ...step.precheck.flatMap((act) => [`Before it, this must hold${wanted(act)}:`, '', ...block(act)]),
    ...(step.action.kind === 'manual' ? [plain(step.action.text), ''] : block(step.action)),
    ...(wanted(step.action) === '' ? [] : [`It is done where${wanted(step.action).replace(/^,/, '')}.`, '']),
    ...step.postcheck.flatMap((act) => [`After it, this must be seen${wanted(act)}:`, '', ...block(act)]),
    ...(step.undo === null
      ? []
      : step.undo.kind === 'manual'
        ? [`To take it back: ${plain(step.undo.text)}`, '']
        : ['To take it back:', '', ...block(step.undo)]),
  ];
}

function wanted(act: Act): string {
  const text = wantedText(act);
  return text === '' ? '' : `, ${plain(text)}`;
}

function block(act: Act): readonly string[] {
  return ['```sh', term(actText(act)), '```', ''];
}

/** One line that cannot end a cell. */
function cell(text: string): string {
  return term(text).replaceAll('|', String.raw`\|`);
}

function plain(text: string): string {
  return text.split('\n').map(term).join('\n');
}

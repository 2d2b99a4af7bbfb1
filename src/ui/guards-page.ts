import { exemptCommands, guardedCommands } from '../domain/guard/commands.js';
import { guardKeyTable } from '../domain/guard/words.js';
import { renderTable } from './table.js';
import type { View } from './view.js';

const example = [
  'environments:',
  '  prod:',
  '    guards:',
  '      - name: payments',
  '        buckets: [financial]',
  '        rate: { min: 1, max: 10 }',
  '        factor: 4',
  '        never: shadow',
  '      - name: weekend',
  '        freeze: { from: "Fri 16:00", to: "Mon 08:00", zone: Europe/Berlin }',
  '      - { name: no-sync, deny: true, commands: [override sync] }',
];

/** What a guard can say, key by key. */
export function guardsPage(): View {
  return {
    kind: 'Guards',
    data: { keys: guardKeyTable, commands: guardedCommands, exempt: exemptCommands },
    items: guardKeyTable,
    human: async (theme) =>
      [
        theme.bold('Guards of an environment'),
        'A list of rules in rlctl.yaml. Each says what it is about, and one limit or more.',
        'A change that breaks one is refused (6) before anything is written, and every',
        'rule that it breaks is named.',
        '',
        ...example,
        '',
        await renderTable(
          [{ title: 'KEY' }, { title: 'FORM' }, { title: 'MEANING', isFlexible: true }],
          guardKeyTable.map(({ key, form, meaning }) => [key, form, meaning]),
          theme,
        ),
        '',
        theme.bold('Commands that it can be about'),
        ...guardedCommands.map((command) => `  ${command}`),
        theme.bold('Never refused, because they bring back what was'),
        ...exemptCommands.map((command) => `  ${command}`),
        '',
        'factor: 4 lets through a quarter to four times what the route met before: its',
        'override, else its bucket’s own policy. A burst is compared as burst + 1, the',
        'requests at once: from burst 0 (1 at once) up to burst 3 (4 at once).',
        'A number out of bounds that a change leaves as it was refuses nothing, and is said.',
        'A prefix that catches a guarded route is judged by what that route would get.',
        'A rule with buckets or routes is about a reload only where its commands name it.',
        'A change to or from the bucket’s own policy is not judged where no server tells',
        'it: that refuses nothing, and is said in the plan.',
        'A freeze does not hold for a panic, and the panic says so; every other limit does.',
        'To go past a rule: --override-guard NAME --reason TEXT; the history keeps it.',
      ].join('\n'),
  };
}

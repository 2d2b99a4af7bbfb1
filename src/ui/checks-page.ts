import { checks, groupOf } from '../domain/doctor/checks.js';
import { renderTable } from './table.js';
import type { View } from './view.js';

/** Every check of doctor, what it makes sure of, and what it may find. */
export function checksPage(): View {
  const rows = checks.map(({ id, title, finds }) => ({ id, group: groupOf(id), title, finds }));
  return {
    kind: 'Checks',
    data: { checks: rows },
    items: rows,
    human: async (theme) =>
      [
        theme.bold('What rlctl doctor looks at'),
        'All of it in parallel, within the deadline; --only takes a group (the word before the dot) or one check.',
        '',
        await renderTable(
          [{ title: 'CHECK' }, { title: 'WHAT HOLDS WHERE NOTHING IS FOUND', isFlexible: true }],
          checks.map(({ id, title }) => [id, title]),
          theme,
        ),
        '',
        'What each may find, by code and severity: rlctl help checks --json',
      ].join('\n'),
  };
}

import { lintRules } from '../domain/lint/rules.js';
import { renderTable } from './table.js';
import type { View } from './view.js';

/** Every rule of `override lint`: what it finds, how bad that is, and what to do about it. */
export function lintPage(): View {
  const rules = lintRules.map(({ name, severity, summary, cure }) => ({ name, severity, summary, cure }));
  return {
    kind: 'LintRules',
    data: { rules },
    items: rules,
    human: async (theme) =>
      [
        theme.bold('What rlctl override lint looks for'),
        'Errors and warnings end it with 3, notes only with --strict; --ignore RULE leaves one out.',
        '',
        await renderTable(
          [{ title: 'RULE' }, { title: 'SEVERITY' }, { title: 'WHAT IT FINDS, AND ITS CURE', isFlexible: true }],
          rules.map(({ name, severity, summary, cure }) => [name, severity, `${summary}\n→ ${cure}`]),
          theme,
        ),
      ].join('\n'),
  };
}

import type { Environment } from '../domain/config/environment.js';
import type { PlanFile } from '../domain/override/plan-file.js';
import { addressed } from '../domain/printed-command.js';
import { shellWord } from '../domain/shell-words.js';
import type { ChangePlan } from '../procedures/override/plan.js';
import { planView } from './change-view.js';
import { pasted } from './pasted.js';
import { escapeJson, term } from './term.js';
import type { View } from './view.js';

/** A plan as it is kept in a file. */
export function planFileText(plan: PlanFile): string {
  return `${escapeJson(JSON.stringify({ apiVersion: 'rlctl/v1', kind: 'OverridePlan', ...plan }, null, 2))}\n`;
}

/** A plan for people, with the command that makes it; for programs it is what the file holds, and more. */
export function planFileView(plan: ChangePlan, kept: PlanFile, environment: Environment, out: string | null): View {
  const shown = planView(plan, environment);
  const next = out === null ? null : addressed(`rlctl override apply --plan ${shellWord(out)}`, environment.address);
  return {
    ...shown,
    data: { ...shown.data, ...kept },
    human: async (theme) => {
      const text = await shown.human(theme);
      return next === null
        ? text
        : [text, 'exactly this is done, or nothing, by:', pasted(`  ${term(next)}`)].join('\n');
    },
  };
}

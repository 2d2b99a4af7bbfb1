import { counted } from '../domain/counted.js';
import { policyInWords } from '../domain/policy/gcra.js';
import { addressed, type CommandAddress } from '../domain/printed-command.js';
import type { EachAnswer } from '../procedures/ask-each.js';
import type { PolicyCheck } from '../procedures/policy.js';
import { failuresJson, namesOf, silentLines } from './each-answer.js';
import { term } from './term.js';
import type { View } from './view.js';

type Explained = Pick<PolicyCheck, 'base' | 'server'>;

/** An explanation with what every instance says of the route and of the bucket's own policy. */
export function saidByEach(view: View, each: EachAnswer<Explained>, address: CommandAddress): View {
  const { answers, total } = each;
  const instances = {
    total,
    isUnanimous: each.isUnanimous,
    answers: answers.map(({ answer: { server, base }, targets }) => ({ instances: targets, server, base })),
    failures: failuresJson(each),
  };
  return {
    ...view,
    data: { ...view.data, instances },
    human: async (theme) => {
      const differing = answers.map(({ answer: { server, base }, targets }) => {
        const own = base === null ? '' : `; the bucket’s own: ${policyInWords(base)}`;
        return `  ${targets.length} of ${total} (${namesOf(targets)}): ${policyInWords(server)}${own}`;
      });
      const said =
        answers.length > 1
          ? [
              theme.bad('the instances say different things of it:'),
              ...differing,
              term(addressed('compare with what is stored: rlctl fleet status', address)),
            ]
          : agreement(answers[0].targets.length, total).map(theme.dim);
      return [await view.human(theme), ...said, ...silentLines(each, theme)].join('\n');
    },
  };
}

/** How many say the same; of one instance alone there is nothing to say. */
function agreement(agreed: number, total: number): readonly string[] {
  if (total === 1) return [];
  return [`${agreed} of ${counted(total, 'instance')} ${agreed === 1 ? 'answered' : 'say the same of it'}`];
}

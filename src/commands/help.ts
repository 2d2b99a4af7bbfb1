import { usageError } from '../domain/errors.js';
import { helpTopics } from '../ui/help-topics.js';
import { defineCommand } from './command.js';

// The pages that belong to no single command, generated from the tables that the code itself reads.

export const command = defineCommand({
  register: (c) => {
    c.argument('[topic]', `one of: ${[...helpTopics.keys()].join(', ')}`);
  },
  examples: ['rlctl help exit-codes', 'rlctl help environment'],
  input: ([topic]) => topic ?? null,
  action: (_, topic) => {
    const page = topic === null ? undefined : helpTopics.get(topic);
    if (page !== undefined) return Promise.resolve({ view: page(), exit: 'ok' as const });
    const known = [...helpTopics.keys()].join(', ');
    const what = topic === null ? 'no topic is named' : `there is no topic "${topic}"`;
    throw usageError(`${what}; there are: ${known}`, 'Help on a command: rlctl COMMAND --help');
  },
});

import { helpTopicNames } from '../domain/help-topics.js';
import { helpTopics } from '../ui/help-topics.js';
import { defineCommand } from './command.js';

// The pages that belong to no single command, generated from the tables that the code itself reads. Help on a command is
// the command line's own: its words become those of `COMMAND --help` before anything is parsed.

export const command = defineCommand({
  register: (c) => {
    c.argument('[topic...]', `a command, or one of: ${helpTopicNames.join(', ')}`);
  },
  examples: ['rlctl help override set', 'rlctl help exit-codes'],
  input: ([topic]) => helpTopicNames.find((each) => each === topic),
  action: (_, topic) => {
    if (topic === undefined) throw new TypeError('no topic has come this far');
    return Promise.resolve({ view: helpTopics[topic](), exit: 'ok' });
  },
});

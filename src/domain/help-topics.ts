/** The pages of help that belong to no single command, in the order in which they are listed. */
export const helpTopicNames = [
  'exit-codes',
  'environment',
  'output',
  'signing',
  'keys',
  'checks',
  'guards',
  'lint',
] as const;

export type HelpTopic = (typeof helpTopicNames)[number];

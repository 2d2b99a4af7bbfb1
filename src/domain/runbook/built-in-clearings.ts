import type { WrittenRunbook } from './schema.js';

// What the handbook says of a single user who is held up: "clearing a stuck lock" and "inspecting and clearing an idempotency
// entry". Each shows what is there, asks, removes exactly that, and looks again.

export const builtInClearings: Readonly<Record<string, WrittenRunbook>> = {
  'clear-lock': {
    title: 'Clear a stuck lock',
    summary:
      'Shows the lock of one user with its value and the time it has left, asks whether whoever took it is gone, removes exactly that value, and reads back that it is gone. One key by its whole name: never a pattern, because locks, cells and overrides share the namespace.',
    inputs: {
      user: { type: 'identity', description: 'whose lock it is' },
      name: {
        type: 'string',
        pattern: String.raw`\S+`,
        default: 'checkout',
        description: 'what is locked: the route by the handbook, checkout as deployed',
      },
    },
    steps: [
      {
        id: 'look',
        title: 'What is held, and for how long',
        why: 'A lock ends by itself, as deployed after 30 seconds. One that is renewed belongs to somebody at work.',
        rlctl: ['lock', 'show', '{{user}}', '{{name}}'],
        fields: { isThere: true },
      },
      {
        id: 'agree',
        title: 'Is it stuck?',
        manual:
          'Make sure that whoever took the lock {{name}} of {{user}} is gone: the step before shows its value and the time it has left.',
        undo: { nothing: 'it only asks' },
      },
      {
        id: 'clear',
        title: 'Remove what was seen, and nothing else',
        why: 'The value that was shown is compared in the same step: a lock that somebody has taken since stays.',
        rlctl: ['lock', 'clear', '{{user}}', '{{name}}'],
        undo: { nothing: 'whoever needs the lock takes it anew' },
      },
      { id: 'gone', title: 'What stands there now', rlctl: ['lock', 'show', '{{user}}', '{{name}}'] },
    ],
  },

  'clear-idempotency': {
    title: 'Inspect and clear an idempotency entry',
    summary:
      'Shows the entry that answers a repeated request, asks before anything is removed, removes exactly that value, and reads back that it is gone. After that the request counts as new: be sure that what it did before is undone, or it is done twice.',
    inputs: {
      text: {
        type: 'string',
        description: 'the raw text, such as POST:/api/checkout:user:42:booking:7, or its SHA-256',
      },
    },
    steps: [
      {
        id: 'look',
        title: 'What a repeated request is answered',
        rlctl: ['idem', 'show', '{{text}}'],
        fields: { isThere: true },
      },
      {
        id: 'agree',
        title: 'May it be done again?',
        why: 'Without the entry the same request counts as new.',
        manual:
          'Make sure that what the first request did is undone, or that doing it again is wanted: the step before shows what answers a repetition now.',
        undo: { nothing: 'it only asks' },
      },
      {
        id: 'clear',
        title: 'Remove what was seen, and nothing else',
        why: 'The value that was shown is compared in the same step: an entry that was written since stays.',
        rlctl: ['idem', 'clear', '{{text}}'],
        undo: { nothing: 'the next request writes the entry anew' },
      },
      { id: 'gone', title: 'What stands there now', rlctl: ['idem', 'show', '{{text}}'] },
    ],
  },
};

import type { WrittenInput, WrittenRunbook } from './schema.js';

// The handbook's ways back and forth between observing and refusing: "emergency rollback", "staged rollout", and the checks
// after a rollback.

/** A look at traffic is worth having and never in the way: where nothing is configured, or nothing answers, the run goes on. */
const lookingExits = [0, 2, 4, 7];

const scope: WrittenInput = {
  type: 'choice',
  choices: ['global', 'bucket', 'route'],
  description: 'how far: everything, one bucket, or one route',
};

const scoped: Readonly<Record<'bucket' | 'route', WrittenInput>> = {
  bucket: { type: 'bucket', when: { scope: 'bucket' }, description: 'the bucket' },
  route: { type: 'route', when: { scope: 'route' }, description: 'the route prefix' },
};

export const builtInRollbacks: Readonly<Record<string, WrittenRunbook>> = {
  'emergency-rollback': {
    title: 'Stop refusing requests, at once',
    summary:
      'Puts everything, one bucket or one route into shadow: requests are counted and nobody is refused. Proven by what the server shows and, where a probe is configured, by what a request meets. Take it back with: rlctl runbook resume ID --undo',
    inputs: { scope, ...scoped },
    steps: [
      { id: 'before', title: 'How the environment is', rlctl: ['status'], exits: [0, 3] },
      {
        id: 'everything',
        title: 'Nothing is refused any more',
        why: 'By the switch, the flags or the overrides, as the environment says it is done here. Global shadow does not reach buckets that have a flag of their own, so that every bucket is set.',
        when: { scope: 'global' },
        rlctl: ['panic', 'global'],
        ifNoEffect: 'continue',
        undo: { rlctl: ['panic', 'restore'] },
      },
      {
        id: 'bucket',
        title: 'The bucket into shadow',
        when: { scope: 'bucket' },
        rlctl: ['panic', 'bucket', '{{bucket}}'],
        ifNoEffect: 'continue',
        undo: { rlctl: ['panic', 'restore'] },
      },
      {
        id: 'route',
        title: 'The route into shadow',
        when: { scope: 'route' },
        rlctl: ['panic', 'route', '{{route}}'],
        ifNoEffect: 'continue',
        undo: { rlctl: ['panic', 'restore'] },
      },
      {
        id: 'restart',
        title: 'Where that has no effect: switch it off on the platform',
        why: 'Deployed servers do not enforce overrides and take their switches from the environment that they were started with. Only a restart reaches them.',
        onlyIfNoEffect: ['everything', 'bucket', 'route'],
        manual:
          'Set RATE_LIMIT_ENABLED=false (or the bucket’s RATE_LIMIT_SHADOW_…=true) in the environment of the limiter’s processes of {{environment}}, and restart them.',
        undo: { manual: 'Set it back, and restart the processes once more.' },
      },
      {
        id: 'proof',
        title: 'Reload once more, and prove all that is stored',
        rlctl: ['reload'],
        ifNoEffect: 'continue',
      },
      {
        id: 'traffic',
        title: 'What the limiter decides now',
        why: 'Blocks fall to zero, and only shadow blocks rise.',
        rlctl: ['decisions', 'show'],
        exits: lookingExits,
      },
    ],
  },

  'staged-rollout': {
    title: 'From observing to refusing, bucket by bucket',
    summary:
      'Everything in shadow, then enforce financial, then write, and at last consider read and auth, with a look at the figures and somebody’s word between the stages. Stop at any time; what was enforced goes back into shadow with: rlctl runbook resume ID --undo. Where metrics are read, rlctl rollout start goes the same way with gates that are measured',
    inputs: {
      upTo: {
        type: 'choice',
        choices: ['financial', 'write', 'all'],
        default: 'write',
        description: 'the last bucket that is enforced; all: read and auth too',
      },
    },
    steps: [
      { id: 'before', title: 'How the environment is', rlctl: ['status'], exits: [0, 3] },
      {
        id: 'observe',
        title: 'Everything into shadow',
        rlctl: ['shadow', 'on', '--all'],
        ifNoEffect: 'continue',
        undo: { rlctl: ['shadow', 'off', '--all'] },
      },
      ...stage('financial', {}, 'Any refusal of a payment is one too many: there the limit is exact, not generous.'),
      ...stage('write', { upTo: ['write', 'all'] }, 'More than 5 % refused for 5 minutes is an alert.'),
      ...stage('read', { upTo: 'all' }, 'Reads are the most traffic and the least harm.'),
      ...stage('auth', { upTo: 'all' }, 'Whoever is refused here cannot even sign in.'),
      {
        id: 'proof',
        title: 'Reload once more, and prove all that is stored',
        rlctl: ['reload'],
        ifNoEffect: 'continue',
      },
    ],
  },

  'verify-rollback': {
    title: 'See that a rollback holds',
    summary:
      'Looks at everything that a rollback should have brought about, and changes nothing: what the server shows, what is stored, the flags, and what the limiter decides.',
    inputs: { scope: { ...scope, default: 'global' }, ...scoped },
    steps: [
      { id: 'status', title: 'How the environment is', rlctl: ['status'], exits: [0, 3] },
      { id: 'flags', title: 'What is in shadow', rlctl: ['shadow', 'list'], exits: [0, 3] },
      {
        id: 'route',
        title: 'The route is in shadow',
        when: { scope: 'route' },
        rlctl: ['policy', 'get', '{{route}}'],
        exits: [0, 3],
        fields: { 'server.isShadow': true },
        ifNoEffect: 'continue',
      },
      {
        id: 'verify',
        title: 'Prove what is in force',
        rlctl: ['verify', '--samples', 'all'],
        exits: [0, 8],
        ifNoEffect: 'continue',
      },
      { id: 'changes', title: 'What was changed last', rlctl: ['override', 'history', '--limit', '5'] },
      {
        id: 'traffic',
        title: 'What the limiter decides',
        why: 'After a rollback blocks are zero, and only shadow blocks rise.',
        rlctl: ['decisions', 'show', ['--bucket', '{{bucket}}']],
        exits: lookingExits,
      },
    ],
  },
};

/** One bucket out of shadow, after a look and somebody's word. */
function stage(
  bucket: string,
  when: NonNullable<WrittenRunbook['steps'][number]['when']>,
  why: string,
): WrittenRunbook['steps'] {
  return [
    {
      id: `figures-${bucket}`,
      title: `What ${bucket} would refuse`,
      when,
      rlctl: ['decisions', 'show', '--bucket', bucket],
      exits: lookingExits,
    },
    {
      id: `agree-${bucket}`,
      title: `Enforce ${bucket}?`,
      why,
      when,
      manual: `Look at the figures of ${bucket}: enforce it only where what it would refuse deserves it.`,
      undo: { manual: `Tell those who know that ${bucket} is enforced that it is not any more.` },
    },
    {
      id: `enforce-${bucket}`,
      title: `Enforce ${bucket}`,
      when,
      rlctl: ['shadow', 'off', bucket],
      ifNoEffect: 'continue',
      undo: { rlctl: ['shadow', 'on', bucket] },
    },
  ];
}

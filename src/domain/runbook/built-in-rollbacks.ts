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
        title: 'What the limiter decides; right after the rollback most blocks that are counted are from before',
        why: 'Blocks fall to zero, and only shadow blocks rise.',
        rlctl: ['decisions', 'show'],
        exits: lookingExits,
      },
    ],
  },

  'staged-rollout': {
    title: 'From observing to refusing, bucket by bucket',
    summary:
      'Everything in shadow, then enforce financial, then write, and at last consider read and auth: the stages of rlctl rollout, each watched until its gates pass, with somebody’s word between them. A gate that fails takes its stage back and stops the run. It wants metrics to judge by; the plan is the one called standard, the handbook’s where the configuration has none. Take all of it back with: rlctl runbook resume ID --undo',
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
        title: 'Everything into shadow, until its gates pass',
        why: 'It stays for as long as the stage has to stand; others watch it with: rlctl rollout status -w',
        rlctl: ['rollout', 'start'],
        undo: { rlctl: ['rollout', 'undo'] },
      },
      ...stage('financial', {}, 'Any refusal of a payment is one too many: there the limit is exact, not generous.'),
      ...stage('write', { upTo: ['write', 'all'] }, 'More than 5 % refused for 5 minutes is an alert.'),
      ...stage(
        'read-and-auth',
        { upTo: 'all' },
        'Reads are the most traffic and the least harm; whoever is refused at auth cannot even sign in.',
      ),
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
      'Compares what the server shows, what is stored, the flags and what the limiter decides with what a rollback of everything, one bucket or one route should have brought about: nobody is refused. Changes nothing. What does not hold stops it with 3.',
    inputs: { scope: { ...scope, default: 'global' }, ...scoped },
    steps: [
      { id: 'status', title: 'How the environment is', rlctl: ['status'], exits: [0, 3] },
      {
        id: 'verify',
        title: 'Prove what is in force',
        why: 'Whether a server enforces the overrides that it shows is told by a probe alone; what was seen of that counts below.',
        rlctl: ['verify', '--samples', 'all'],
        exits: [0, 8],
        ifNoEffect: 'continue',
      },
      {
        id: 'everything',
        title: 'No bucket refuses anybody, as far as the server shows',
        when: { scope: 'global' },
        rlctl: ['shadow', 'list'],
        exits: [0, 3],
        fields: { isAllObserving: true },
      },
      {
        id: 'bucket',
        title: 'The bucket refuses nobody, as far as the server shows',
        when: { scope: 'bucket' },
        rlctl: ['shadow', 'list'],
        exits: [0, 3],
        fields: { 'isObserving.{{bucket}}': true },
      },
      {
        id: 'route',
        title: 'The route refuses nobody, as far as the server shows',
        when: { scope: 'route' },
        rlctl: ['policy', 'get', '{{route}}'],
        exits: [0, 3],
        fields: { isObserving: true },
      },
      { id: 'changes', title: 'What was changed last', rlctl: ['override', 'history', '--limit', '5'] },
      {
        id: 'traffic',
        title: 'Nobody was refused',
        why: 'After a rollback blocks are zero, and only shadow blocks rise. Where no request was counted this cannot be told.',
        when: { scope: ['global', 'bucket'] },
        rlctl: ['decisions', 'show', ['--bucket', '{{bucket}}']],
        exits: lookingExits,
        fields: { 'buckets.*.blocked.count': { atMost: 0 } },
      },
      {
        id: 'decisions',
        title: 'What the limiter decides, by bucket: of one route alone this tells nothing',
        when: { scope: 'route' },
        rlctl: ['decisions', 'show'],
        exits: lookingExits,
      },
    ],
  },
};

/** The next stage, after a look and somebody's word. */
function stage(
  buckets: string,
  when: NonNullable<WrittenRunbook['steps'][number]['when']>,
  why: string,
): WrittenRunbook['steps'] {
  const named = buckets.replaceAll('-', ' ');
  return [
    {
      id: `figures-${buckets}`,
      title: `What ${named} would refuse`,
      when,
      rlctl: ['rollout', 'status'],
      exits: lookingExits,
    },
    {
      id: `agree-${buckets}`,
      title: `Enforce ${named}?`,
      why,
      when,
      manual: `Look at the figures of ${named} above: enforce it only where what it would refuse deserves it.`,
      undo: { nothing: 'it only asks' },
    },
    {
      id: `enforce-${buckets}`,
      title: `Enforce ${named}, until its gates pass`,
      when,
      rlctl: ['rollout', 'promote'],
      undo: { nothing: 'the whole rollout is taken back by its first step' },
    },
  ];
}

import type { WrittenAct, WrittenRunbook } from './schema.js';

// The handbook's everyday procedures: "runtime change", "per-route override" and "raising limits".

/** A look at traffic is worth having and never in the way: where nothing is configured, or nothing answers, the run goes on. */
const lookingExits = [0, 2, 4, 7];

const route = { type: 'route', description: 'route prefix, as the server sees it' } as const;
const bucket = {
  type: 'bucket',
  optional: true,
  description: 'the bucket of the route, where it is not configured',
} as const;

const flags = ['AUTH', 'READ', 'WRITE', 'FINANCIAL'];

/** A flag of the command for each input of the same name, where it is given. */
function groups(...names: readonly string[]): string[][] {
  return names.map((name) => [`--${name}`, `{{${name}}}`]);
}

/** What the server shows of the route, and what is stored for it, is no more than what is about to be set. */
function notAbove(field: string, most: string): WrittenAct {
  return {
    rlctl: ['policy', 'get', '{{route}}', ['--bucket', '{{bucket}}']],
    exits: [0, 3],
    fields: { [`server.${field}`]: { atMost: most }, [`expected.${field}`]: { atMost: most } },
  };
}

const setByHand = {
  manual: 'Set {{variable}} back to what it was where the limiter’s processes get it from, then run: rlctl reload',
};

export const builtInProcedures: Readonly<Record<string, WrittenRunbook>> = {
  'runtime-change': {
    title: 'Change a variable of the limiter while it runs',
    summary:
      'Sets one of the limiter’s switches in the environment of its processes, reloads them with a signed request, and proves by their own answer that it took hold. Deployed servers bind the master switch and global shadow when they start: then this says so, and a restart is the next step.',
    inputs: {
      variable: {
        type: 'choice',
        choices: ['ENABLED', 'SHADOW', ...flags.map((flag) => `SHADOW_${flag}`)].map((each) => `RATE_LIMIT_${each}`),
        description: 'the variable to set',
      },
      value: { type: 'choice', choices: ['true', 'false'], description: 'only the text true is true' },
    },
    steps: [
      {
        id: 'before',
        title: 'How the environment is',
        why: 'What is wrong already should be known before anything else is changed.',
        rlctl: ['status'],
        exits: [0, 3],
      },
      {
        id: 'set',
        title: 'Set the variable',
        why: 'No server lets anybody set its environment from outside. Where it comes from depends on the platform: an env file, a unit, a manifest.',
        manual:
          'Set {{variable}}={{value}} where the limiter’s processes of {{environment}} get their environment from.',
        undo: setByHand,
      },
      ...reloads('reload', 'Reload, and see it in the answer', {
        why: 'A 200 is no proof: what the answer says of the switch is.',
        ifNoEffect: 'continue',
      }),
      {
        id: 'restart',
        title: 'Restart the processes',
        why: 'Deployed servers read the master switch and global shadow only when they start, and the flags of buckets from the environment that they were started with.',
        onlyIfNoEffect: reloadIds('reload'),
        manual:
          'Restart the limiter’s processes of {{environment}} on their platform, one after another, so that they start with {{variable}}={{value}}.',
        undo: { manual: 'Restart them once more, after the variable is set back.' },
      },
      ...reloads('again', 'Reload once more, and see it in the answer', {
        why: 'A restarted process holds no overrides before its first reload.',
        onlyIfNoEffect: reloadIds('reload'),
        ifNoEffect: 'continue',
      }),
    ],
  },

  'route-override': {
    title: 'Set an override of one route',
    summary:
      'Writes rate, burst or window of one route prefix into the override document, reloads, and proves that the server shows it. Everything else in the document keeps its bytes and its order, because the first prefix that matches wins.',
    inputs: {
      route,
      rate: { type: 'integer', min: 1, max: 60_000, optional: true, example: 120, description: 'requests per minute' },
      burst: {
        type: 'integer',
        min: 0,
        max: 100_000,
        optional: true,
        example: 40,
        description: 'requests beyond the first at once',
      },
      window: {
        type: 'integer',
        min: 1,
        max: 86_400,
        optional: true,
        example: 60,
        description: 'seconds; displayed only',
      },
      bucket,
    },
    oneOf: [['rate', 'burst', 'window']],
    steps: [
      {
        id: 'before',
        title: 'Which policy the route has',
        rlctl: ['policy', 'get', '{{route}}', ['--bucket', '{{bucket}}']],
        exits: [0, 3],
      },
      {
        id: 'write',
        title: 'Write the override, reload, prove',
        why: 'A compare-and-set: an entry that somebody else changed in the meantime is a conflict, and nothing is written.',
        rlctl: ['override', 'set', '{{route}}', ...groups('rate', 'burst', 'window')],
        ifNoEffect: 'continue',
      },
      {
        id: 'after',
        title: 'Which policy the route has now',
        rlctl: ['policy', 'get', '{{route}}', ['--bucket', '{{bucket}}']],
        fields: { isSame: true },
      },
    ],
  },

  'raise-limit': {
    title: 'Raise a limit, burst first',
    summary:
      'Only raises: what is higher already stops it. Raises the burst of a route, looks at what that does, and raises the rate only where one is given. A burst lets callers through who come in waves and changes nothing about how much they get in an hour, so it is the smaller step. Raising a limit does not free a caller whose cell lies in the future: that one waits for its time.',
    inputs: {
      route,
      burst: {
        type: 'integer',
        min: 0,
        max: 100_000,
        example: 40,
        description: 'the new burst: requests beyond the first at once',
      },
      rate: {
        type: 'integer',
        min: 1,
        max: 60_000,
        optional: true,
        example: 120,
        description: 'the new rate per minute, after the burst',
      },
      bucket,
    },
    steps: [
      {
        id: 'before',
        title: 'Which policy the route has',
        rlctl: ['policy', 'get', '{{route}}', ['--bucket', '{{bucket}}']],
        exits: [0, 3],
      },
      {
        id: 'burst',
        title: 'Raise the burst, reload, prove',
        precheck: [notAbove('burst', '{{burst}}')],
        rlctl: ['override', 'set', '{{route}}', '--burst', '{{burst}}'],
        ifNoEffect: 'continue',
      },
      {
        id: 'traffic',
        title: 'What the limiter decides now',
        why: 'Fewer refusals with the new burst mean that callers came in waves, and the rate was right.',
        rlctl: ['decisions', 'show'],
        exits: lookingExits,
      },
      {
        id: 'rate',
        title: 'Raise the rate, reload, prove',
        when: { rate: '*' },
        precheck: [notAbove('ratePerMin', '{{rate}}')],
        rlctl: ['override', 'set', '{{route}}', '--rate', '{{rate}}'],
        ifNoEffect: 'continue',
      },
      {
        id: 'after',
        title: 'Which policy the route has now',
        rlctl: ['policy', 'get', '{{route}}', ['--bucket', '{{bucket}}']],
        fields: { isSame: true },
      },
    ],
  },
};

/** One reload for each kind of switch, which the answer tells of in another place. */
function reloads(
  prefix: string,
  title: string,
  more: Pick<WrittenRunbook['steps'][number], 'why' | 'ifNoEffect' | 'onlyIfNoEffect'>,
): WrittenRunbook['steps'] {
  const seen = (path: string, variable: string, id: string): WrittenRunbook['steps'][number] => ({
    id: `${prefix}-${id}`,
    title,
    ...more,
    when: { variable },
    rlctl: ['reload'],
    fields: { [path]: '{{value}}' },
  });
  return [
    seen('reloads.*.isEnabled', 'RATE_LIMIT_ENABLED', 'enabled'),
    seen('reloads.*.isShadow', 'RATE_LIMIT_SHADOW', 'shadow'),
    ...flags.map((flag) => ({
      id: `${prefix}-${flag.toLowerCase()}`,
      title,
      ...more,
      when: { variable: `RATE_LIMIT_SHADOW_${flag}` },
      rlctl: ['reload'],
      postcheck: [
        {
          rlctl: ['policy', 'get', '/rlctl-flag-of-the-bucket', '--bucket', flag.toLowerCase()],
          exits: [0, 3],
          fields: { 'server.isShadow': '{{value}}' },
        },
      ],
    })),
  ];
}

function reloadIds(prefix: string): string[] {
  return ['enabled', 'shadow', 'auth', 'read', 'write', 'financial'].map((id) => `${prefix}-${id}`);
}

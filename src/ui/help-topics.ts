import { environmentSettings, programSettings } from '../domain/config/settings.js';
import type { HelpTopic } from '../domain/help-topics.js';
import { exitCodes } from '../domain/exit-codes.js';
import { builtInProfiles, type SigningProfile } from '../domain/signing/profile.js';
import { checksPage } from './checks-page.js';
import { guardsPage } from './guards-page.js';
import { lintPage } from './lint-page.js';
import { renderTable } from './table.js';
import type { Theme } from './theme.js';
import { outputFormats, type View } from './view.js';

/** The help pages by topic. Each is generated from the table that the code reads. */
export const helpTopics: Readonly<Record<HelpTopic, () => View>> = {
  'exit-codes': exitCodePage,
  environment: environmentPage,
  output: outputPage,
  signing: signingPage,
  keys: keysPage,
  checks: checksPage,
  guards: guardsPage,
  lint: lintPage,
};

function exitCodePage(): View {
  return {
    kind: 'ExitCodes',
    data: { exitCodes },
    items: exitCodes,
    human: async (theme) =>
      [
        await renderTable(
          [{ title: 'CODE', align: 'right' }, { title: 'MEANING' }],
          exitCodes.map(({ code, meaning }) => [String(code), meaning]),
          theme,
        ),
        '',
        'A failure after a write is 8, never 4 or 7; the finer cause is error.code in the JSON.',
        'What stays until it is stopped (expire --watch, decisions watch, rollout status -w, sandbox up) has come to its end',
        'with Ctrl-C or SIGTERM: 130 and 143 are for what was cut off, such as an end that was written and not proven.',
        'A probe shows burst and shadow, never a rate: with --require enforced a change of the rate alone is 8.',
      ].join('\n'),
  };
}

function environmentPage(): View {
  return {
    kind: 'Settings',
    data: { environment: environmentSettings, program: programSettings },
    human: async (theme) => {
      const settings = environmentSettings.map(({ key, variable, limiterVariable, meaning, fallback }) => [
        key,
        [variable, limiterVariable === null ? null : `(${limiterVariable})`]
          .filter((each) => each !== null)
          .join('\n') || '-',
        `${meaning}; default: ${fallback}`,
      ]);
      const program = programSettings.map(({ variable, flag, meaning }) => [variable, flag ?? '-', meaning]);
      return [
        theme.bold('Settings of an environment'),
        'flag > RLCTL_* variable > file > default. A variable in parentheses is the limiter’s own: it only fills a gap.',
        '',
        await renderTable([{ title: 'IN rlctl.yaml' }, { title: 'VARIABLE' }, { title: 'MEANING' }], settings, theme),
        '',
        theme.bold('Settings of the program'),
        '',
        await renderTable([{ title: 'VARIABLE' }, { title: 'FLAG' }, { title: 'MEANING' }], program, theme),
        '',
        'rlctl.yaml is looked for from the working directory upwards, then $XDG_CONFIG_HOME/rlctl/config.yaml.',
        'A project’s rlctl.yaml gets no secret and runs no command before "rlctl env trust".',
      ].join('\n');
    },
  };
}

function outputPage(): View {
  return {
    kind: 'OutputFormats',
    data: { formats: outputFormats },
    human: (theme) =>
      [
        theme.bold('Results go to stdout, everything else to stderr.'),
        '',
        '-o table    for people (default)',
        '-o json     one document; --json for short',
        '-o yaml     the same document',
        '-o ndjson   one line for each item of a list',
        '--jq PROG   the JSON document through a jq program; texts come out raw',
        '',
        'Every document has "apiVersion" and "kind"; within a major version fields are only added.',
        'Times are RFC 3339. Exit codes 0, 3 and 8 print the result; any other code prints',
        '{"error":{"code","message","hint","exitCode"}} on stderr.',
        'A reader that leaves early is no error; a full disk under stdout is one (1).',
        'A stdout that was closed cannot be told from /dev/null, and a full stderr changes no exit code.',
        'Colour: --color, then NO_COLOR and TERM=dumb, then whether the stream is a terminal.',
      ].join('\n'),
  };
}

function signingPage(): View {
  return {
    kind: 'SigningProfiles',
    data: { profiles: builtInProfiles.map(profileJson) },
    human: async (theme) =>
      [
        theme.bold('Signing profiles'),
        '',
        await renderTable(
          [
            { title: 'PROFILE' },
            { title: 'HEADER' },
            { title: 'SIGNED TEXT' },
            { title: 'BODY' },
            { title: 'ENCODING' },
          ],
          builtInProfiles.map((profile) => [
            profile.name,
            profile.header,
            JSON.stringify(profile.payload),
            profile.body ?? '(none)',
            `${profile.prefix}${profile.encoding}`,
          ]),
          theme,
        ),
        '',
        'signing: auto (the default) tries them in this order, the next one only on a 403 for the',
        'signature, and remembers for each environment what worked. One of your own, as data:',
        '',
        'signing:',
        '  header: X-Signature            # where the signature goes',
        '  timestampHeader: X-Timestamp   # optional; {timestamp} is in unix seconds',
        '  payload: "{timestamp}.{body}"  # what is signed: {timestamp} {body} {id}',
        '  body: \'{"action": "reload"}\'   # what is sent',
        '  encoding: hex                  # or base64',
        '  prefix: "sha256="              # optional',
        '  headers: { X-Client: rlctl }   # optional',
      ].join('\n'),
  };
}

function profileJson({ headers, ...profile }: SigningProfile): Record<string, unknown> {
  return { ...profile, headers: Object.fromEntries(headers) };
}

function keysPage(): View {
  const keys = [
    [
      'NS:rl:overrides',
      'string',
      'the override document, one JSON object; rlctl writes it compare-and-set and keeps its TTL',
    ],
    [
      '{NS:rl:overrides}:history',
      'stream',
      'every change made with rlctl, and what others left; rlctl alone writes it',
    ],
    ['{NS:rl:overrides}:meta', 'string', 'who set which entry, why, when and until when; rlctl alone writes it'],
    ['{NS:rl:overrides}:expiry', 'string', 'when "override expire" ran last; rlctl alone writes it'],
    ['NS:BUCKET:IDENTITY', 'string', 'a caller’s cell; rlctl does not touch it'],
    ['NS:lock:…, NS:idem:…', 'string', 'locks and idempotency entries; only lock clear and idem clear touch them'],
  ] as const;
  return {
    kind: 'Keys',
    data: { keys: keys.map(([key, type, meaning]) => ({ key, type, meaning })) },
    human: async (theme: Theme) =>
      [
        theme.bold('Keys in Redis'),
        '',
        await renderTable(
          [{ title: 'KEY' }, { title: 'TYPE' }, { title: 'MEANING' }],
          keys.map((row) => [...row]),
          theme,
        ),
        '',
        'All four of rlctl’s keys live in one slot of a Redis Cluster. Where NS holds a hash tag, the',
        'siblings are NS:rl:overrides:history, :meta and :expiry.',
      ].join('\n'),
  };
}

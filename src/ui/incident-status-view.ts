import type { Environment } from '../domain/config/environment.js';
import type { RlctlError } from '../domain/errors.js';
import type { FlagToRestore, Incident } from '../domain/incident/incident.js';
import type { FlagDeed } from '../domain/incident/operation-flags.js';
import type { LiveProof } from '../domain/incident/verdict.js';
import type { RouteDiff } from '../domain/override/diff.js';
import { quoteOutside } from '../domain/outside-text.js';
import { addressed } from '../domain/printed-command.js';
import { inWords } from '../domain/shadow/flag-evidence.js';
import { globalVariable, type GlobalLine } from '../domain/shadow/global-shadow.js';
import type { IncidentStory } from '../procedures/incident/report.js';
import { incidentJson, timelineJson } from './incident-json.js';
import { paintVerdict, storyText } from './incident-story-text.js';
import { diffText, routeText } from './incident-words.js';
import { pasted } from './pasted.js';
import { term } from './term.js';
import { isoTime } from './time.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/** Nothing is open. `untold`: one that has ended, and that others are still to be told of. */
export function noIncidentView(environment: Environment, untold: Incident | null): View {
  const left =
    untold && `incident ${untold.id} has ended, and not everybody was told of it yet; to tell them: rlctl incident end`;
  const next = 'open one: rlctl incident start TITLE; those that have ended: rlctl incident list';
  return {
    kind: 'IncidentStatus',
    data: { environment: environment.name, isOpen: false, incident: null, timeline: [], untold: untold?.id ?? null },
    items: [],
    human: (theme) =>
      [
        `no incident is open on ${term(environment.name)}`,
        ...(left === null ? [] : [theme.warn(term(addressed(left, environment.address)))]),
        theme.dim(term(addressed(next, environment.address))),
      ].join('\n'),
  };
}

/** A flag that goes back, and what decides of its bucket then. */
export interface FlagBack extends FlagToRestore {
  /**
   * Present: no line of its own is left, and global shadow decides, which the file says so; `null`: it does not say, and the
   * server may have it from elsewhere. Absent: the flag is set itself, or nobody can tell what stood there.
   */
  readonly global?: GlobalLine | null;
}

/** What the end would take back. */
export interface WayBack {
  readonly diff: readonly RouteDiff[];
  readonly remarks: readonly string[];
  readonly flags: readonly FlagBack[];
  /** What has to be taken back by its own command first. */
  readonly elsewhere: readonly FlagDeed[];
  /** The open panics that are over with it. */
  readonly ends: readonly { readonly id: string; readonly command: string }[];
  /** Why it would be refused; `null`: it would not. */
  readonly refusal: RlctlError | null;
}

/** What an open incident comes to now. */
export interface InForce {
  readonly proof: LiveProof | null;
  readonly wayBack: WayBack;
  /** Who is ending it, and holds it until then unless that is renewed; `null`: nobody is. */
  readonly ending: { readonly holder: string; readonly untilMs: number } | null;
}

/** Where the open incident stands. */
export function incidentStatusView(
  story: IncidentStory,
  { proof, wayBack, ending }: InForce,
  environment: Environment,
): View {
  const { incident, timeline, nowMs, isCut } = story;
  const items = timelineJson(timeline);
  const { refusal, ...restores } = wayBack;
  return {
    kind: 'IncidentStatus',
    data: {
      environment: environment.name,
      isOpen: true,
      incident: incidentJson(incident),
      elapsedSeconds: Math.round((nowMs - incident.start.atMs) / 1000),
      isCut,
      timeline: items,
      ending: ending && { holder: ending.holder, until: isoTime(ending.untilMs) },
      proof: proof === null ? null : { verdict: proof.verdict, diagnosis: proof.diagnosis },
      restores: {
        ...restores,
        refusal: refusal === null ? null : { code: refusal.code, message: refusal.message, exitCode: refusal.exitCode },
      },
    },
    items,
    human: async (theme) =>
      [
        await storyText(story, environment, theme),
        ...(proof === null
          ? []
          : [
              `in force now: ${paintVerdict(proof.verdict, theme)}: ${term(addressed(proof.diagnosis, environment.address))}`,
            ]),
        '',
        ...wayBackLines(wayBack, environment, theme),
        ...(ending === null ? waysOut(wayBack, environment, theme) : endingLines(ending, environment, theme)),
      ].join('\n'),
  };
}

/** What the end would restore, as it stands before the question as well. */
export function wayBackLines(
  { diff, remarks, flags, elsewhere, refusal, ends }: WayBack,
  environment: Environment,
  theme: Theme,
): readonly string[] {
  const { address } = environment;
  if (refusal !== null)
    return [
      theme.warn(`its end could take nothing back now: ${term(refusal.message)}`),
      ...(refusal.hint === undefined ? [] : [`${theme.accent('hint:')}  ${term(addressed(refusal.hint, address))}`]),
    ];
  const lines = [
    ...diff.map((each) => `  ${term(routeText(each.route))}  ${term(diffText(each))}`),
    ...flags.map((flag) => `  flag of ${term(flag.bucket)}: ${flagBackText(flag)}`),
  ];
  const first = standingLines(elsewhere, environment, theme);
  if (lines.length === 0) return [...first, 'its end would have nothing to take back'];
  return [
    ...first,
    'its end would restore:',
    ...lines,
    ...endsLines(ends, theme),
    ...remarks.map((remark) => `${theme.accent('note:')}  ${term(addressed(remark, address))}`),
  ];
}

function flagBackText({ isOn, global }: FlagBack): string {
  if (global === undefined) return `shadow ${isOn ? 'on' : 'off'}`;
  if (global === null) return 'no line of its own; global shadow decides, which the file does not set';
  const line = term(`${globalVariable}=${quoteOutside(global.raw, 40)}, line ${global.line}`);
  return `no line of its own; ${inWords(global.isShadow)} by global shadow (${line})`;
}

function waysOut({ diff, flags, refusal }: WayBack, environment: Environment, theme: Theme): readonly string[] {
  if (refusal !== null || diff.length + flags.length === 0) return [];
  return [
    theme.dim('to take exactly that back, or to leave it:'),
    ...['--restore', '--keep'].map((flag) => pasted(`  ${term(endCommand(flag, environment))}`)),
  ];
}

/** While somebody is ending it, its end is refused to everybody else. */
function endingLines(
  { holder, untilMs }: NonNullable<InForce['ending']>,
  { address }: Environment,
  theme: Theme,
): readonly string[] {
  const until = isoTime(untilMs);
  const next = `what became of it: rlctl incident status; where their rlctl was killed, the end can be asked for again after ${until}`;
  return [
    theme.warn(`it is being ended by ${term(holder)}, until ${until} unless that is renewed`),
    theme.dim(term(addressed(next, address))),
  ];
}

function endCommand(flag: string, environment: Environment): string {
  return addressed(`rlctl incident end ${flag}`, environment.address);
}

/** What is open, and over once this is taken back. */
export function endsLines(ends: WayBack['ends'], theme: Theme): readonly string[] {
  return ends.map(({ id, command }) => theme.warn(`  panic ${term(id)} (${term(command)}) is open, and ends with it`));
}

/** What only its own command can take back, and has to before the end. */
export function standingLines(deeds: readonly FlagDeed[], environment: Environment, theme: Theme): readonly string[] {
  return deeds.map(({ operation, command, wayBack }) =>
    theme.warn(
      `${term(operation === null ? command : `${operation.kind} ${operation.id}`)} set flags and still stands; to be taken back first: ${term(addressed(wayBack, environment.address))}`,
    ),
  );
}

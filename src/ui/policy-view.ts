import type { Environment } from '../domain/config/environment.js';
import type { Explanation, ExplanationStep } from '../domain/policy/explain.js';
import type { Policy } from '../domain/control-plane.js';
import { enforcementRemarks, nothingSeen, whyUnheeded, type SeenEnforcement } from '../domain/policy/enforcement.js';
import { reloadCure, type RefusedSignatures } from '../domain/fleet/refused-signatures.js';
import type { Finding } from '../domain/finding.js';
import { counted } from '../domain/counted.js';
import { policyInWords } from '../domain/policy/gcra.js';
import { leftUnder, type LeftUnder } from '../domain/policy/under-route.js';
import { isNoneLeft, leftRemarks } from './left-under-text.js';
import { addressed, type CommandAddress } from '../domain/printed-command.js';
import { shellWord } from '../domain/shell-words.js';
import type { PolicyCheck, PolicyField } from '../procedures/policy.js';
import { addressedFindings, findingLines } from './finding-lines.js';
import { pasted } from './pasted.js';
import { renderTable } from './table.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

const fieldTitles = {
  ratePerMin: 'rate per minute',
  burst: 'burst',
  windowSeconds: 'window (s)',
  isShadow: 'shadow',
} as const;

/** What earlier reloads and probes showed. */
export interface PolicyKnown {
  readonly seen: SeenEnforcement;
  /** Addresses that refused the signature when they were last reloaded from here. */
  readonly refused: RefusedSignatures;
}

/** The server's policy beside the expected one. */
export function policyView(
  check: PolicyCheck,
  bucketSource: string,
  environment: Environment,
  { seen, refused }: PolicyKnown,
): View {
  const { question, server, base, explanation, fields, isSame, isNothingStored } = check;
  const left = leftRefusing(check, seen);
  const remarks = [...remarksOn(explanation, seen), ...leftRemarks(left)];
  const winner = explanation.winner?.prefix ?? null;
  return {
    kind: 'Policy',
    data: {
      environment: environment.name,
      route: question.route,
      method: question.method,
      bucket: question.bucket,
      bucketSource,
      server,
      base,
      expected: Object.fromEntries(fields.map(({ name, expected }) => [name, expected])),
      winner,
      isSame,
      isNothingStored,
      isObserving:
        seen.off !== null || (server.isShadow && (winner === null || whyUnheeded(seen) === null) && isNoneLeft(left)),
      remarks,
    },
    human: async (theme) => {
      const head = `${theme.bold(term(question.route))}  bucket ${term(question.bucket)} ${theme.dim(`(${bucketSource})`)}`;
      const by = winner === null ? 'no stored override matches' : `override ${term(JSON.stringify(winner))} should win`;
      const table = await renderTable(
        [{ title: '' }, { title: 'SERVER', align: 'right' }, { title: 'EXPECTED', align: 'right' }, { title: '' }],
        fields.map((field) => fieldRow(field, theme)),
        theme,
      );
      const words = `the server's answer means: ${policyInWords(server)}`;
      const verdict = isSame
        ? theme.good('as expected')
        : theme.bad(term(addressed(differentText(isNothingStored, question.targets, refused), environment.address)));
      return [head, by, table, words, verdict, ...remarks.map((remark) => theme.warn(term(remark)))].join('\n');
    },
  };
}

/** What refuses under a route that the server shows in shadow. */
function leftRefusing({ question, server, base, under, flags }: PolicyCheck, seen: SeenEnforcement): LeftUnder | null {
  if (!server.isShadow || seen.off !== null) return null;
  const flagOf = (bucket: string): boolean | null =>
    bucket === question.bucket ? (base?.isShadow ?? null) : (flags.get(bucket) ?? null);
  return leftUnder(under, flagOf, whyUnheeded(seen) === null);
}

/** What a server that differs comes to: a reload is the cure only where something is stored that it would bring. */
export function differentText(
  isNothingStored: boolean,
  targets: readonly string[],
  refused: RefusedSignatures,
): string {
  return isNothingStored
    ? 'DIFFERENT: nothing is stored where rlctl looks, and a server holds something; before any reload, which would drop it, run: rlctl status'
    : `DIFFERENT: the server does not hold what Redis holds; ${reloadCure(targets, refused)}`;
}

function fieldRow({ name, server, expected }: PolicyField, theme: Theme): readonly string[] {
  const isSame = expected === null || expected === server;
  return [
    fieldTitles[name],
    String(server),
    expected === null ? 'not known' : String(expected),
    isSame ? '' : theme.bad('✗'),
  ];
}

/** Where the parts of an explanation came from. */
export interface ExplanationSources {
  readonly bucket: string;
  readonly overrides: string;
  /** Who stated the bucket's own policy; `null`: nobody. */
  readonly base: string | null;
}

/** What is known beside the explanation itself. */
export interface ExplanationFacts {
  /** How the command that counts refusals names its place. */
  readonly address: CommandAddress;
  readonly seen: SeenEnforcement;
  /** The bucket's own policy; `null`: not known. */
  readonly base: Policy | null;
  /** What the server says beside it; `null`: none was asked. */
  readonly live: LiveFacts | null;
}

interface LiveFacts {
  /** The route's policy as it is now. */
  readonly server: Policy;
  /** True: what is stored comes to the same. */
  readonly isSame: boolean;
  /** What brings it to hold what is stored: a sentence. */
  readonly cure: string;
  /** Why nothing of what was stored would be left after a reload; `null`: it would. */
  readonly finding: Finding | null;
}

/** What was seen that speaks against this explanation: of overrides only where one wins. */
function remarksOn({ winner }: Explanation, seen: SeenEnforcement): readonly string[] {
  return enforcementRemarks(winner === null ? { ...nothingSeen, off: seen.off } : seen);
}

/** The walk through every override in the server's order. */
export function explanationView(
  explanation: Explanation,
  sources: ExplanationSources,
  { address, seen, base, live }: ExplanationFacts,
): View {
  const { route, bucket, winner, steps, vanished, droppedBecause, policy, inWords } = explanation;
  const remarks = remarksOn(explanation, seen);
  const findings = addressedFindings(live?.finding ? [live.finding] : [], address);
  const isLost = findings.length > 0;
  const isDrift = !isLost && remarks.length === 0;
  const loadIt = live === null ? '' : addressed(`; it does not hold what is stored; ${live.cure}`, address);
  const isDoubted = remarks.length > 0 || isLost || live?.isSame === false;
  return {
    kind: 'PolicyExplanation',
    data: {
      route,
      bucket,
      sources,
      winner: winner?.prefix ?? null,
      steps,
      vanished,
      droppedBecause,
      policy,
      inWords,
      server: live?.server ?? null,
      isInForce: live?.isSame ?? null,
      findings,
      remarks,
    },
    items: steps,
    human: async (theme) => {
      const lines = [
        `${theme.bold(term(route))}  bucket ${term(bucket)} ${theme.dim(`(${sources.bucket})`)}, overrides from ${term(sources.overrides)}`,
      ];
      if (droppedBecause !== null && !isLost)
        lines.push(theme.bad(`the server drops every override: ${term(droppedBecause)}`));
      lines.push(...findingLines(findings, theme));
      const shown = stepsShown(steps);
      if (shown.length > 0) lines.push(await stepsTable(shown, theme));
      if (shown.length < steps.length) {
        const others = counted(steps.length - shown.length, shown.length > 0 ? 'other override' : 'override');
        lines.push(theme.dim(`${others} not shown: the route does not start with any of them (--json has them all)`));
      }
      for (const { prefix, because } of vanished)
        lines.push(theme.warn(`${term(JSON.stringify(prefix))} vanishes while loading: ${term(because)}`));
      for (const step of shown)
        for (const note of step.notes) lines.push(theme.warn(`${term(JSON.stringify(step.prefix))}: ${term(note)}`));
      lines.push(
        winner === null
          ? `${isLost ? 'after a reload ' : ''}no override wins: the bucket’s own policy holds`
          : `${term(JSON.stringify(winner.prefix))} ${isDoubted ? 'should win' : 'wins'}: the first that starts the route`,
      );
      lines.push(
        inWords === null
          ? theme.dim('its numbers in full need the bucket’s own policy, which only a server tells')
          : `${isDoubted ? 'it would mean' : 'it means'}: ${inWords}`,
      );
      if (live !== null && (isLost || !live.isSame))
        lines.push(theme.warn(term(`now the server says: ${policyInWords(live.server)}${isDrift ? loadIt : ''}`)));
      lines.push(...remarks.map((remark) => theme.warn(term(remark))));
      if (remarks.length > 0 && seen.off === null && base !== null)
        lines.push(`the bucket’s own policy means: ${policyInWords(base)}`);
      if (!isDoubted && policy !== null && !policy.isShadow) lines.push(...refusalLines(bucket, address));
      return lines.join('\n');
    },
  };
}

/** How a client sees an enforced policy, and where its refusals are counted. */
function refusalLines(bucket: string, address: CommandAddress): readonly string[] {
  const command = `${addressed('rlctl decisions show', address)} --bucket ${shellWord(bucket)}`;
  return [
    'it enforces: a request over it is answered 429, mostly with Retry-After; how many were (no other limiter’s):',
    pasted(`  ${term(command)}`),
  ];
}

const mostNoMatches = 25;

/** Every step; of a large document those alone that have something to do with the route. */
function stepsShown(steps: readonly ExplanationStep[]): readonly ExplanationStep[] {
  const matching = steps.filter(({ outcome }) => outcome !== 'noMatch');
  return steps.length - matching.length > mostNoMatches ? matching : steps;
}

async function stepsTable(steps: readonly ExplanationStep[], theme: Theme): Promise<string> {
  const paint = { won: theme.good, lost: theme.warn, hidden: theme.warn, skipped: theme.bad, noMatch: theme.dim };
  const shown = { won: 'won', lost: 'lost', hidden: 'hidden', skipped: 'skipped', noMatch: 'no match' };
  return renderTable(
    [{ title: '#', align: 'right' }, { title: 'PREFIX' }, { title: 'OUTCOME' }, { title: 'BECAUSE', isFlexible: true }],
    steps.map(({ index, prefix, outcome, because }) => [
      String(index + 1),
      prefix === '' ? '""' : term(prefix),
      paint[outcome](shown[outcome]),
      term(because),
    ]),
    theme,
  );
}

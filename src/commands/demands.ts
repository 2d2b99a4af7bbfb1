import type { Context } from '../context.js';
import type { Environment, Requirement } from '../domain/config/environment.js';
import { needFlags, type Demand } from '../domain/demand.js';
import { RlctlError } from '../domain/errors.js';
import { confirmationDemand, type Consent, type ToConfirm } from './confirmation.js';
import type { MutationInput } from './mutation.js';

// What a change is refused for before anything is written, found as a whole: whoever is told half of it is sent back twice.

/** What an author has said of a change. */
type Said = Pick<MutationInput, 'reason' | 'ticket' | 'end'>;

const needNames: Readonly<Record<Requirement, string>> = { reason: 'a reason', ticket: 'a ticket', end: 'an end' };

/** What an environment wants of every change and was not given; empty: nothing. */
export function requirementDemands({ name, requirements }: Environment, said: Said): readonly Demand[] {
  const missing = missingAmong(requirements, said);
  const [first] = missing;
  if (first === undefined) return [];
  const message = `the environment "${name}" wants ${namesOf(missing)} for every change`;
  return [
    {
      code: `${first.toUpperCase()}_MISSING`,
      message,
      clause: message,
      hint: `Add ${flagsFor(missing)}.`,
      cures: [],
      needs: missing,
      flags: [],
    },
  ];
}

/** Everything that stands against a change beside its guards; what asks a terminal is no demand where there is one. */
export function changeDemands(
  context: Context,
  environment: Environment,
  said: Said & Consent,
  about: Pick<ToConfirm, 'isNoop' | 'isReloading'>,
): readonly Demand[] {
  const confirmation = confirmationDemand(context, environment, said, about);
  return [
    ...(about.isNoop ? [] : requirementDemands(environment, said)),
    ...(confirmation === null ? [] : [confirmation]),
  ];
}

/** What a change that is yet to be made would be refused for, as remarks of its plan. `verb`: how it will be made. */
export function demandRemarks({ name, requirements }: Environment, said: Said, verb: string): readonly string[] {
  const missing = missingAmong(requirements, said);
  if (missing.length === 0) return [];
  return [`${verb} will be refused without more: "${name}" wants ${namesOf(missing)}; give it ${flagsFor(missing)}`];
}

/** That somebody, or a flag, has to confirm a change; empty: nobody has to. */
export function confirmationRemarks(
  { name, isProtected }: Environment,
  { confirm }: Pick<Consent, 'confirm'>,
  verb: string,
): readonly string[] {
  if (!isProtected || confirm === name) return [];
  return [`"${name}" is protected: without a terminal ${verb} will be refused unless it is given --confirm ${name}`];
}

/** An error about trust, with what the change will want next: whoever follows it is not to be sent back twice. */
export function withRequirements(error: unknown, input: MutationInput): unknown {
  if (!(error instanceof RlctlError) || error.code !== 'CONFIG_UNTRUSTED' || input.isDryRun) return error;
  const missing = missingAmong((error.details?.['requirements'] ?? []) as readonly Requirement[], input);
  if (missing.length === 0) return error;
  const { kind, message, code, hint, details = {} } = error;
  const also = `. The change will also want ${flagsFor(missing)}.`;
  return new RlctlError(kind, message, { code, hint: `${hint ?? ''}${also}`, details });
}

function namesOf(missing: readonly Requirement[]): string {
  return missing.map((each) => needNames[each]).join(' and ');
}

function flagsFor(missing: readonly Requirement[]): string {
  return missing.map((each) => needFlags[each]).join(' and ');
}

function missingAmong(requirements: readonly Requirement[], said: Said): readonly Requirement[] {
  const isGiven = (each: Requirement): boolean =>
    each === 'end' ? said.end.kind !== 'unsaid' : (said[each]?.trim() ?? '') !== '';
  return requirements.filter((each) => !isGiven(each));
}

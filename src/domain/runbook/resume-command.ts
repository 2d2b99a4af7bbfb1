import { shellWords } from '../shell-words.js';

/** How a run is gone on with, as it was asked for. */
export interface Resumption {
  /** True: what it did is taken back. */
  readonly isTakingBack: boolean;
  /** True: every step that is left is left out; absent: false. */
  readonly isSkippingRest?: boolean;
  /** What somebody said of single steps, by their ids; absent: nothing. */
  readonly choices?: { readonly [Flag in 'done' | 'again' | 'skip']?: ReadonlySet<string> };
}

/** The command that goes on with a run in the same way: without its flags it could go the other way. */
export function resumeCommand(id: string, { isTakingBack, isSkippingRest = false, choices }: Resumption): string {
  const said = (['done', 'again', 'skip'] as const).flatMap((flag) =>
    [...(choices?.[flag] ?? [])].flatMap((step) => [`--${flag}`, step]),
  );
  const flags = [...(isTakingBack ? ['--undo'] : []), ...(isSkippingRest ? ['--skip-rest'] : []), ...said];
  return shellWords(['rlctl', 'runbook', 'resume', id, ...flags]);
}

/** How a way back goes past a step that cannot be taken back, as a clause. */
export function leftAsItIs(id: string, step: string): string {
  return `leave what this step did with: ${resumeCommand(id, { isTakingBack: true, choices: { skip: new Set([step]) } })}`;
}

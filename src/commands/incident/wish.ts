import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { counted } from '../../domain/counted.js';
import { RlctlError } from '../../domain/errors.js';
import type { Incident } from '../../domain/incident/incident.js';
import type { FlagDeed } from '../../domain/incident/operation-flags.js';
import { changesIn } from '../../domain/incident/timeline.js';
import type { IncidentPorts } from '../../procedures/incident/stored.js';
import { wayBackLines } from '../../ui/incident-status-view.js';
import { storyText } from '../../ui/incident-story-text.js';
import { canAsk, outsideDeadline } from '../confirmation.js';
import type { Seen } from './look.js';
import { shownNow } from './shown.js';

/** What is to become of what was changed. */
export type Wish = 'restore' | 'keep';

/** Throws a guard where flags were set by what only its own command can take back from here. */
export function assertHere([deed]: readonly FlagDeed[]): void {
  if (deed === undefined) return;
  const { operation, command, buckets } = deed;
  const what = buckets.length === 0 ? 'the master switch' : `flags of ${buckets.join(', ')}`;
  const who = operation === null ? command : `${operation.kind} ${operation.id}`;
  throw new RlctlError('guard', `${who} set ${what} since the start, and still stands; nothing was written`, {
    code: 'OPERATION_STANDS',
    hint: `Take that back first: ${deed.wayBack}; then again: ${restoring}`,
    details: { operation: operation?.id ?? null, buckets },
  });
}

/** Nothing was changed: there is nothing to ask. Throws a guard (6) that names the flags where nobody can be asked. */
export async function askWish(
  context: Context,
  environment: Environment,
  ports: IncidentPorts,
  seen: Seen,
): Promise<Wish> {
  const { story } = seen;
  const changes = changesIn(story.timeline).length;
  if (changes === 0) return 'keep';
  if (!canAsk(context)) throw unsaid(story.incident, changes);
  const theme = await context.theme();
  const shown = await shownNow(context, environment, ports, seen);
  const lines = [
    await storyText(shown.story, environment, theme),
    '',
    ...wayBackLines(shown.wayBack, environment, theme),
  ];
  await context.note(lines.join('\n'));
  const { askChoice } = await import('../../ui/prompt.js');
  const answer = await outsideDeadline(context, () =>
    askChoice('What was changed since the start:', theme, [
      { value: 'none', label: 'leave the incident open' },
      { value: 'restore', label: 'take exactly that back, and end it' },
      { value: 'keep', label: 'keep it, and end it' },
    ]),
  );
  if (answer !== 'none') return answer;
  throw new RlctlError('guard', `incident ${story.incident.id} stays open; nothing was changed`, {
    code: 'NOT_CONFIRMED',
  });
}

const restoring = 'rlctl incident end --restore';

function unsaid({ id }: Incident, changes: number): RlctlError {
  return new RlctlError(
    'guard',
    `incident ${id} holds ${counted(changes, 'change')}, and nobody was there to ask what becomes of that`,
    {
      code: 'END_UNSAID',
      hint: `Take exactly that back: ${restoring}; or leave everything as it is: rlctl incident end --keep`,
    },
  );
}

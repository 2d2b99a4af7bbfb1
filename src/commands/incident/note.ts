import { parseNote } from '../../domain/incident/incident.js';
import { addNote } from '../../procedures/incident/stored.js';
import { incidentNoteView } from '../../ui/incident-view.js';
import { defineCommand, textFlag } from '../command.js';
import { assertNoneOther } from '../confirmation.js';
import { confirmOption } from '../mutation.js';
import { incidentPorts } from './ports.js';

// What somebody saw or did elsewhere, in their own words, in the timeline of the open incident.

export const command = defineCommand({
  register: (c) => {
    c.argument('<text...>', 'what was seen; - reads it from stdin').addOption(confirmOption());
  },
  examples: [
    'rlctl -e prod incident note "deploy 4711 rolled back"',
    'kubectl get pods | rlctl -e prod incident note -',
  ],
  input: (args, flags) => ({
    words: args.flatMap((word) => word ?? []),
    confirm: textFlag(flags, 'confirm'),
  }),
  action: async (context, { words, confirm }) => {
    const isStdin = words.length === 1 && words[0] === '-';
    const text = parseNote(isStdin ? (await context.host.stdin.readAll()).toString('utf8') : words.join(' '));
    const environment = await context.environment();
    assertNoneOther(environment, confirm);
    const ports = await incidentPorts(context, environment);
    const incident = await addNote(ports, { actor: await context.actor(), text: context.redact(text) });
    return { view: incidentNoteView(incident, environment), exit: 'ok' };
  },
});

import { parseNote } from '../../domain/incident/incident.js';
import { addNote } from '../../procedures/incident/stored.js';
import { incidentNoteView } from '../../ui/incident-view.js';
import { defineCommand } from '../command.js';
import { incidentPorts } from './ports.js';

// What somebody saw or did elsewhere, in their own words, in the timeline of the open incident.

export const command = defineCommand({
  register: (c) => {
    c.argument('<text...>', 'what was seen; - reads it from stdin');
  },
  examples: [
    'rlctl -e prod incident note "deploy 4711 rolled back"',
    'kubectl get pods | rlctl -e prod incident note -',
  ],
  input: (args) => ({ words: args.flatMap((word) => word ?? []) }),
  action: async (context, { words }) => {
    const isStdin = words.length === 1 && words[0] === '-';
    const text = parseNote(isStdin ? (await context.host.stdin.readAll()).toString('utf8') : words.join(' '));
    const environment = await context.environment();
    const ports = await incidentPorts(context, environment);
    const incident = await addNote(ports, { actor: await context.actor(), text: context.redact(text) });
    return { view: incidentNoteView(incident, environment), exit: 'ok' };
  },
});

import { usageError } from '../../domain/errors.js';
import { isIncidentId } from '../../domain/incident/incident.js';
import { readStory } from '../../procedures/incident/report.js';
import { findIncident } from '../../procedures/incident/stored.js';
import { keptPanics } from '../../procedures/panic/keep.js';
import { incidentShowView } from '../../ui/incident-view.js';
import { defineCommand } from '../command.js';
import { addPageFlags, pageFiles, pageFlags, writePages } from './pages.js';
import { incidentPorts, otherKnowledge } from './ports.js';

// The story of one incident, open or ended, as often as somebody wants it.

export const command = defineCommand({
  register: (c) => {
    c.argument('[id]', 'which one (default: the open one)');
    addPageFlags(c);
  },
  examples: ['rlctl -e prod incident show i-1a2b3c4d', 'rlctl -e prod incident show i-1a2b3c4d --out . --force'],
  input: ([id], flags) => {
    if (id !== undefined && !isIncidentId(id))
      throw usageError(`"${id}" is no incident's id`, 'One reads i-1a2b3c4d; see: rlctl incident list');
    return { id: id ?? null, pages: pageFlags(flags) };
  },
  action: async (context, { id, pages }) => {
    const environment = await context.environment();
    const ports = await incidentPorts(context, environment);
    context.progress.step('reading the incident');
    const incident = await findIncident(ports, id);
    const files = await pageFiles(context, pages, incident.id);
    const known = await otherKnowledge(context, environment, ports, await keptPanics(ports));
    const story = await readStory(ports, incident, known);
    await writePages(context, environment, story, files);
    return { view: incidentShowView(story, files, environment), exit: 'ok' };
  },
});

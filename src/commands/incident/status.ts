import { incidentNow } from '../../procedures/incident/stored.js';
import { incidentStatusView, noIncidentView } from '../../ui/incident-status-view.js';
import { defineCommand } from '../command.js';
import { look } from './look.js';
import { incidentPorts } from './ports.js';
import { shownNow } from './shown.js';

// Where the open incident stands: who, since when, what was changed and whether it is in force, and what the way back is.

export const command = defineCommand({
  register: () => undefined,
  examples: ['rlctl -e prod incident status', "rlctl -e prod incident status --jq '.timeline[].command'"],
  input: () => null,
  action: async (context) => {
    const environment = await context.environment();
    const ports = await incidentPorts(context, environment);
    context.progress.step('reading the incident');
    const { open, untold, lease } = await incidentNow(ports);
    if (open === null) return { view: noIncidentView(environment, untold), exit: 'ok' };
    const seen = await look(context, environment, ports, open);
    const { story, ...more } = await shownNow(context, environment, ports, seen);
    return { view: incidentStatusView(story, { ...more, ending: lease }, environment), exit: 'ok' };
  },
});

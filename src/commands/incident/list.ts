import { listIncidents } from '../../procedures/incident/stored.js';
import { incidentListView } from '../../ui/incident-view.js';
import { defineCommand } from '../command.js';
import { incidentPorts } from './ports.js';

// Every incident that Redis keeps of this environment, the newest first.

export const command = defineCommand({
  register: () => undefined,
  examples: ['rlctl -e prod incident list', "rlctl -e prod incident list --jq '.incidents[].id'"],
  input: () => null,
  action: async (context) => {
    const environment = await context.environment();
    context.progress.step('reading the incidents');
    const incidents = await listIncidents(await incidentPorts(context, environment));
    return { view: incidentListView(incidents, environment, context.clock.nowMs()), exit: 'ok' };
  },
});

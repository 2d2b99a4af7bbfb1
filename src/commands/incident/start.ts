import { Option } from 'commander';
import { parseTitle } from '../../domain/incident/incident.js';
import { leftUntold } from '../../procedures/incident/left-untold.js';
import { startIncident } from '../../procedures/incident/stored.js';
import { incidentStartedView } from '../../ui/incident-view.js';
import { announce } from '../announce.js';
import { defineCommand, textFlag } from '../command.js';
import { assertNoneOther } from '../confirmation.js';
import { confirmOption } from '../mutation.js';
import { knownAtStart } from './known-at-start.js';
import { incidentPorts } from './ports.js';
import { announceEnd } from './tell-end.js';

// From here on, everything that anybody changes on this environment belongs together. Changes nothing itself.

export const command = defineCommand({
  register: (c) => {
    c.argument('<title...>', 'what is wrong, in a few words')
      .addOption(new Option('--ticket <id>', 'ticket; kept with the incident and with the change that ends it'))
      .addOption(confirmOption());
  },
  examples: ['rlctl -e prod incident start "search answers 429"', 'rlctl -e prod incident start slow --ticket INC-42'],
  input: (args, flags) => ({
    title: parseTitle(args.flatMap((word) => word ?? [])),
    ticket: textFlag(flags, 'ticket'),
    confirm: textFlag(flags, 'confirm'),
  }),
  action: async (context, { title: said, ticket, confirm }) => {
    const title = context.redact(said);
    const environment = await context.environment();
    assertNoneOther(environment, confirm);
    const ports = await incidentPorts(context, environment);
    context.progress.step('opening an incident');
    const untold = await leftUntold(ports, (holder) =>
      context.progress.step(`${holder} is telling of the end of the last one; waiting for that`),
    );
    // Whoever ended the last one was killed before everybody heard of it.
    const rest = untold === null ? [] : await announceEnd(context, environment, ports, untold);
    const startedBy = await context.actor();
    const flips = await knownAtStart(context, environment, ports);
    const incident = await startIncident(ports, { title, ticket, startedBy, environment: environment.name, flips });
    const notifications = await announce(context, environment, {
      kind: 'incident',
      event: 'incident.started',
      changeId: null,
      command: 'incident start',
      summary: `${startedBy} started incident ${incident.id}: ${title}`,
      routes: [],
      verdict: null,
      reason: title,
      ticket,
      partOf: [{ kind: 'incident', id: incident.id }],
    });
    return { view: incidentStartedView(incident, environment, [...rest, ...notifications]), exit: 'ok' };
  },
});

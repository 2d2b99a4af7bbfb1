import { Option } from 'commander';
import type { Environment } from '../../domain/config/environment.js';
import { untrusted } from '../../domain/config/trust.js';
import { usageError } from '../../domain/errors.js';
import { nearNames } from '../../domain/near-names.js';
import type { NotifyTarget } from '../../domain/notify/target.js';
import { addressedError } from '../../domain/printed-command.js';
import { tell } from '../../procedures/notify/tell.js';
import { notifyPlanView, notifyTestView } from '../../ui/notify-view.js';
import { defineCommand, switchFlag } from '../command.js';
import { eventFrom, tellPorts } from './deliver.js';

// Whether those who are to be told of changes would hear of them.

interface TestInput {
  /** Empty: every receiver. */
  readonly names: readonly string[];
  readonly isDryRun: boolean;
}

/** The receivers that are named, whatever they want to hear of. */
function chosen({ name, notify }: Environment, names: readonly string[]): readonly NotifyTarget[] {
  if (notify.length === 0) {
    throw usageError(
      `the environment "${name}" tells nobody`,
      `Set environments.${name}.notify in rlctl.yaml, e.g. [{webhook: https://hooks.example.com/rlctl, secret: {file: PATH}}].`,
      'NO_RECEIVERS',
    );
  }
  const known = notify.map((target) => target.name);
  const unknown = names.find((each) => !known.includes(each));
  if (unknown !== undefined) {
    const near = nearNames(unknown, known);
    const hint = near.length > 0 ? `Did you mean ${near.join(' or ')}?` : `There are: ${known.join(', ')}.`;
    throw usageError(`"${name}" has no receiver "${unknown}"`, hint, 'UNKNOWN_RECEIVER');
  }
  return names.length === 0 ? notify : notify.filter((target) => names.includes(target.name));
}

/** The keys of a receiver, as no table of settings has room for them. */
const configurationHelp = `In rlctl.yaml:
  notify:
    - webhook: https://hooks.example.com/rlctl
      secret: { file: /etc/rlctl/hook.secret }   # or {env} or {command}
      name: ops                                  # how it is called here
      events: [change, panic, rollout, incident] # these unasked; or reload
    - grafana: https://grafana.example.com
      token: { env: GRAFANA_TOKEN }  # or basic: {username, password: {file}}
      tags: [limits]
      dashboardUID: jcIIG-07z        # else the whole organisation
      panelId: 2                     # of that dashboard; else all of them

A webhook gets a POST signed as Standard Webhooks says: webhook-id is the change
id, by which a second attempt is known; the secret is whsec_ and base64, or any
text. Its form: rlctl notify schema. https, except on this machine. An address
may hold \${VARIABLES}. A change never waits for it, nor fails with it.`;

export const command = defineCommand({
  register: (c) => {
    c.argument('[receiver...]', 'only these, by name; without: every one').addOption(
      new Option('--dry-run', 'show the event; send nothing'),
    );
    c.addHelpText('after', `\n${configurationHelp}`);
  },
  examples: [
    'rlctl -e prod notify test',
    'rlctl -e prod notify test grafana',
    "rlctl -e prod notify test --json --jq '.receivers[] | select(.isDelivered | not) | .detail'",
  ],
  input: (names, flags): TestInput => ({
    names: names.flatMap((name) => (name === undefined ? [] : [name])),
    isDryRun: switchFlag(flags, 'dryRun'),
  }),
  action: async (context, { names, isDryRun }) => {
    const environment = await context.environment();
    const targets = chosen(environment, names);
    const { untrustedFile, isChangedSinceTrusted: isChanged, address } = environment;
    const event = await eventFrom(context, environment, {
      event: 'notify.test',
      changeId: null,
      command: 'notify test',
      summary: `a test from rlctl: nothing was changed on ${environment.name}`,
      routes: [],
      verdict: null,
      reason: null,
      ticket: null,
      partOf: [],
    });
    if (isDryRun) return { view: notifyPlanView(event, targets), exit: 'ok' };
    if (untrustedFile !== null) throw untrusted(untrustedFile, 'any secret, and nobody is told', { isChanged });
    context.progress.step('telling every receiver');
    const receivers = (await context.receivers(environment)).filter(({ target }) => targets.includes(target));
    const told = await tell(tellPorts(context), receivers, event);
    const shown = told.map((each) => ({ ...each, error: each.error && addressedError(each.error, address) }));
    return {
      view: notifyTestView(event, shown),
      exit: told.every(({ isDelivered }) => isDelivered) ? 'ok' : 'findings',
    };
  },
});

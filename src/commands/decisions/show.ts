import { formatDuration } from '../../domain/duration.js';
import { readDecisions } from '../../procedures/decisions.js';
import { decisionsView } from '../../ui/decisions-view.js';
import { defineCommand } from '../command.js';
import { addDecisionsFlags, decisionsFlags, questionOf } from './question.js';

// The dashboard of the handbook in one screen: who was refused how often, and how the limiter itself fares.

// Between two scrapes, where there is no Prometheus and no --since.
const usualWaitMs = 5000;

export const command = defineCommand({
  register: addDecisionsFlags,
  examples: [
    'rlctl -e prod decisions show --since 1h',
    "rlctl -e prod decisions show --bucket financial --jq '.buckets[].blocked.count'",
  ],
  input: (_, flags) => decisionsFlags(flags),
  action: async (context, flags) => {
    const environment = await context.environment();
    const isScraped = environment.prometheus === null;
    const waitMs = flags.sinceMs ?? usualWaitMs;
    const sinceMs = isScraped ? waitMs : flags.sinceMs;
    const question = questionOf(environment, { ...flags, sinceMs }, isScraped ? waitMs : null);
    const source = await context.metricsSource(environment, waitMs);
    // How long two scrapes lie apart is outside the deadline.
    if (isScraped) context.deadline.extend(waitMs);
    context.progress.step(isScraped ? `scraping twice, ${formatDuration(waitMs)} apart` : 'asking Prometheus');
    const decisions = await readDecisions({ source, deadline: context.deadline }, question);
    return { view: decisionsView(decisions, { environment: environment.name, source }), exit: 'ok' };
  },
});

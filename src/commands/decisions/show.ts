import { Option } from 'commander';
import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { decisionsOnRoute, guardingBuckets, type GuardingBucket } from '../../domain/decisions/on-route.js';
import { formatDuration } from '../../domain/duration.js';
import { usageError } from '../../domain/errors.js';
import { readDecisions } from '../../procedures/decisions.js';
import { decisionsView } from '../../ui/decisions-view.js';
import { defineCommand, textFlag } from '../command.js';
import { addDecisionsFlags, assertBucketsKnown, decisionsFlags, defaultSinceMs, questionOf } from './question.js';

// The dashboard of the handbook in one screen: who was refused how often, and how the limiter itself fares.

// Between two scrapes, where there is no Prometheus and no --since.
const usualWaitMs = 5000;

/** The time between two scrapes. Throws a usage error for more than anybody would sit through. */
function waitFor(sinceMs: number | null): number {
  if (sinceMs === null || sinceMs <= defaultSinceMs) return sinceMs ?? usualWaitMs;
  const asked = formatDuration(sinceMs);
  throw usageError(
    `--since: without Prometheus, the figures of ${asked} take ${asked} to collect; ${formatDuration(defaultSinceMs)} is the most that is waited for`,
    'Set environments.NAME.prometheus in rlctl.yaml, or RLCTL_PROMETHEUS. Or see them add up from now on: rlctl decisions watch',
    'SINCE_TOO_LONG',
  );
}

/** Says at once how long it will take, also where stderr is no terminal; but never among the JSON that programs read there. */
async function announce({ host, options, progress, clock }: Context, waitMs: number): Promise<void> {
  const ready = new Date(clock.nowMs() + waitMs).toISOString().slice(11, 19);
  const text = `scraping /metrics twice, ${formatDuration(waitMs)} apart: figures at ${ready}Z`;
  const isForPeople = options.format === 'table';
  if (options.isQuiet || (!isForPeople && !host.stderr.isTTY)) return;
  if (isForPeople && host.stderr.isTTY) return progress.step(text);
  await host.stderr.write(`${text}\n`);
}

/** The buckets of a route. Throws a usage error where the configuration names none. */
function bucketsOf(environment: Environment, route: string): readonly GuardingBucket[] {
  const found = guardingBuckets(environment, route);
  if (found.length > 0) return found;
  throw usageError(
    `--route: the configuration does not say which bucket guards ${route}, and figures are by bucket`,
    'Name its routes under buckets in rlctl.yaml, or give --bucket NAME instead.',
    'BUCKET_NOT_KNOWN',
  );
}

export const command = defineCommand({
  register: (c) => {
    addDecisionsFlags(c, 'it takes that long, beyond --timeout (default 5s, at most 5m)');
    c.addOption(
      new Option('--route <prefix>', 'only the buckets that guard this route and what is under it').conflicts('bucket'),
    );
  },
  examples: [
    'rlctl -e prod decisions show --since 1h',
    "rlctl -e prod decisions show --bucket financial --jq '.buckets[].blocked.count'",
  ],
  input: (_, flags) => ({ ...decisionsFlags(flags), route: textFlag(flags, 'route') }),
  action: async (context, { route, ...flags }) => {
    const environment = await context.environment();
    const guarding = route === null ? [] : bucketsOf(environment, route);
    const isScraped = environment.prometheus === null;
    const waitMs = isScraped && environment.metrics !== null ? waitFor(flags.sinceMs) : usualWaitMs;
    const buckets = [...flags.buckets, ...guarding.map(({ name }) => name)];
    const question = questionOf(environment, { ...flags, buckets }, isScraped ? waitMs : null);
    const source = await context.metricsSource(environment, waitMs);
    if (isScraped) {
      // How long two scrapes lie apart is outside the deadline.
      context.deadline.extend(waitMs);
      await announce(context, waitMs);
    } else context.progress.step('asking Prometheus');
    const ports = { source, deadline: context.deadline };
    const decisions = await readDecisions(ports, question);
    await assertBucketsKnown(ports, environment, question, decisions);
    const onRoute = route === null ? null : decisionsOnRoute(decisions, route, guarding);
    return { view: decisionsView(decisions, { environment, source }, onRoute), exit: 'ok' };
  },
});

import type { Behaviour } from './behaviour.js';
import { Histogram, Series } from './metrics.js';

/** What became of a request that the limiter judged. */
export type DecisionAction = 'allow' | 'block' | 'shadowBlock';

/** The metrics of one worker. They live and die with it: a scrape sees one worker's numbers, never the sum. */
export class WorkerMetrics {
  readonly decisions: Series;
  readonly retryAfter: Histogram;
  readonly evalDuration: Histogram;
  readonly evalErrors: Series;
  readonly configReloads: Series;
  readonly activeOverrides: Series;
  readonly #isPythonCased: boolean;

  constructor(namespace: string, behaviour: Behaviour) {
    const prefix = `${namespace.replaceAll(/\W/g, '_').replace(/^(?=\d)/, '_')}_rl`;
    this.#isPythonCased = behaviour.pythonCasedLabels;
    this.decisions = new Series(`${prefix}_decisions_total`, 'counter', 'Rate limit decisions');
    this.retryAfter = new Histogram(`${prefix}_retry_after_seconds`, 'Retry-After of blocked requests');
    this.evalDuration = new Histogram(`${prefix}_eval_duration_seconds`, 'Duration of one evaluation in Redis');
    this.evalErrors = new Series(
      `${prefix}_eval_errors_total`,
      'counter',
      'Evaluations that failed: the request passed',
    );
    this.configReloads = new Series(`${prefix}_config_reload_total`, 'counter', 'Configuration reloads');
    this.activeOverrides = new Series(`${prefix}_active_overrides`, 'gauge', 'Route overrides in force');
    this.configReloads.set({}, 0);
    this.activeOverrides.set({}, 0);
    if (this.#isPythonCased) this.#seed();
  }

  decided(bucket: string, action: DecisionAction, isShadow: boolean, retryAfterMs: number): void {
    this.decisions.add({ bucket, action: this.#actionLabel(action), shadow: this.#booleanLabel(isShadow) });
    if (action === 'allow') return;
    this.retryAfter.observe({ bucket, shadow: this.#booleanLabel(isShadow) }, retryAfterMs / 1000);
  }

  /** The Prometheus text format, version 0.0.4. */
  text(): string {
    const counters = [this.decisions, this.evalErrors, this.configReloads, this.activeOverrides];
    return [...counters, this.retryAfter, this.evalDuration].flatMap((one) => one.render()).join('\n') + '\n';
  }

  // The deployed server makes its series exist with a bucket that no route has.
  #seed(): void {
    const bucket = 'bootstrap';
    this.decisions.set({ bucket, action: 'allow', shadow: 'False' }, 0);
    this.evalErrors.set({ bucket }, 0);
    this.retryAfter.seed({ bucket, shadow: 'False' });
    this.evalDuration.seed({ bucket });
  }

  #booleanLabel(value: boolean): string {
    const text = String(value);
    return this.#isPythonCased ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  }

  // Documented: a shadow block is `blocked` with shadow="true". Deployed: it has an action of its own.
  #actionLabel(action: DecisionAction): string {
    if (this.#isPythonCased) return action === 'shadowBlock' ? 'shadow_block' : action;
    return action === 'allow' ? 'allowed' : 'blocked';
  }
}

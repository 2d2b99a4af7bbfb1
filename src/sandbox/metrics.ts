type Labels = Readonly<Record<string, string>>;

/** A counter or gauge of one worker, by labels. */
export class Series {
  readonly #values = new Map<string, { labels: Labels; value: number }>();

  constructor(
    readonly name: string,
    readonly type: 'counter' | 'gauge',
    readonly help: string,
  ) {}

  add(labels: Labels, by = 1): void {
    this.set(labels, this.value(labels) + by);
  }

  set(labels: Labels, value: number): void {
    this.#values.set(labelText(labels), { labels, value });
  }

  /** 0 where the series does not exist. */
  value(labels: Labels): number {
    return this.#values.get(labelText(labels))?.value ?? 0;
  }

  all(): readonly { readonly labels: Labels; readonly value: number }[] {
    return [...this.#values.values()];
  }

  render(): readonly string[] {
    const samples = this.all().map(({ labels, value }) => `${this.name}${labelText(labels)} ${value}`);
    return [...heading(this.name, this.type, this.help), ...samples];
  }
}

// The usual edges. They stop at 10 s, so a quantile of exactly 10 means "at least 10".
const edges = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Histogrammed {
  readonly labels: Labels;
  /** Observations at or below each edge. */
  readonly counts: number[];
  count: number;
  sum: number;
}

/** A histogram of one worker, in seconds, by labels. */
export class Histogram {
  readonly #series = new Map<string, Histogrammed>();

  constructor(
    readonly name: string,
    readonly help: string,
  ) {}

  observe(labels: Labels, seconds: number): void {
    const series = this.seed(labels);
    series.count += 1;
    series.sum += seconds;
    edges.forEach((edge, index) => {
      if (seconds <= edge) series.counts[index] = (series.counts[index] ?? 0) + 1;
    });
  }

  /** Makes the series exist without an observation. */
  seed(labels: Labels): Histogrammed {
    const key = labelText(labels);
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const series = { labels, counts: edges.map(() => 0), count: 0, sum: 0 };
    this.#series.set(key, series);
    return series;
  }

  render(): readonly string[] {
    return [
      ...heading(this.name, 'histogram', this.help),
      ...[...this.#series.values()].flatMap((series) => this.#samples(series)),
    ];
  }

  #samples({ labels, counts, count, sum }: Histogrammed): readonly string[] {
    const buckets = edges.map((edge, index) => {
      const text = labelText({ ...labels, le: String(edge) });
      return `${this.name}_bucket${text} ${counts[index] ?? 0}`;
    });
    return [
      ...buckets,
      `${this.name}_bucket${labelText({ ...labels, le: '+Inf' })} ${count}`,
      `${this.name}_sum${labelText(labels)} ${sum}`,
      `${this.name}_count${labelText(labels)} ${count}`,
    ];
  }
}

function heading(name: string, type: string, help: string): readonly string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(value: string): string {
  return value
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`);
}

declare module 'parse-prometheus-text-format' {
  interface Sample {
    readonly value?: string;
    readonly labels?: Readonly<Record<string, string>>;
  }

  interface Family {
    readonly name: string;
    readonly metrics: readonly Sample[];
  }

  function parsePrometheusTextFormat(text: string): readonly Family[];
  export = parsePrometheusTextFormat;
}

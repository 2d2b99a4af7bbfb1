/** A count as a person reads it: whole where it is large, one decimal where the source extrapolated a small one. */
export function countText(count: number): string {
  if (count >= 999_500) return scaled(count / 1e6, 'M');
  if (count >= 9999.5) return scaled(count / 1e3, 'k');
  return decimals(count, count < 100 ? 1 : 0);
}

function scaled(value: number, unit: string): string {
  if (value >= 999_500) return `${value.toExponential(1)}${unit}`;
  return `${decimals(value, value < 100 ? 1 : 0)}${unit}`;
}

/** A rate: `0.03/s`, `4.2/s`, `120/s`. What is not quite nothing never reads as 0. */
export function rateText(perSecond: number): string {
  if (perSecond > 0 && perSecond < 0.005) return '<.01/s';
  if (perSecond >= 9999.5) return `${countText(perSecond)}/s`;
  return `${decimals(perSecond, perSecond < 1 ? 2 : perSecond < 100 ? 1 : 0)}/s`;
}

/** A share: `98%`, `2.1%`. Only everything reads as 100%, only nothing as 0%. */
export function shareText(share: number): string {
  const percent = share * 100;
  if (percent > 0 && percent < 0.05) return '<.1%';
  if (percent < 100 && percent > 99.5) return '>99%';
  return `${decimals(percent, percent < 10 ? 1 : 0)}%`;
}

/** Seconds as a person reads them: `250 µs`, `1.8 ms`, `4.5 s`, `12 s`. */
export function secondsText(seconds: number): string {
  if (seconds === 0 || seconds >= 0.9995) return `${decimals(seconds, seconds < 10 ? 2 : 1)} s`;
  if (seconds >= 0.000_999_5) return `${decimals(seconds * 1e3, seconds < 0.01 ? 2 : 1)} ms`;
  return `${decimals(seconds * 1e6, 0)} µs`;
}

function decimals(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return digits === 0 ? text : text.replace(/\.?0+$/, '');
}

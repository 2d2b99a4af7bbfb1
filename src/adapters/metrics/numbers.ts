/** A number as Prometheus writes it; NaN for anything else. */
export function numberOf(text: string): number {
  if (/^\+?Inf$/i.test(text)) return Infinity;
  if (/^-Inf$/i.test(text)) return -Infinity;
  return text.trim() === '' ? Number.NaN : Number(text);
}

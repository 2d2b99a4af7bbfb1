import { usageError } from './errors.js';

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};
const largestFirst = ['y', 'w', 'd', 'h', 'm', 's', 'ms'] as const;

/**
 * A duration as Prometheus writes it (`30s`, `15m`, `1h30m`, `7d`), in milliseconds. Each unit at most once, largest
 * first. Throws a usage error that names `place` (the flag or the variable) for anything else.
 */
export function parseDurationMs(text: string, place: string): number {
  const match = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(text);
  if (!match || text === '') {
    const meant = /^\d+$/.test(text) ? `Did you mean ${text}s? ` : '';
    throw usageError(`${place}: "${text}" is not a duration`, `${meant}Write it as 500ms, 30s, 15m, 2h, 7d or 1h30m.`);
  }
  return largestFirst.reduce((sum, unit, index) => sum + Number(match[index + 1] ?? 0) * (unitMs[unit] ?? 0), 0);
}

/** Milliseconds as a person reads them, to two units: `3d 4h`, `1m 30s`, `250ms`; never negative. */
export function formatDuration(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  if (whole < 1000) return `${whole}ms`;
  const units = (['d', 'h', 'm', 's'] as const).map((unit) => ({ unit, size: unitMs[unit] ?? 1 }));
  const first = units.findIndex(({ size }) => whole >= size);
  const [large, small] = units.slice(first, first + 2);
  const count = Math.floor(whole / (large?.size ?? 1));
  const rest = Math.floor((whole - count * (large?.size ?? 1)) / (small?.size ?? 1));
  return small && rest > 0 ? `${count}${large?.unit} ${rest}${small.unit}` : `${count}${large?.unit}`;
}

import type { HealthReport } from '../domain/control-plane.js';
import { formatDuration } from '../domain/duration.js';
import { quoteOutside } from '../domain/outside-text.js';
import { valueOf } from '../domain/part.js';
import type { HealthPart, TargetStatus } from '../procedures/status/status.js';
import { term } from './term.js';
import type { Theme } from './theme.js';

const checks = ['live', 'ready', 'startup'] as const;

/** How each address says it is, one line each; which address it is only where there are several. */
export function healthLines(all: readonly TargetStatus[], theme: Theme): readonly string[] {
  const well = all.length > mostTargets ? all.filter(isWell) : [];
  const unwell = all.filter((each) => !well.includes(each));
  const targets = unwell.slice(0, mostTargets);
  const left = unwell.length - targets.length;
  const rest = [
    ...(left > 0 ? [theme.dim(`… ${left} more are not well: --json`)] : []),
    ...(well.length > 0 ? [theme.good(`✓ ${well.length} of ${all.length} instances are healthy`)] : []),
  ];
  const width = Math.max(0, ...targets.map(({ target }) => target.length));
  const lines = targets.map((each) => {
    const checked = checkTexts(each, theme);
    const words =
      all.length > 1 ? [term(each.target.padEnd(width)), ...checked] : [...checked, ...aboutText(each, theme)];
    return words.join('  ');
  });
  return [...lines, ...rest];
}

/** More addresses than this are counted where they are well, and cut where they are not. */
const mostTargets = 8;

function isWell({ health }: TargetStatus): boolean {
  return checks.every((check) => {
    const part = health[check];
    if (part.state !== 'ok') return false;
    return part.value === null || (part.value.status ?? (part.value.httpStatus === 200 ? 'healthy' : '')) === 'healthy';
  });
}

function checkTexts({ health }: TargetStatus, theme: Theme): readonly string[] {
  if (checks.every((check) => health[check].state === 'failed')) return [theme.bad('✗ no usable answer')];
  return checks.map((check) => checkText(check, health[check], theme));
}

function checkText(check: string, part: HealthPart, theme: Theme): string {
  if (part.state !== 'ok') return theme.bad(`✗ ${check} no usable answer`);
  if (part.value === null) return theme.dim(`- ${check} (no such check)`);
  const { status, said, httpStatus } = part.value;
  if (status === 'healthy' || (status === null && httpStatus === 200)) return theme.good(`✓ ${check}`);
  return (status === 'degraded' ? theme.warn : theme.bad)(`✗ ${check} ${term(said)}`);
}

function aboutText({ health }: TargetStatus, theme: Theme): readonly string[] {
  const report: HealthReport | null = valueOf(health.ready) ?? valueOf(health.live);
  const about = [
    ...(report?.version ? [`version ${quoteOutside(report.version, 20)}`] : []),
    ...(report?.uptimeSeconds ? [`up ${formatDuration(report.uptimeSeconds * 1000)}`] : []),
  ];
  return about.length === 0 ? [] : [theme.dim(about.join(', '))];
}

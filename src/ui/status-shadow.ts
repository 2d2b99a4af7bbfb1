import { counted } from '../domain/counted.js';
import { loadOverrides } from '../domain/policy/matching.js';
import { followsGlobal } from '../domain/shadow/global-shadow.js';
import { shadowByOverrides, type ShadowByOverrides } from '../domain/shadow/shadowed-routes.js';
import type { Status } from '../procedures/status/status.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import type { PaintedStatus } from './status-shown.js';

/** The buckets of which some address tells, those in shadow first; addresses that disagree are said. */
export function shadowText(shown: PaintedStatus): readonly string[] {
  const { status, environment, theme } = shown;
  const answers = status.targets.flatMap(({ flags }) => (flags.state === 'ok' ? [flags.value] : []));
  const overridden = overriddenBuckets(shown);
  if (answers.length === 0) return [theme.dim('not known'), ...byOverrides(overridden, 'stored as in shadow', theme)];
  const said = (answers[0]?.flags ?? []).map(({ bucket }, index) => ({
    bucket,
    values: new Set(answers.flatMap(({ flags }) => flags[index]?.policy?.isShadow ?? [])),
  }));
  const names = (isMeant: (values: ReadonlySet<boolean>, bucket: string) => boolean): string =>
    said.flatMap(({ bucket, values }) => (isMeant(values, bucket) ? [term(bucket)] : [])).join(', ');
  const isOnly = (values: ReadonlySet<boolean>, value: boolean): boolean => values.size === 1 && values.has(value);
  const isByFlag = (name: string): boolean =>
    said.some(({ bucket, values }) => bucket === name && isOnly(values, true));
  const [split, shadow, enforcing] = [
    names((values) => values.size > 1),
    names((values) => isOnly(values, true)),
    names((values, bucket) => isOnly(values, false) && !overridden.some(({ name }) => name === bucket)),
  ];
  const words = [
    ...(split === '' ? [] : [theme.bad(`differs between addresses: ${split}`)]),
    ...(shadow === '' ? [] : [theme.warn(`in shadow: ${shadow}`), ...globalText(status, said)]),
    ...byOverrides(
      overridden.filter(({ name }) => !isByFlag(name)),
      'in shadow',
      theme,
    ),
    ...(enforcing === '' ? [] : [`enforcing: ${enforcing}`]),
    ...(enforcing === '' || shown.reload?.isGlobalShadow !== true
      ? []
      : [theme.dim('global shadow does not reach buckets that have a flag of their own')]),
  ];
  const flags = words.length === 0 ? [theme.dim('the server knows none of the buckets')] : words;
  const isOneOfMany = environment.workers !== null && environment.workers > 1;
  return [...flags, ...(isOneOfMany ? [theme.dim(`as one of ${environment.workers} workers says`)] : [])];
}

/** Which of the buckets in shadow are so by the global shadow of the env file. */
function globalText(
  { envFile }: Status,
  said: readonly { readonly bucket: string; readonly values: ReadonlySet<boolean> }[],
): readonly string[] {
  if (envFile.state !== 'ok') return [];
  const { global, lines } = envFile.value;
  const following = said.filter(({ bucket, values }) =>
    followsGlobal({ server: [...values], own: lines.get(bucket) ?? null }, global),
  );
  if (global === null || following.length === 0) return [];
  return [
    `by global shadow in the file, line ${global.line}: ${following.map(({ bucket }) => term(bucket)).join(', ')}`,
  ];
}

interface OverriddenBucket extends ShadowByOverrides {
  readonly name: string;
  /** How many routes are configured. */
  readonly of: number;
}

/** A bucket's flag does not tell of its routes that overrides put into shadow. */
function overriddenBuckets({
  status: { overrides, routes: listed },
  environment,
}: PaintedStatus): readonly OverriddenBucket[] {
  if (overrides.state !== 'ok') return [];
  const loaded = loadOverrides(overrides.value.stored.bytes);
  const denied = listed.filter(({ isDifferent }) => isDifferent).map(({ override }) => override.prefix);
  return [...environment.buckets].flatMap(([name, { routes }]) => {
    const shadow = shadowByOverrides(loaded, environment, { name, routes }, denied);
    return shadow.reach === 'none' ? [] : [{ name, of: routes.length, ...shadow }];
  });
}

function byOverrides(buckets: readonly OverriddenBucket[], how: string, theme: Theme): readonly string[] {
  const text = (wanted: ShadowByOverrides['reach']): string =>
    buckets
      .filter(({ reach }) => reach === wanted)
      .map(({ name, count, of, unshadowed, parts }) => {
        const but = unshadowed.length === 0 ? '' : `, but not ${unshadowed.join(', ')}`;
        return term(`${name} (${count === 0 ? partsText(parts) : `${count} of ${counted(of, 'route')}${but}`})`);
      })
      .join(', ');
  const [all, some] = [text('all'), text('some')];
  return [
    ...(all === '' ? [] : [theme.warn(`${how} by overrides: ${all}`)]),
    ...(some === '' ? [] : [theme.warn(`partly ${how} by overrides: ${some}`)]),
  ];
}

const mostParts = 3;

function partsText(parts: readonly string[]): string {
  const more = parts.length > mostParts ? ` and ${parts.length - mostParts} more` : '';
  return `${parts.slice(0, mostParts).join(', ')}${more}`;
}

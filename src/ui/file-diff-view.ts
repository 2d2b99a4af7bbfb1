import type { Environment } from '../domain/config/environment.js';
import { counted } from '../domain/counted.js';
import { dumpAgeRemark } from '../domain/override/dump-age.js';
import type { FieldDiff, RouteDiff } from '../domain/override/diff.js';
import type { FileComparison } from '../procedures/override/compare-file.js';
import { noteLines } from './note-lines.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

const onlyIn = { removed: 'live', added: 'file', changed: null, moved: null, kept: null } as const;

/** What is stored beside a file, as `diff -u` shows two files: `-` is live, `+` is what the file says. */
export function fileDiffView(comparison: FileComparison, file: string, environment: Environment): View {
  const { stored, routes, age } = comparison;
  const remark = age === null ? null : dumpAgeRemark(age);
  const json = routes.map(routeJson);
  return {
    kind: 'OverrideDiff',
    data: {
      environment: environment.name,
      key: stored.key,
      revision: stored.revision,
      file,
      isDifferent: routes.length > 0,
      routes: json,
      dump: age,
    },
    items: json,
    human: (theme) => {
      const name = term(file === '-' ? 'stdin' : file);
      const live = `${term(stored.key)} at ${stored.revision.slice(0, 12)}`;
      if (routes.length === 0) return `${live} holds what ${name} says, in its order`;
      return [
        theme.bad(`--- live  ${live}`),
        theme.good(`+++ file  ${name}`),
        ...routes.flatMap((route) => routeLines(route, theme)),
        theme.dim(`${counted(routes.length, 'route')} ${routes.length === 1 ? 'differs' : 'differ'}`),
        ...noteLines(remark === null ? [] : [remark], theme),
      ].join('\n');
    },
  };
}

function routeJson({ route, kind, isMoved, before, after, fields, ...place }: RouteDiff) {
  return {
    route,
    kind,
    isMoved,
    onlyIn: onlyIn[kind],
    fields: fields.map(({ name, before: live, after: wanted }) => ({ name, live, file: wanted })),
    liveIndex: place.fromIndex,
    fileIndex: place.toIndex,
    liveNext: place.fromNext,
    fileNext: place.toNext,
    live: before,
    file: after,
  };
}

const kindText = {
  removed: 'only live',
  added: 'only in the file',
  changed: 'differs',
  moved: 'at another place',
  kept: 'the same',
};

function routeLines(diff: RouteDiff, theme: Theme): readonly string[] {
  const { route, kind, isMoved, before, after, fields, fromNext, toNext } = diff;
  const place = isMoved ? `: live ${placeText(fromNext)}, in the file ${placeText(toNext)}` : '';
  const head = theme.accent(`@@ ${term(route === '' ? '""' : route)} @@ ${kindText[kind]}${place}`);
  if (fields.length > 0) return [head, ...fields.flatMap((field) => fieldLines(field, theme))];
  if (kind === 'moved') return [head];
  return [head, ...sideLines('-', before, theme.bad), ...sideLines('+', after, theme.good)];
}

/** Two documents count differently: what stands behind it tells where it is. */
function placeText(next: string | null): string {
  return next === null ? 'last' : `before ${term(JSON.stringify(next))}`;
}

function fieldLines({ name, before, after }: FieldDiff, theme: Theme): readonly string[] {
  const side = (value: FieldDiff['before']): string | null =>
    value === undefined ? null : `${term(name)}: ${term(JSON.stringify(value))}`;
  return [...sideLines('-', side(before), theme.bad), ...sideLines('+', side(after), theme.good)];
}

function sideLines(sign: string, text: string | null, paint: (text: string) => string): readonly string[] {
  return text === null ? [] : [paint(`${sign}   ${term(text)}`)];
}

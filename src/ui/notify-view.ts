import type { RlctlError } from '../domain/errors.js';
import type { NotifyEvent } from '../domain/notify/event.js';
import { describeTarget } from '../domain/notify/target.js';
import type { Told } from '../procedures/notify/tell.js';
import { renderTable } from './table.js';
import { term, termLines } from './term.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/** Somebody was not told: who, of what, why, and what to do. */
export function failureText(name: string, error: RlctlError, { id }: NotifyEvent, theme: Theme): string {
  const hint = error.hint === undefined ? '' : `\n${theme.accent('hint:')}  ${term(error.hint)}`;
  return `${theme.warn('warning:')} "${term(name)}" ${isUnknown(error) ? 'may not have been told of' : 'was not told of'} ${term(id)}: ${term(error.message)}${hint}`;
}

/** Nobody is told, because nobody has vouched for the file that says who. */
export function untrustedText({ message, hint }: RlctlError, theme: Theme): string {
  return `${theme.warn('warning:')} ${term(message)}\n${theme.accent('hint:')}  ${term(hint ?? '')}`;
}

/** What became of a test event. */
export function notifyTestView(event: NotifyEvent, told: readonly Told[]): View {
  const items = told.map(({ target, isDelivered, detail, error, attempts, tookMs }) => ({
    target: target.name,
    kind: target.kind,
    place: target.place,
    origin: target.address.kind === 'known' ? target.address.origin : null,
    isDelivered,
    detail,
    code: error?.code ?? null,
    mayHaveArrived: isDelivered || isUnknown(error),
    hint: error?.hint ?? null,
    attempts,
    tookMs,
  }));
  return {
    kind: 'NotifyTest',
    data: { environment: event.environment, event, receivers: items },
    items,
    human: async (theme) => {
      const rows = told.map((each) => [
        each.isDelivered ? theme.good('✓') : theme.bad('✗'),
        term(each.target.name),
        term(describeTarget(each.target)),
        resultText(each),
      ]);
      const table = await renderTable(
        [{ title: '' }, { title: 'RECEIVER' }, { title: 'WHERE', isFlexible: true }, { title: 'RESULT' }],
        rows,
        theme,
      );
      const failures = told.flatMap(({ target, error }) =>
        error === null ? [] : ['', failureText(target.name, error, event, theme)],
      );
      return [`event ${term(event.id)}, as every receiver knows it`, table, ...failures].join('\n');
    },
  };
}

/** True where what was sent may have arrived, though no answer came. */
function isUnknown(error: RlctlError | null): boolean {
  return error?.details?.['mayHaveArrived'] === true;
}

/** Where no answer came to what was sent, nobody knows. */
function resultText({ isDelivered, detail, error }: Told): string {
  if (isDelivered) return term(detail);
  return isUnknown(error) ? 'no answer; it may have arrived' : 'not told';
}

/** The event as it would be sent. */
export function notifyPlanView(event: NotifyEvent, targets: readonly Told['target'][]): View {
  const receivers = targets.map(({ name, kind, place }) => ({ target: name, kind, place }));
  return {
    kind: 'NotifyPlan',
    data: { environment: event.environment, event, receivers },
    human: (theme) =>
      [
        ...targets.map((target) => `would tell ${theme.bold(term(target.name))}, the ${term(describeTarget(target))}:`),
        termLines(JSON.stringify(event, null, 2)),
        theme.dim('nothing has been sent'),
      ].join('\n'),
  };
}

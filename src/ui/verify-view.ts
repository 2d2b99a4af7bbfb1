import type { Environment } from '../domain/config/environment.js';
import { addressed } from '../domain/printed-command.js';
import type { VerifyResult } from '../procedures/verify/verify.js';
import { addressedEffect, effectJson, proofText, reloadText } from './proof-view.js';
import { term } from './term.js';
import type { View } from './view.js';

/** What was proven of what is stored now, line by line. */
export function verifyView(result: VerifyResult, environment: Environment): View {
  const effect = addressedEffect(result.effect, environment.address);
  const { stored, routes } = result;
  const remarks = result.remarks.map((remark) => addressed(remark, environment.address));
  return {
    kind: 'Verification',
    data: { environment: environment.name, revision: stored.revision, routes, ...effectJson(effect), remarks },
    human: (theme) => {
      const withheld = effect.steps.filter(({ name, state }) => name === 'reload' && state === 'skipped');
      return [
        ...withheld.map(({ detail }) => `${theme.dim('-')} reload    ${term(detail)}`),
        ...(effect.reloads.length === 0 ? [] : [reloadText(effect, theme)]),
        proofText(effect.proof, theme),
        ...remarks.map((remark) => theme.warn(term(remark))),
      ].join('\n');
    },
  };
}

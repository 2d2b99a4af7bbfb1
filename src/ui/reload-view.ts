import type { Environment } from '../domain/config/environment.js';
import type { GuardsSaid } from '../domain/guard/verdict.js';
import type { MaskedRequest } from '../domain/signing/sign.js';
import type { ReloadResult } from '../procedures/reload/safely.js';
import { guardsJson, guardsSaidLines } from './guard-view.js';
import { addressedEffect, effectJson, proofText, reloadText } from './proof-view.js';
import { term } from './term.js';
import type { View } from './view.js';

/** A reload and its proof. */
export function reloadView(result: ReloadResult, environment: Environment, guards: GuardsSaid): View {
  const effect = addressedEffect(result.effect, environment.address);
  return {
    kind: 'Reload',
    data: {
      environment: environment.name,
      revision: result.stored?.revision ?? null,
      ...effectJson(effect),
      guards: guardsJson(guards.verdicts),
      remarks: guards.remarks,
    },
    human: (theme) =>
      [reloadText(effect, theme), proofText(effect.proof, theme), ...guardsSaidLines(guards, theme)].join('\n'),
  };
}

/** A signed request as it would be sent; its signature is masked because it is a credential. */
export function printedRequestView(request: MaskedRequest, profile: string, guards: GuardsSaid): View {
  return {
    kind: 'ReloadRequest',
    data: { profile, request, guards: guardsJson(guards.verdicts), remarks: guards.remarks },
    human: (theme) => {
      const url = new URL(request.url);
      const headers = Object.entries(request.headers).map(
        ([name, value]) => `${theme.dim(`${term(name)}:`)} ${term(value)}`,
      );
      return [
        `${theme.bold(`${request.method} ${term(url.pathname)}`)}  ${theme.dim(`(${term(profile)} signature)`)}`,
        `${theme.dim('Host:')} ${term(url.host)}`,
        ...headers,
        ...(request.body === null ? [theme.dim('(no body)')] : ['', term(request.body)]),
        ...guardsSaidLines(guards, theme),
      ].join('\n');
    },
  };
}

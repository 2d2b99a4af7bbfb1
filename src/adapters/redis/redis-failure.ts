import { RlctlError } from '../../domain/errors.js';
import { LinkFailure, ReplyFailure } from './failure.js';
import {
  networkExplanations,
  replyRows,
  tlsPort,
  unknownReply,
  type Disposition,
  type Explanation,
  type ReplyRow,
} from './failure-table.js';

/** Whether another attempt may help: after a pause, at another server, on a new connection, or never. */
export function dispositionOf(failure: LinkFailure | ReplyFailure): Disposition {
  if (failure instanceof ReplyFailure) return replyRow(failure.reply)?.[1] ?? 'permanent';
  if (failure.reason === 'maxClients') return 'wait';
  return ['tls', 'protocol', 'protectedMode', 'noMaster'].includes(failure.reason) ? 'permanent' : 'retry';
}

/** The error an operator reads. `user`: the name used to log in. */
export function explainFailure(failure: LinkFailure | ReplyFailure, user: string): RlctlError {
  if (failure instanceof ReplyFailure) {
    const explanation = replyRow(failure.reply)?.[2] ?? unknownReply;
    const { server, command, key } = failure;
    return build(explanation, { server, command, key: key ?? '', user, detail: tame(failure.reply) });
  }
  const { reason, detail, server } = failure;
  const isTlsPort = reason === 'protocol' && /^0x1[56]$/.test(detail);
  return build(isTlsPort ? tlsPort : networkExplanations[reason], { server, detail, user });
}

function replyRow(reply: string): ReplyRow | undefined {
  return replyRows.find(([pattern]) => pattern.test(reply));
}

function build(explanation: Explanation, values: Readonly<Record<string, string>>): RlctlError {
  const fill = (text: string): string =>
    text
      .replace(/\{(\w+)\}/g, (_, name: string) =>
        name === 'command' ? (values[name] ?? '').toUpperCase() : (values[name] ?? ''),
      )
      .replace(' (key "")', '')
      .replace(' ()', '');
  return new RlctlError(explanation.kind, fill(explanation.message), {
    code: explanation.code,
    hint: fill(explanation.hint),
  });
}

/** A server's text, shortened. Some servers repeat the arguments of a command they do not know: those are cut off. */
function tame(reply: string): string {
  return reply.replace(/,? with args beginning with.*$/is, '').slice(0, 200);
}

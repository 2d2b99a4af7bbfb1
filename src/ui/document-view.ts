import type { Environment } from '../domain/config/environment.js';
import type { RecordedDocument } from '../procedures/override/recorded-document.js';
import { termLines } from './term.js';
import type { View } from './view.js';

/** One revision of the document: to the byte in a pipe; on a terminal with what could steer it spelled out. */
export function documentView({ revision, bytes }: RecordedDocument, environment: Environment): View {
  const text = Buffer.from(bytes).toString('utf8');
  const isText = Buffer.from(text).equals(Buffer.from(bytes));
  return {
    kind: 'OverrideDocument',
    data: {
      environment: environment.name,
      revision,
      size: bytes.length,
      text: isText ? text : null,
      base64: Buffer.from(bytes).toString('base64'),
    },
    raw: bytes,
    human: () => termLines(text),
  };
}

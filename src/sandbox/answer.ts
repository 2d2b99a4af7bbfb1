import { STATUS_CODES } from 'node:http';
import type { Behaviour } from './behaviour.js';

/** An answer before it is sent. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(value) };
}

export function text(status: number, body: string, contentType: string): Answer {
  return { status, headers: { 'Content-Type': contentType }, body };
}

/** A redirect without a body. */
export function redirect(status: 301 | 307, location: string): Answer {
  return { status, headers: { Location: location }, body: '' };
}

/** A failure in the shape that this server gives to errors; `fields` is its plain body. */
export function failure(
  behaviour: Behaviour,
  status: number,
  fields: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const title = STATUS_CODES[status] ?? 'Error';
  if (behaviour.errorStyle === 'html') {
    const page = `<html>\n<head><title>${status} ${title}</title></head>\n<body><center><h1>${status} ${title}</h1></center></body>\n</html>\n`;
    return { status, headers: { 'Content-Type': 'text/html', ...headers }, body: page };
  }
  if (behaviour.errorStyle === 'plain') return json(status, fields, headers);
  const problem = { type: 'about:blank', title, status, ...fields };
  return json(status, problem, { 'Content-Type': 'application/problem+json', ...headers });
}

import { isRecord } from './json.js';

/** What the body of an error says, whatever its form. */
export interface ErrorBody {
  /** The explaining text: `detail`, `title`, `message` or `error`, also one level down; `''` where there is none. */
  readonly text: string;
  /** A machine's code: `CSRF_ORIGIN_MISMATCH`; `''` where there is none. */
  readonly code: string;
  readonly retryAfterSeconds: number | null;
  readonly isHtml: boolean;
}

const nothing: ErrorBody = { text: '', code: '', retryAfterSeconds: null, isHtml: false };

/** Reads an error's body: `{"detail"}`, problem+json, other JSON, a proxy's HTML, or plain text. Never throws. */
export function readErrorBody(body: string, contentType: string): ErrorBody {
  if (/\bhtml\b/i.test(contentType) || /^\s*<(!doctype|html|head|body)\b/i.test(body))
    return { ...nothing, isHtml: true };
  const json = parse(body);
  if (json === undefined) return { ...nothing, text: /^text\/plain\b/i.test(contentType) ? body : '' };
  if (typeof json === 'string') return { ...nothing, text: json };
  if (!isRecord(json)) return nothing;
  // A validation error lists its complaints: the first one says enough.
  const candidates = [
    json['detail'],
    json['error'],
    Array.isArray(json['detail']) ? (json['detail'][0] as unknown) : null,
  ];
  const inner = candidates.find(isRecord) ?? {};
  return {
    text:
      firstText(json, ['detail', 'message', 'title', 'error']) ??
      firstText(inner, ['message', 'msg', 'detail', 'title']) ??
      '',
    code: firstText(json, ['code', 'type']) ?? firstText(inner, ['code', 'type']) ?? '',
    retryAfterSeconds: seconds(json['retry_after']) ?? seconds(inner['retry_after']),
    isHtml: false,
  };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

function firstText(object: Readonly<Record<string, unknown>>, names: readonly string[]): string | null {
  const name = names.find((each) => typeof object[each] === 'string' && object[each] !== '');
  return name === undefined ? null : String(object[name]);
}

function seconds(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? Math.max(0, Math.ceil(value)) : null;
}

import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { jsonOf, type JsonObject } from './world.js';

/** A request as a receiver got it. */
export interface Received {
  readonly method: string;
  readonly url: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a receiver answers; `null`: nothing at all, for ever. `reset`: it hangs up. */
export type Answer =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  | 'reset'
  | null;

export interface TestReceiver {
  readonly origin: string;
  readonly port: number;
  /** Every request so far, oldest first. */
  readonly received: readonly Received[];
  /** The requests that carried an event or an annotation. */
  posts(): readonly Received[];
  stop(): Promise<void>;
}

interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** A real HTTP server on loopback that answers as `answer` says. */
async function startReceiver(answer: (request: Received) => Answer, tls?: Certificate): Promise<TestReceiver> {
  const received: Received[] = [];
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => void arrive(request, response);
  const server = tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest);
  const arrive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request);
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const seen = { method: request.method ?? '', url: request.url ?? '', headers, body };
    received.push(seen);
    reply(request, response, answer(seen));
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`,
    port,
    received,
    posts: () => received.filter(({ method }) => method === 'POST'),
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function reply(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  if (answer === null) return;
  if (answer === 'reset') {
    request.socket.resetAndDestroy();
    return;
  }
  response.writeHead(answer.status, answer.headers);
  response.end(answer.body ?? '');
}

export interface WebhookOptions {
  /** The key itself, as the receiver has it. */
  readonly key: Buffer;
  /** What it answers before anything is looked at, by the number of the POST; `undefined`: it looks. */
  readonly first?: (post: number) => Answer | undefined;
  /** Absent: it speaks plain HTTP. */
  readonly tls?: Certificate;
}

/**
 * A receiver that takes only what Standard Webhooks says, told with nothing but what its text says: three headers, a time
 * within five minutes, HMAC-SHA256 over `id.timestamp.body` with the key, base64, behind `v1,`. It knows events again.
 */
export async function startWebhook({
  key,
  first,
  tls,
}: WebhookOptions): Promise<TestReceiver & { events(): readonly JsonObject[] }> {
  const events = new Map<string, JsonObject>();
  const count = { posts: 0 };
  const receiver = await startReceiver((request) => {
    if (request.method !== 'POST') return { status: 405, headers: { Allow: 'POST' } };
    count.posts += 1;
    const early = first?.(count.posts);
    if (early !== undefined) return early;
    const fault = faultOf(request, key);
    if (fault !== null) return { status: 401, body: fault };
    events.set(request.headers['webhook-id'] ?? '', jsonOf(request.body));
    return { status: 204 };
  }, tls);
  return Object.assign(receiver, { events: () => [...events.values()] });
}

/** What is wrong with a signed request; `null`: nothing. */
function faultOf({ headers, body }: Received, key: Buffer): string | null {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = headers;
  if (id === undefined || timestamp === undefined || signature === undefined) return 'a header is missing';
  if (id.includes('.') || !/^\d+$/.test(timestamp)) return 'id or timestamp is malformed';
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > 300) return 'too old';
  if (headers['content-type'] !== 'application/json') return 'not JSON';
  const wanted = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`, 'utf8').digest();
  const [version, given = ''] = signature.split(',');
  const bytes = Buffer.from(given, 'base64');
  if (version !== 'v1' || bytes.length !== wanted.length || !timingSafeEqual(bytes, wanted)) return 'wrong signature';
  return null;
}

export interface GrafanaOptions {
  /** The value of the Authorization header that it takes. */
  readonly authorization: string;
  /** False: the credential may make annotations, and read none. */
  readonly mayRead?: boolean;
  readonly first?: (post: number) => Answer | undefined;
  /** The path under which it stands; absent: none. */
  readonly path?: string;
}

/** The fields that Grafana documents for a new annotation, and the type of each. */
const annotationFields: Readonly<Record<string, (value: unknown) => boolean>> = {
  dashboardUID: (value) => typeof value === 'string' && value !== '',
  panelId: (value) => Number.isInteger(value),
  // Epoch milliseconds: seconds would be a moment in 1970.
  time: isMillisecond,
  timeEnd: isMillisecond,
  tags: (value) => Array.isArray(value) && value.every((tag) => typeof tag === 'string' && tag.length <= 100),
  text: (value) => typeof value === 'string' && value !== '',
};

function isMillisecond(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) > Date.parse('2001-01-01T00:00:00Z');
}

/** A Grafana, as far as its documented API of annotations goes: it takes no field that the documents do not name. */
export async function startGrafana(
  options: GrafanaOptions,
): Promise<TestReceiver & { annotations(): readonly JsonObject[] }> {
  const annotations: JsonObject[] = [];
  const count = { posts: 0 };
  const json = (status: number, value: unknown): Answer => ({
    status,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(value),
  });
  const receiver = await startReceiver((request) => {
    const [path = ''] = request.url.split('?');
    if (path !== `${options.path ?? ''}/api/annotations`) return json(404, { message: 'Not found' });
    if (request.headers['authorization'] !== options.authorization) return json(401, { message: 'Invalid API key' });
    if (request.method === 'GET') {
      return options.mayRead === false
        ? json(403, {
            message: "You'll need additional permissions to perform this action. Permissions needed: annotations:read",
          })
        : json(200, annotations);
    }
    count.posts += 1;
    const early = options.first?.(count.posts);
    if (early !== undefined) return early;
    if (request.headers['content-type'] !== 'application/json') return json(400, { message: 'bad request data' });
    const body = jsonOf(request.body);
    const wrong = Object.entries(body).find(([name, value]) => annotationFields[name]?.(value) !== true);
    if (wrong !== undefined) return json(400, { message: `bad request data: ${wrong[0]}` });
    if (body['text'] === undefined)
      return json(400, { message: 'Failed to save annotation: text should not be empty' });
    if (Number(body['timeEnd'] ?? Infinity) < Number(body['time']))
      return json(400, { message: 'timeEnd before time' });
    annotations.push(body);
    return json(200, { message: 'Annotation added', id: annotations.length });
  });
  return Object.assign(receiver, { annotations: () => annotations });
}

/** A receiver that sends whoever comes to another place. */
export function startRedirect(status: number, to: string): Promise<TestReceiver> {
  return startReceiver(() => ({ status, headers: { Location: to } }));
}

/** A receiver that takes every request and never says a word. */
export function startBlackHole(): Promise<TestReceiver> {
  return startReceiver(() => null);
}

/** A receiver that refuses everybody, and repeats what it was sent in whatever it answers. */
export function startEcho(
  answer: (headers: Readonly<Record<string, string>>) => { readonly status: number; readonly body: unknown },
): Promise<TestReceiver> {
  return startReceiver(({ headers }) => {
    const { status, body } = answer(headers);
    return { status, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
  });
}

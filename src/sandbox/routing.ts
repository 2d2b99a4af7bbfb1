import type { IncomingMessage } from 'node:http';
import type { BucketRole } from './behaviour.js';

/** What the sandbox's application does with a route: which kind of bucket guards it, or none. */
export type RouteGuard = BucketRole | 'exempt';

const exemptRoutes = new Set(['GET /auth/me', 'POST /api/public/session/guest', 'GET /api/search-history']);

/** The guard of an application route; `null`: the application has no such route. */
export function guardOf(method: string, route: string): RouteGuard | null {
  if (exemptRoutes.has(`${method} ${route.replace(/\/$/, '')}`)) return 'exempt';
  if (isUnder(route, '/auth')) return 'auth';
  if (!isUnder(route, '/api')) return null;
  if (isUnder(route, '/api/payments') || isUnder(route, '/api/checkout')) return 'financial';
  return method === 'GET' || method === 'HEAD' ? 'read' : 'write';
}

function isUnder(route: string, parent: string): boolean {
  return route === parent || route.startsWith(`${parent}/`);
}

const longestUser = 256;

/** Who calls: the user where one is named, else the address. */
export function identityOf(request: IncomingMessage): string {
  const user = userOf(request);
  return user === null ? `ip:${addressOf(request)}` : `user:${user}`;
}

function userOf(request: IncomingMessage): string | null {
  const named = String(request.headers['x-user-id'] ?? '').trim();
  const bearer = /^Bearer\s+user:(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const user = named === '' ? bearer : named;
  return user === '' ? null : user.slice(0, longestUser);
}

/** The caller's address: the first hop of X-Forwarded-For, which a sandbox trusts, else the socket's. */
export function addressOf(request: IncomingMessage): string {
  const forwarded =
    String(request.headers['x-forwarded-for'] ?? '')
      .split(',')[0]
      ?.trim() ?? '';
  if (forwarded !== '') return forwarded.slice(0, 64);
  return (request.socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '');
}

import { seededNumbers } from './random.js';

/** One request of the traffic. */
export interface TrafficRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  /** `null`: not logged in, known by the address alone. */
  readonly user: string | null;
  readonly address: string;
}

type Draw = () => number;

const readPaths = [
  '/api/search',
  '/api/search/suggest',
  '/api/instructors/17',
  '/api/lessons',
  '/api/bookings',
  '/api/reviews',
];
const writePaths = ['/api/bookings', '/api/messages', '/api/reviews', '/api/profile'];
const writeMethods = ['POST', 'POST', 'PUT', 'DELETE'] as const;

/**
 * An endless, believable sequence that a seed fixes: many users who mostly read, sometimes write, log in or pay, and
 * three abusers who pass their limits: a scraper, someone guessing passwords, and a client that repeats payments.
 * There are so many users that none of them passes a limit by itself.
 */
export function* trafficMix(seed: number, perSecond: number): Generator<TrafficRequest, never> {
  const draw = seededNumbers(seed);
  const users = Math.max(20, Math.ceil(perSecond * 4));
  for (;;) {
    const share = draw();
    if (share < 0.07) yield scraper(draw);
    else if (share < 0.16) yield guesser();
    else if (share < 0.19) yield repeater();
    else yield ordinary(draw, users);
  }
}

function scraper(draw: Draw): TrafficRequest {
  return { method: 'GET', path: pick(draw, readPaths), user: 'scraper', address: '203.0.113.7' };
}

function guesser(): TrafficRequest {
  return { method: 'POST', path: '/auth/login', user: null, address: '203.0.113.66' };
}

function repeater(): TrafficRequest {
  return { method: 'POST', path: '/api/payments', user: 'repeater', address: '203.0.113.99' };
}

function ordinary(draw: Draw, users: number): TrafficRequest {
  const number = 1 + Math.floor(draw() * users);
  const who = { user: `u${number}`, address: `198.51.100.${number % 250}` };
  const share = draw();
  if (share < 0.76) return { method: 'GET', path: pick(draw, readPaths), ...who };
  if (share < 0.9) return { method: pick(draw, writeMethods), path: pick(draw, writePaths), ...who };
  if (share < 0.95) return { method: 'POST', path: '/auth/login', ...who, user: null };
  if (share < 0.99) return { method: 'GET', path: '/auth/me', ...who };
  return { method: 'POST', path: draw() < 0.5 ? '/api/payments' : '/api/checkout', ...who };
}

function pick<T>(draw: Draw, from: readonly [T, ...T[]] | readonly T[]): T {
  const one = from[Math.floor(draw() * from.length)];
  if (one === undefined) throw new RangeError('nothing to pick from');
  return one;
}

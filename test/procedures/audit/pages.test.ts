import { expect, test } from 'vitest';
import type { OverrideStore } from '../../../src/ports/override-store.js';
import { recordPages } from '../../../src/procedures/audit/pages.js';
import { createFakeClock } from '../../support/fake-time.js';

const readMs = 100;

/** Reads a history of so many entries, each of so many bytes; by how much each page extended the deadline. */
async function read(count: number, bytes: number, readerMs = 0): Promise<{ pages: number[]; extended: number[] }> {
  const clock = createFakeClock();
  const extended: number[] = [];
  const records = Array.from({ length: count }, (_, at) => ({
    entryId: String(at),
    fields: new Map([['document', Buffer.alloc(bytes)]]),
  }));
  const store = {
    records: async ({ limit = 0, after }: { limit?: number; after?: string }) => {
      clock.advance(readMs);
      const from = after === undefined ? 0 : Number(after) + 1;
      return records.slice(from, from + limit);
    },
  } as unknown as OverrideStore;
  const signal = new AbortController().signal;
  const deadline = {
    leftMs: () => 10_000,
    signal: () => signal,
    interrupted: signal,
    extend: (ms: number) => void extended.push(ms),
  };
  const pages: number[] = [];
  for await (const page of recordPages({ store, clock, deadline })) {
    pages.push(page.length);
    clock.advance(readerMs);
  }
  return { pages, extended };
}

test('a short history is read within one deadline', async () => {
  const { pages, extended } = await read(700, 100);
  expect(pages).toEqual([10, 40, 160, 490]);
  expect(extended).toEqual([0, 0, 0]);
});

test('of a long one, the deadline holds for each full page', async () => {
  const { pages, extended } = await read(3000, 100);
  expect(pages).toEqual([10, 40, 160, 640, 1000, 1000, 150]);
  expect(extended).toEqual([0, 0, 0, 0, readMs, readMs]);
});

test('pages of large entries are full from the first', async () => {
  const { pages, extended } = await read(12, 1024 * 1024);
  expect(pages).toEqual([10, 2]);
  expect(extended).toEqual([readMs]);
});

test('the time that a slow reader takes is never counted', async () => {
  const { extended } = await read(60, 100, 5000);
  expect(extended).toEqual([5000, 5000]);
});

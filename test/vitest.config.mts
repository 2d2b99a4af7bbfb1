import { defineConfig } from 'vitest/config';

// Vitest wants a default export here; nowhere else has one.
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // As long as `until` waits: a machine that many share may keep any process waiting for seconds.
    expect: { poll: { timeout: 25_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/cli/**'],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // The sandbox once more, on the Redis that it has where redis-server is missing.
        extends: true,
        test: {
          name: 'embedded',
          include: ['test/sandbox/{limiter,overrides,reload,workers}.test.ts'],
          env: { SANDBOX_REDIS: 'embedded' },
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // These start dozens of processes and measure deadlines: nothing runs beside them.
        extends: true,
        test: {
          name: 'cli',
          include: ['test/cli/**/*.test.ts'],
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});

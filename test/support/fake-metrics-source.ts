import { onlyBuckets, type WindowReadings } from '../../src/domain/decisions/readings.js';
import type { ConfigurationReadings } from '../../src/domain/proof/metric-observations.js';
import type { DecisionsQuestion, MetricsSource } from '../../src/ports/metrics-source.js';

export const noReadings: WindowReadings = {
  endMs: Date.parse('2026-11-20T12:00:00Z'),
  windowMs: 300_000,
  stepMs: 15_000,
  decisions: [],
  firstSeen: [],
  retryAfter: [],
  evalDuration: [],
  evalErrors: [],
  reloads: null,
  activeOverrides: [],
  points: [],
  pointMs: 15_000,
  newestMs: Date.parse('2026-11-20T12:00:00Z'),
  processes: { resets: 0, isAlternating: false, seen: null },
  warnings: [],
};

export interface FakeMetricsSource extends MetricsSource {
  /** What it was asked, in order. */
  readonly asked: readonly DecisionsQuestion[];
  /** What it answers from now on. */
  answer(next: Partial<WindowReadings> | Error): void;
  /** What it shows of the configuration from now on. */
  configure(next: ConfigurationReadings): void;
  /** When it says that the last reload was. */
  reloadedAt(atMs: number | null): void;
}

/** A source that answers what it is told to, within what was asked. */
export function createFakeMetricsSource(isScraped = false): FakeMetricsSource {
  const asked: DecisionsQuestion[] = [];
  const state: {
    next: Partial<WindowReadings> | Error;
    configuration: ConfigurationReadings;
    lastReloadMs: number | null;
    isClosed: boolean;
  } = {
    next: {},
    configuration: { nowMs: noReadings.endMs, instances: [], spellings: [] },
    lastReloadMs: null,
    isClosed: false,
  };
  return {
    name: 'fake',
    isScraped,
    asked,
    answer: (next) => {
      state.next = next;
    },
    read: async (question, deadline) => {
      asked.push(question);
      deadline.signal().throwIfAborted();
      if (state.isClosed) throw new Error('closed');
      if (state.next instanceof Error) throw state.next;
      const { windowMs, stepMs } = question;
      return onlyBuckets({ ...noReadings, windowMs, stepMs, ...state.next }, question.buckets);
    },
    lastReload: async (_, deadline) => {
      deadline.signal().throwIfAborted();
      return state.lastReloadMs;
    },
    configuration: async (_, deadline) => {
      deadline.signal().throwIfAborted();
      if (state.next instanceof Error) throw state.next;
      return state.configuration;
    },
    configure: (next) => {
      state.configuration = next;
    },
    reloadedAt: (atMs) => {
      state.lastReloadMs = atMs;
    },
    close: () => {
      state.isClosed = true;
    },
  };
}

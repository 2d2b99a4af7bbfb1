/** What the gates of a stage allow; `null`: nothing is said about it. */
export interface StageGates {
  /** The most of a bucket's decisions that may be refused, 0 to 1. */
  readonly blockShare: number | null;
  /**
   * The most that may be over its limit, refused or only observed, 0 to 1: what enforcing would refuse. More than that holds
   * the stage, and takes nothing back.
   */
  readonly wouldBlockShare: number | null;
  /** The longest that the slowest twentieth of those over their limit is told to wait, seconds. */
  readonly retryAfterP95: number | null;
  /** Evaluations that may fail within the window. */
  readonly evaluationErrors: number | null;
  /** Decisions of each bucket without which its figures prove nothing, at least 1. */
  readonly samples: number;
}

/** One stage of a rollout: which buckets only observe from now on, which enforce, and what has to hold then. */
export interface RolloutStage {
  /** Letters, digits and dashes; no two stages of a plan share one. */
  readonly name: string;
  /** The buckets that go into shadow; empty: none. */
  readonly shadow: readonly string[];
  /** The buckets that are enforced; empty: none. */
  readonly enforce: readonly string[];
  /** The buckets whose figures the gates look at; never empty. */
  readonly watch: readonly string[];
  readonly gates: StageGates;
  /** How far back the gates look, milliseconds; never before the stage. */
  readonly windowMs: number;
  /** How long the stage has to stand before it can pass, milliseconds. */
  readonly soakMs: number;
  /** True: somebody has to decide about it; `--auto` stops before it. */
  readonly isAsked: boolean;
}

/** Stages in their order. */
export interface RolloutPlan {
  readonly name: string;
  /** The file that it was read from, as it was given with -f; `-`: stdin. Absent: it is one of the configuration. */
  readonly file?: string;
  readonly stages: readonly RolloutStage[];
}

/** Stands for every bucket, in a plan that has not met an environment yet. */
export const everyBucket = 'all';

export const defaultPlanName = 'standard';

const minute = 60_000;

export const usualGates: StageGates = {
  blockShare: null,
  wouldBlockShare: null,
  retryAfterP95: null,
  evaluationErrors: 0,
  samples: 50,
};

export const usualWindowMs = 5 * minute;
export const usualSoakMs = 15 * minute;

/** The share above which the handbook's alert on refused requests fires. */
const alertShare = 0.05;

/**
 * The handbook's staged rollout: everything in shadow, then financial, then write is enforced, then somebody considers read
 * and auth. Before anything is enforced, what it would have refused has to be within the share that alerts allow.
 */
export const standardPlan: RolloutPlan = {
  name: defaultPlanName,
  stages: [
    stage(
      'all-shadow',
      { shadow: [everyBucket], watch: ['financial'] },
      { blockShare: 0, wouldBlockShare: alertShare },
    ),
    stage('enforce-financial', { enforce: ['financial'] }, { blockShare: alertShare }),
    stage('enforce-write', { enforce: ['write'], watch: ['financial', 'write'] }, { blockShare: alertShare }),
    stage(
      'consider-read-and-auth',
      { enforce: ['read', 'auth'], watch: ['financial', 'write', 'read', 'auth'], isAsked: true },
      { blockShare: alertShare },
    ),
  ],
};

function stage(
  name: string,
  { shadow = [], enforce = [], watch = enforce, isAsked = false }: Partial<RolloutStage>,
  gates: Partial<StageGates>,
): RolloutStage {
  const common = { windowMs: usualWindowMs, soakMs: usualSoakMs, isAsked };
  return { name, shadow, enforce, watch, gates: { ...usualGates, ...gates }, ...common };
}

/** What a stage does, in words: `enforce financial`, `shadow all`. */
export function stageInWords({ shadow, enforce }: Pick<RolloutStage, 'shadow' | 'enforce'>): string {
  const parts = [
    ...(shadow.length === 0 ? [] : [`shadow ${shadow.join(', ')}`]),
    ...(enforce.length === 0 ? [] : [`enforce ${enforce.join(', ')}`]),
  ];
  return parts.length === 0 ? 'change nothing, only watch' : parts.join('; ');
}

/**
 * The plan with every bucket under its own name. `nameOf` gives a bucket's one name, and throws where there is none; `all`:
 * what stands for every bucket.
 */
export function resolvedPlan(
  plan: RolloutPlan,
  { all, nameOf }: { readonly all: readonly string[]; readonly nameOf: (bucket: string) => string },
): RolloutPlan {
  const resolve = (names: readonly string[]): readonly string[] => [
    ...new Set(names.flatMap((name) => (name === everyBucket ? all : [nameOf(name)]))),
  ];
  return {
    ...plan,
    stages: plan.stages.map((each) => {
      const [shadow, enforce, watch] = [resolve(each.shadow), resolve(each.enforce), resolve(each.watch)];
      return { ...each, shadow, enforce, watch: watch.length > 0 ? watch : all };
    }),
  };
}

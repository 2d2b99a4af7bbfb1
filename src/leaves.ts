import type { CommandSpec } from './commands/command.js';

// The command tree as a table: what there is, and where it is loaded from.

/** A leaf of the command tree; its file is loaded only when it is called or its help is asked for. */
export interface Leaf {
  /** `override set` */
  readonly path: string;
  readonly summary: string;
  /** Whether it changes anything outside; `--read-only` refuses these. */
  readonly isMutation: boolean;
  readonly load: () => Promise<{ readonly command: CommandSpec }>;
}

export interface Noun {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly summary: string;
}

export const nouns: readonly Noun[] = [
  { name: 'override', aliases: ['overrides'], summary: 'read and change route overrides, with proof' },
  { name: 'policy', aliases: ['policies'], summary: 'which policy a route really has, and why' },
  { name: 'shadow', aliases: ['shadows'], summary: 'let buckets or routes only observe, and back' },
  { name: 'decisions', aliases: ['decision'], summary: 'what the limiter decided: allowed, blocked, shadow-blocked' },
  { name: 'fleet', aliases: ['fleets'], summary: 'every instance beside the others' },
  { name: 'audit', aliases: ['audits'], summary: 'who changed what, and proof that the record is whole' },
  { name: 'env', aliases: ['envs', 'environment'], summary: 'environments: list, choose, show, compare, promote' },
  { name: 'runbook', aliases: ['runbooks'], summary: 'the handbook’s procedures: shown, checked, run, resumed' },
  { name: 'lock', aliases: ['locks'], summary: 'a lock that is stuck: look at it, clear it' },
  { name: 'idem', aliases: [], summary: 'an idempotency entry: look at it, clear it' },
  { name: 'panic', aliases: ['panics'], summary: 'let requests through in an emergency, and put back what was' },
  { name: 'notify', aliases: [], summary: 'telling others: webhooks and Grafana annotations' },
  {
    name: 'incident',
    aliases: ['incidents'],
    summary: 'what was changed from start to end, its story, and the way back',
  },
  { name: 'rollout', aliases: ['rollouts'], summary: 'enforce limits stage by stage, each passed by its gates' },
  { name: 'sandbox', aliases: [], summary: 'a complete control plane on this machine' },
];

export const leaves: readonly Leaf[] = [
  {
    path: 'reload',
    summary: 'sign and send a reload, and prove it',
    isMutation: true,
    load: () => import('./commands/reload.js'),
  },
  {
    path: 'verify',
    summary: 'prove that what is stored is in force',
    isMutation: false,
    load: () => import('./commands/verify.js'),
  },
  {
    path: 'status',
    summary: 'one screen: how the environment is',
    isMutation: false,
    load: () => import('./commands/status.js'),
  },
  {
    path: 'doctor',
    summary: 'every dependency and assumption, each fault with its cure',
    isMutation: false,
    load: () => import('./commands/doctor.js'),
  },
  {
    path: 'override list',
    summary: 'every override, in matching order',
    isMutation: false,
    load: () => import('./commands/override/list.js'),
  },
  {
    path: 'override get',
    summary: 'one override, as stored',
    isMutation: false,
    load: () => import('./commands/override/get.js'),
  },
  {
    path: 'override set',
    summary: 'set fields of an override, reload, prove',
    isMutation: true,
    load: () => import('./commands/override/set.js'),
  },
  {
    path: 'override unset',
    summary: 'remove an override, reload, prove',
    isMutation: true,
    load: () => import('./commands/override/unset.js'),
  },
  {
    path: 'override edit',
    summary: 'edit the document in your editor, reload, prove',
    isMutation: true,
    load: () => import('./commands/override/edit.js'),
  },
  {
    path: 'override dump',
    summary: 'the overrides as a file: YAML or JSON',
    isMutation: false,
    load: () => import('./commands/override/dump.js'),
  },
  {
    path: 'override diff',
    summary: 'live against a file, field by field',
    isMutation: false,
    load: () => import('./commands/override/diff.js'),
  },
  {
    path: 'override plan',
    summary: 'what apply or sync would do, kept in a file',
    isMutation: false,
    load: () => import('./commands/override/plan.js'),
  },
  {
    path: 'override apply',
    summary: 'put a file or a plan into force; deletes nothing',
    isMutation: true,
    load: () => import('./commands/override/apply.js'),
  },
  {
    path: 'override sync',
    summary: 'the same, and remove what its owner gave up',
    isMutation: true,
    load: () => import('./commands/override/sync.js'),
  },
  {
    path: 'override schema',
    summary: 'the JSON Schema of such a file',
    isMutation: false,
    load: () => import('./commands/override/schema.js'),
  },
  {
    path: 'override history',
    summary: 'every change: what, who, when, why',
    isMutation: false,
    load: () => import('./commands/override/history.js'),
  },
  {
    path: 'override undo',
    summary: 'take back the last change, exactly',
    isMutation: true,
    load: () => import('./commands/override/undo.js'),
  },
  {
    path: 'override expire',
    summary: 'take back what was set for a while, when it is over',
    isMutation: true,
    load: () => import('./commands/override/expire.js'),
  },
  {
    path: 'override repair',
    summary: 'restore a readable document from history',
    isMutation: true,
    load: () => import('./commands/override/repair.js'),
  },
  {
    path: 'override lint',
    summary: 'what is wrong in a document, stored or on disk',
    isMutation: false,
    load: () => import('./commands/override/lint.js'),
  },
  {
    path: 'policy get',
    summary: 'the server’s policy beside the expected one',
    isMutation: false,
    load: () => import('./commands/policy/get.js'),
  },
  {
    path: 'policy explain',
    summary: 'which override wins for a route, and why',
    isMutation: false,
    load: () => import('./commands/policy/explain.js'),
  },
  {
    path: 'policy test',
    summary: 'expectations in a file, checked offline or live',
    isMutation: false,
    load: () => import('./commands/policy/test.js'),
  },
  {
    path: 'policy compare',
    summary: 'which routes two documents treat differently',
    isMutation: false,
    load: () => import('./commands/policy/compare.js'),
  },
  {
    path: 'shadow list',
    summary: 'what is in shadow, by the server and as stored',
    isMutation: false,
    load: () => import('./commands/shadow/list.js'),
  },
  {
    path: 'shadow on',
    summary: 'count, never block: flip, reload, prove',
    isMutation: true,
    load: () => import('./commands/shadow/on.js'),
  },
  {
    path: 'shadow off',
    summary: 'restore what stood before, reload, prove',
    isMutation: true,
    load: () => import('./commands/shadow/off.js'),
  },
  {
    path: 'decisions show',
    summary: 'the figures of a window, per bucket',
    isMutation: false,
    load: () => import('./commands/decisions/show.js'),
  },
  {
    path: 'decisions watch',
    summary: 'the same, refreshed in place until Ctrl-C',
    isMutation: false,
    load: () => import('./commands/decisions/watch.js'),
  },
  {
    path: 'fleet status',
    summary: 'each instance: in step, stale or silent',
    isMutation: false,
    load: () => import('./commands/fleet/status.js'),
  },
  {
    path: 'audit log',
    summary: 'one line for each change, newest first',
    isMutation: false,
    load: () => import('./commands/audit/log.js'),
  },
  {
    path: 'audit verify',
    summary: 'recompute the history: nothing tampered, nothing missing',
    isMutation: false,
    load: () => import('./commands/audit/verify.js'),
  },
  {
    path: 'audit export',
    summary: 'the whole history as NDJSON, to keep elsewhere',
    isMutation: false,
    load: () => import('./commands/audit/export.js'),
  },
  {
    path: 'env list',
    summary: 'the environments there are',
    isMutation: false,
    load: () => import('./commands/env/list.js'),
  },
  {
    path: 'env use',
    summary: 'choose the environment for later commands',
    isMutation: false,
    load: () => import('./commands/env/use.js'),
  },
  {
    path: 'env show',
    summary: 'every setting and where it comes from',
    isMutation: false,
    load: () => import('./commands/env/show.js'),
  },
  {
    path: 'env add',
    summary: 'add an environment to the configuration',
    isMutation: false,
    load: () => import('./commands/env/add.js'),
  },
  {
    path: 'env trust',
    summary: 'vouch for a project’s configuration file',
    isMutation: false,
    load: () => import('./commands/env/trust.js'),
  },
  {
    path: 'env diff',
    summary: 'two environments side by side: overrides, flags, versions',
    isMutation: false,
    load: () => import('./commands/env/diff.js'),
  },
  {
    path: 'env promote',
    summary: 'put what one environment holds into force in another',
    isMutation: true,
    load: () => import('./commands/env/promote.js'),
  },
  {
    path: 'idem clear',
    summary: 'clear one idempotency entry, and prove that it is gone',
    isMutation: true,
    load: () => import('./commands/idem/clear.js'),
  },
  {
    path: 'idem show',
    summary: 'one idempotency entry: value and time left',
    isMutation: false,
    load: () => import('./commands/idem/show.js'),
  },
  {
    path: 'lock clear',
    summary: 'clear one lock, and prove that it is gone',
    isMutation: true,
    load: () => import('./commands/lock/clear.js'),
  },
  {
    path: 'lock show',
    summary: 'one lock: value and time left',
    isMutation: false,
    load: () => import('./commands/lock/show.js'),
  },
  {
    path: 'runbook lint',
    summary: 'what is wrong in a runbook, with its place',
    isMutation: false,
    load: () => import('./commands/runbook/lint.js'),
  },
  {
    path: 'runbook list',
    summary: 'the built-in runbooks and the team’s own',
    isMutation: false,
    load: () => import('./commands/runbook/list.js'),
  },
  {
    path: 'runbook log',
    summary: 'what runs did, step by step',
    isMutation: false,
    load: () => import('./commands/runbook/log.js'),
  },
  {
    path: 'runbook resume',
    summary: 'go on with a run, or take it back',
    isMutation: true,
    load: () => import('./commands/runbook/resume.js'),
  },
  {
    path: 'runbook run',
    summary: 'check, act, prove, step by step',
    isMutation: true,
    load: () => import('./commands/runbook/run.js'),
  },
  {
    path: 'runbook schema',
    summary: 'the JSON Schema of a runbook',
    isMutation: false,
    load: () => import('./commands/runbook/schema.js'),
  },
  {
    path: 'runbook show',
    summary: 'one runbook: inputs and steps, or its handbook page',
    isMutation: false,
    load: () => import('./commands/runbook/show.js'),
  },
  {
    path: 'panic bucket',
    summary: 'nothing of a bucket is blocked any more: act, prove',
    isMutation: true,
    load: () => import('./commands/panic/bucket.js'),
  },
  {
    path: 'panic global',
    summary: 'nothing at all is blocked any more: act, prove',
    isMutation: true,
    load: () => import('./commands/panic/global.js'),
  },
  {
    path: 'panic list',
    summary: 'the panics that are open',
    isMutation: false,
    load: () => import('./commands/panic/list.js'),
  },
  {
    path: 'panic restore',
    summary: 'put back exactly what was before one, and prove it',
    isMutation: true,
    load: () => import('./commands/panic/restore.js'),
  },
  {
    path: 'panic route',
    summary: 'nothing under a prefix is blocked any more: act, prove',
    isMutation: true,
    load: () => import('./commands/panic/route.js'),
  },
  {
    path: 'notify schema',
    summary: 'the JSON Schema of an event',
    isMutation: false,
    load: () => import('./commands/notify/schema.js'),
  },
  {
    path: 'notify test',
    summary: 'send every receiver an event, and see what it answers',
    isMutation: true,
    load: () => import('./commands/notify/test.js'),
  },
  {
    path: 'incident end',
    summary: 'end it: take its changes back or keep them, write its story',
    isMutation: true,
    load: () => import('./commands/incident/end.js'),
  },
  {
    path: 'incident list',
    summary: 'those that have ended, and the open one',
    isMutation: false,
    load: () => import('./commands/incident/list.js'),
  },
  {
    path: 'incident note',
    summary: 'say what was seen; kept with author and time',
    isMutation: true,
    load: () => import('./commands/incident/note.js'),
  },
  {
    path: 'incident show',
    summary: 'the story of one, also as Markdown and as a page',
    isMutation: false,
    load: () => import('./commands/incident/show.js'),
  },
  {
    path: 'incident start',
    summary: 'from now on, all that anybody changes belongs to it',
    isMutation: true,
    load: () => import('./commands/incident/start.js'),
  },
  {
    path: 'incident status',
    summary: 'what was changed so far, and what its end would restore',
    isMutation: false,
    load: () => import('./commands/incident/status.js'),
  },
  {
    path: 'rollout abort',
    summary: 'take back the stage it is in, and prove it',
    isMutation: true,
    load: () => import('./commands/rollout/abort.js'),
  },
  {
    path: 'rollout pause',
    summary: 'hold it: nothing is promoted or aborted',
    isMutation: true,
    load: () => import('./commands/rollout/pause.js'),
  },
  {
    path: 'rollout promote',
    summary: 'enter the next stage, when this one has passed',
    isMutation: true,
    load: () => import('./commands/rollout/promote.js'),
  },
  {
    path: 'rollout resume',
    summary: 'go on where it stands, doing nothing twice',
    isMutation: true,
    load: () => import('./commands/rollout/resume.js'),
  },
  {
    path: 'rollout schema',
    summary: 'the JSON Schema of a plan',
    isMutation: false,
    load: () => import('./commands/rollout/schema.js'),
  },
  {
    path: 'rollout start',
    summary: 'enter the first stage of a plan and watch its gates',
    isMutation: true,
    load: () => import('./commands/rollout/start.js'),
  },
  {
    path: 'rollout status',
    summary: 'stages, gates with their numbers, what is next',
    isMutation: false,
    load: () => import('./commands/rollout/status.js'),
  },
  {
    path: 'rollout undo',
    summary: 'take back all of it, and prove it',
    isMutation: true,
    load: () => import('./commands/rollout/undo.js'),
  },
  {
    path: 'sandbox up',
    summary: 'start it; stays until Ctrl-C',
    isMutation: false,
    load: () => import('./commands/sandbox/up.js'),
  },
  {
    path: 'sandbox demo',
    summary: 'walk the main job, step by step',
    isMutation: false,
    load: () => import('./commands/sandbox/demo.js'),
  },
  {
    path: 'completion',
    summary: 'print or install completion for a shell',
    isMutation: false,
    load: () => import('./commands/completion.js'),
  },
  {
    path: 'help',
    summary: 'help on a command or a topic',
    isMutation: false,
    load: () => import('./commands/help.js'),
  },
];

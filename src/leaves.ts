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
  { name: 'env', aliases: ['envs', 'environment'], summary: 'environments: list, choose, show, add, trust' },
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

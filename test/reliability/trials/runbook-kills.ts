// Runs of a runbook that are killed with SIGKILL at random moments, and gone on with: each must end in the state of an
// undisturbed run, with nothing done twice and the lease free.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCli, type CliEnd } from '../../support/cli.js';
import { labKey, openLab, type Lab } from '../../support/lab.js';
import type { Trial, UnitOutcome } from '../trial.js';

type Machine = 'here' | 'there';

const lockOf = (user: number): string => `${labKey.split(':')[0]}:lock:${user}:checkout`;

/** A program that must not run twice takes its time, so that it is killed in the middle now and then. */
const slowMark = (marks: string): string =>
  `setTimeout(() => require('fs').appendFileSync(${JSON.stringify(marks)}, 'once\\n'), 30)`;

const manual = { manual: 'Nothing.' };
const runbookOf = ({ marks, touched }: { marks: string; touched: string }) => ({
  title: 'Every kind of step',
  summary: 'What a run can be killed in.',
  inputs: { rate: { type: 'integer' } },
  steps: [
    { id: 'look', title: 'A look', rlctl: ['override', 'list'] },
    { id: 'first', title: 'A change', rlctl: ['override', 'set', '/api/a', '--rate', '{{rate}}'] },
    {
      id: 'program',
      title: 'A program that must not run twice',
      exec: { argv: [process.execPath, '-e', slowMark(marks)] },
      undo: manual,
    },
    { id: 'second', title: 'Another change', rlctl: ['override', 'set', '/api/b', '--burst', '3'] },
    { id: 'third', title: 'A change that is taken back', rlctl: ['override', 'set', '/api/c', '--rate', '7'] },
    { id: 'back', title: 'Taking it back', rlctl: ['override', 'undo'] },
    { id: 'lock', title: 'A lock', rlctl: ['lock', 'clear', '42', 'checkout'] },
    {
      id: 'touch',
      title: 'A program that may run twice',
      exec: { argv: ['touch', touched], repeatable: true },
      undo: manual,
    },
    { id: 'quiet', title: 'Shadow', rlctl: ['shadow', 'on', '--route', '/api/a'] },
    { id: 'proof', title: 'A proof', rlctl: ['verify'] },
  ],
});

interface Place {
  readonly lab: Lab;
  readonly marks: string;
  readonly touched: string;
  /** How long an undisturbed run takes, and what it leaves behind. */
  wholeMs: number;
  wanted: string;
}

const runLine = ['runbook', 'run', 'every-kind', '-i', 'rate=10', '--json'];

interface Ended extends CliEnd {
  readonly isKilled: boolean;
}

/** Runs the built program; killed after so many milliseconds, unless that is `null`. */
async function rlctl(lab: Lab, machine: Machine, args: readonly string[], killAfterMs: number | null): Promise<Ended> {
  const { root, cwd } = lab.world;
  const env = {
    ...lab.world.env,
    XDG_STATE_HOME: join(root, machine, 'state'),
    XDG_CONFIG_HOME: join(root, machine, 'config'),
    XDG_CACHE_HOME: join(root, 'cache'),
    RLCTL_ACTOR: `tester@${machine}`,
    RLCTL_ENV: 'lab',
  };
  const { child, ended } = startCli(args, { env, cwd });
  const timer = killAfterMs === null ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  const end = await ended;
  clearTimeout(timer);
  return { ...end, isKilled: end.signal === 'SIGKILL' };
}

async function reset({ lab, marks, touched }: Place): Promise<void> {
  await lab.reset();
  await lab.redis.cli('SET', lockOf(42), 'stuck', 'PX', '3600000');
  await lab.redis.cli('SET', lockOf(43), 'at work', 'PX', '3600000');
  // What a machine remembers of the unit before, runs and reloads, would speak against an empty Redis.
  const machines = ['here', 'there'].map((machine) => join(lab.world.root, machine));
  for (const path of [marks, touched, ...machines]) await rm(path, { recursive: true, force: true });
}

async function linesOf(path: string): Promise<number> {
  const text = await readFile(path, 'utf8').catch(() => null);
  return text === null ? 0 : Math.max(1, text.split('\n').length - 1);
}

interface BodyOfStep {
  readonly command: string;
  readonly partOf: readonly { readonly kind: string; readonly step: string }[];
}

/** Everything that a run leaves behind, as text to compare. */
async function finalState({ lab, marks, touched }: Place): Promise<string> {
  const entries = (await lab.redis.cli('XRANGE', `{${labKey}}:history`, '-', '+')).split('\n');
  const bodies = entries.filter((line) => line.startsWith('{"v":1')).map((line) => JSON.parse(line) as BodyOfStep);
  const verified = await rlctl(lab, 'here', ['verify', '--json'], null);
  return JSON.stringify({
    document: await lab.document(),
    changes: bodies.map(({ command, partOf }) => [command, partOf.map(({ kind, step }) => `${kind} ${step}`)]),
    marks: await linesOf(marks),
    touched: await linesOf(touched),
    lock: await lab.redis.cli('EXISTS', lockOf(42)),
    otherLock: await lab.redis.cli('GET', lockOf(43)),
    proof: (JSON.parse(verified.out) as { proof: { verdict: string } }).proof.verdict,
  });
}

async function newestRun(lab: Lab): Promise<string | null> {
  const { out } = await rlctl(lab, 'here', ['runbook', 'log', '--json', '--limit', '1'], null);
  return (JSON.parse(out) as { runs: readonly { run: string }[] }).runs[0]?.run ?? null;
}

async function faultsOf(place: Place, id: string): Promise<readonly string[]> {
  const found = await finalState(place);
  const operations = await place.lab.redis.cli('HGETALL', `{${labKey}}:operations`);
  return [
    ...(found === place.wanted ? [] : [`run ${id} left ${found}, not ${place.wanted}`]),
    ...(operations.includes(`lease run:${id}`) ? [`the lease of run ${id} is not free`] : []),
  ];
}

interface ErrorShown {
  readonly code: string;
  readonly details: { readonly step?: string };
}

function errorIn(err: string): ErrorShown | null {
  const line = err.trim().split('\n').at(-1) ?? '';
  return line.includes('"error"') ? (JSON.parse(line) as { error: ErrorShown }).error : null;
}

/** What a unit has come to: which run, on which machine it was driven last, and what to answer to it. */
interface Driven {
  id: string | null;
  machine: Machine;
  killsLeft: number;
  choices: readonly string[];
}

const other = (machine: Machine): Machine => (machine === 'here' ? 'there' : 'here');

/** Runs, kills, goes on until the run is at its end; what is wrong then. */
async function unit(place: Place, chance: () => number): Promise<UnitOutcome> {
  const { lab } = place;
  await reset(place);
  const counts = { kills: 0, resumes: 0, 'taken over by another machine': 0, 'answers given': 0, 'begun anew': 0 };
  const driven: Driven = { id: null, machine: 'here', killsLeft: 1 + Math.floor(chance() * 3), choices: [] };
  for (let turn = 0; turn < 30; turn += 1) {
    const isElsewhere = driven.id !== null && chance() < 0.2;
    if (isElsewhere) driven.machine = other(driven.machine);
    const how = isElsewhere ? ['--take-over'] : [];
    if (isElsewhere) counts['taken over by another machine'] += 1;
    const line = driven.id === null ? runLine : ['runbook', 'resume', driven.id, '--json', ...how, ...driven.choices];
    if (driven.id !== null) counts.resumes += 1;
    const killAfterMs = driven.killsLeft > 0 ? chance() * place.wholeMs : null;
    const ended = await rlctl(lab, driven.machine, line, killAfterMs);
    if (ended.isKilled) {
      driven.killsLeft -= 1;
      counts.kills += 1;
      // A program that the killed one had started goes on by itself.
      await sleep(120);
      driven.choices = [];
    }
    if (driven.id === null) {
      driven.id = await newestRun(lab);
      if (driven.id === null && ended.isKilled) counts['begun anew'] += 1;
      if (driven.id === null && !ended.isKilled) return { counts, faults: [`no run is known: ${ended.err}`] };
    }
    if (driven.id === null || ended.isKilled) continue;
    const error = errorIn(ended.err);
    if (ended.code === 0 || error?.code === 'RUN_OVER') return { counts, faults: await faultsOf(place, driven.id) };
    if (error?.code === 'RUN_WAITS' && error.details.step === 'program') {
      counts['answers given'] += 1;
      const isDone = (await linesOf(place.marks)) > 0;
      driven.choices = [isDone ? '--done' : '--again', 'program'];
    } else if (error?.code === 'RUN_DRIVEN') driven.machine = other(driven.machine);
    else
      return { counts, faults: [`${line.join(' ')} ended with ${ended.code}: ${ended.err}${ended.out.slice(-600)}`] };
  }
  return { counts, faults: [`run ${driven.id} came to no end`] };
}

async function open(lab: Lab): Promise<Place> {
  const { root, cwd } = lab.world;
  const place = { lab, marks: join(root, 'marks'), touched: join(root, 'touched'), wholeMs: 0, wanted: '' };
  await mkdir(join(cwd, 'runbooks'));
  await writeFile(join(cwd, 'runbooks', 'every-kind.yaml'), JSON.stringify(runbookOf(place)));
  // The first one of all compiles the tool's code; the second tells how long one takes.
  for (const _ of ['cold', 'warm']) {
    await reset(place);
    const { code, err, tookMs } = await rlctl(lab, 'here', runLine, null);
    if (code !== 0) throw new Error(`the undisturbed run ended with ${code}: ${err}`);
    place.wholeMs = tookMs;
  }
  return { ...place, wanted: await finalState(place) };
}

export const runbookKills: Trial = {
  name: 'runbook-kills',
  about:
    'a runbook killed at random moments and gone on with, here or on another machine, ends as an undisturbed one: nothing done twice, the lease free',
  units: 200,
  quick: 5,
  least: { kills: 200, resumes: 200 },
  leastQuick: { kills: 1, resumes: 1 },
  open: async () => {
    const lab = await openLab();
    const stop = async (): Promise<UnitOutcome> => {
      await lab.stop();
      return { counts: {}, faults: [] };
    };
    try {
      const place = await open(lab);
      return { unit: (_, chance) => unit(place, chance), close: stop };
    } catch (error) {
      await stop();
      throw error;
    }
  },
};

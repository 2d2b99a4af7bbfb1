import { counted } from '../../domain/counted.js';
import { RlctlError } from '../../domain/errors.js';
import type { Found } from '../../domain/doctor/report.js';
import { shellWord } from '../../domain/shell-words.js';
import type { FileFacts } from '../../ports/files.js';
import { narrowed, octal } from './configuration.js';
import { NotChecked, well, type Answer, type Facts } from './facts.js';

/** The oldest Node.js that the package promises to work with. */
const oldestNode = [20, 19] as const;

/** Whether this Node.js is one that rlctl is tried with. */
export function checkNode({ ports }: Facts): Answer {
  const { nodeVersion } = ports.machine;
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  const isOld = major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1]);
  const evidence = `Node.js ${nodeVersion}`;
  if (!isOld) return well(evidence);
  const message = `${evidence} is older than ${oldestNode.join('.')}, which rlctl needs`;
  return {
    evidence,
    found: [
      {
        code: 'NODE_TOO_OLD',
        part: 'node',
        message,
        evidence,
        cure: `Install Node.js ${oldestNode.join('.')} or later.`,
      },
    ],
  };
}

/** Without its state rlctl works, and forgets: what a reload was accepted with, and what `shadow on` found. */
export async function checkState({ input, ports }: Facts): Promise<Answer> {
  const { environment } = input;
  const secret = environment instanceof RlctlError ? null : (environment?.secret ?? null);
  // A sandbox keeps its secret here; what is wrong with one is the finding of its own check.
  const isSecretTold = secret?.kind === 'file' && input.selected.has('configuration.secret');
  const secretPath = isSecretTold ? await ports.machine.realPath(input.resolvePath(secret.path)) : null;
  const folder = (await ports.machine.realPath(input.stateFolder)) ?? input.stateFolder;
  const facts = await ports.files.facts(folder);
  const place = facts === null ? await nearest(folder, (each) => ports.machine.canWriteInto(each)) : folder;
  const isWritable = await ports.machine.canWriteInto(place);
  const evidence = facts === null ? `${folder} is not there yet` : `${folder}, mode ${octal(facts.mode)}`;
  const found: Found[] = [];
  if (isWritable !== true) {
    const message = `rlctl cannot keep its state in ${folder}: what it sees of a server is forgotten`;
    found.push({
      code: 'STATE_UNWRITABLE',
      part: folder,
      message,
      evidence: `no right to write into ${place}`,
      cure: `Run: chmod u+rwx ${shellWord(place)}; or choose another folder: export XDG_STATE_HOME=~/.local/state`,
    });
  }
  const all = facts === null ? [] : await openPaths(ports, folder);
  const open = all.filter(({ path }) => path !== secretPath);
  const looked = open.length === 0 ? evidence : `${evidence}; ${counted(open.length, 'path')} open to others`;
  return { evidence: looked, found: [...found, ...open.map(openFound)] };
}

/** A path of the state that others may read or write. */
interface OpenPath {
  readonly path: string;
  readonly facts: FileFacts;
}

/** The state is two levels deep, and a machine that works on many servers has a small file for each. */
const mostLooked = 500;

/** The folder, what is in it, and what is in its folders: whatever others may read or write. */
async function openPaths(ports: Facts['ports'], folder: string): Promise<readonly OpenPath[]> {
  const { files, machine } = ports;
  const inside = async (place: string): Promise<readonly string[]> =>
    (await machine.list(place)).map((name) => `${place}/${name}`);
  const top = await inside(folder);
  const below = await Promise.all(top.map(inside));
  const paths = [folder, ...top, ...below.flat()].slice(0, mostLooked);
  const all = await Promise.all(paths.map(async (path) => ({ path, facts: await files.facts(path) })));
  // A link has no permissions of its own.
  return all.flatMap(({ path, facts }) =>
    facts !== null && !facts.isSymbolicLink && (facts.mode & 0o077) !== 0 ? [{ path, facts }] : [],
  );
}

function openFound({ path, facts }: OpenPath): Found {
  const isWritable = (facts.mode & 0o022) !== 0;
  const what = isWritable
    ? "can be written by others, who could vouch for a project's file in your name"
    : 'can be read by others: it says which servers there are, and what was done to them';
  const evidence = `${path} has mode ${octal(facts.mode)}`;
  const to = facts.isRegular ? 0o600 : 0o700;
  return { code: 'STATE_OPEN', part: path, message: `${path} ${what}`, evidence, ...narrowed(path, facts, to) };
}

/** The nearest folder above that exists. */
async function nearest(folder: string, canWrite: (folder: string) => Promise<boolean | null>): Promise<string> {
  let place = folder;
  while (place !== '/' && (await canWrite(place)) === null) place = place.replace(/\/[^/]*$/, '') || '/';
  return place;
}

/** Nobody has to have it: it is only said. */
export async function checkCompletion({ input, ports }: Facts): Promise<Answer> {
  if (input.completion === null) throw new NotChecked('SHELL names none that is known');
  const { shell, path } = input.completion;
  const isThere = (await ports.files.facts(path)) !== null;
  return well(isThere ? `${shell}: ${path}` : `not for ${shell}; to have it: rlctl completion ${shell} --install`);
}

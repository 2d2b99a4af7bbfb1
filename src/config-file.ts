import { isNode, LineCounter, parseDocument } from 'yaml';
import { tooDeepAt } from './adapters/yaml/nesting.js';
import { RlctlError } from './domain/errors.js';

/** The value of a YAML configuration. Throws a usage error that names the file and the place. */
export function parseYaml(text: string, path: string): unknown {
  return checked(text, path).toJS();
}

/** The text with one environment added, its comments and everything else kept; and the value it then has. */
export function withEnvironment(
  text: string,
  path: string,
  name: string,
  entry: object,
): { text: string; value: unknown } {
  const document = checked(text, path);
  document.setIn(['environments', name], document.createNode(entry));
  return { text: document.toString({ lineWidth: 0 }), value: document.toJS() };
}

function checked(text: string, path: string) {
  if (tooDeepAt(text) !== null) throw fault(path, 'it is nested too deeply to be read');
  const document = parseDocument(text, { uniqueKeys: true, prettyErrors: true });
  const [error] = document.errors;
  if (error === undefined) return document;
  throw fault(path, error.message.split('\n')[0] ?? '');
}

function fault(path: string, why: string): RlctlError {
  return new RlctlError('usage', `${path}: ${why}`, {
    code: 'CONFIG_SYNTAX',
    hint: 'Correct the YAML at the place named.',
  });
}

/** The line, from 1, on which the value under these keys begins; `null`: there is none. */
export function lineOf(text: string, keys: readonly (string | number)[]): number | null {
  const lines = new LineCounter();
  const node = parseDocument(text, { lineCounter: lines }).getIn(keys, true);
  return isNode(node) && node.range ? lines.linePos(node.range[0]).line : null;
}

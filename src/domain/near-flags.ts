/** Names that people give a flag from what other programs call it; the first that the command has is meant. */
const synonyms: ReadonlyMap<string, readonly string[]> = new Map([
  ['window', ['since']],
  ['last', ['since']],
  ['period', ['since', 'interval']],
  ['duration', ['since']],
  ['range', ['since']],
  ['every', ['interval']],
  ['refresh', ['interval']],
  ['resolution', ['step']],
  ['environment', ['env']],
  ['dry', ['dry-run']],
  ['simulate', ['dry-run']],
  ['wait-for', ['wait']],
  ['wait-time', ['wait']],
  ['deadline', ['timeout']],
  ['format', ['output']],
  ['message', ['reason']],
  ['comment', ['reason']],
  ['issue', ['ticket']],
  ['rpm', ['rate']],
  ['max', ['limit']],
  ['count', ['limit']],
  ['server', ['target', 'api']],
  ['url', ['target', 'api']],
  ['verbose', ['debug']],
  ['silent', ['quiet']],
  ['no-color', ['color']],
  ['non-interactive', ['no-input']],
  ['assume-yes', ['yes']],
]);

/**
 * The flag of a command that an unknown one (`--window`, `--window=5m`) probably means, with its dashes; `null`: none.
 * `flags` are those that the command takes, with their dashes.
 */
export function flagMeant(unknown: string, flags: readonly string[]): string | null {
  const [name = ''] = unknown.replace(/^-+/, '').split('=');
  const meant = (synonyms.get(name.toLowerCase()) ?? []).map((each) => `--${each}`);
  return meant.find((each) => flags.includes(each)) ?? null;
}

/** What INFO says, by name. Empty: the user may not ask. */
export type Info = ReadonlyMap<string, string>;

/** Reads the answer of INFO. */
export function infoOf(text: string | null): Info {
  const pairs = (text ?? '').split(/\r?\n/).flatMap((line) => {
    const colon = line.indexOf(':');
    return colon <= 0 || line.startsWith('#') ? [] : [[line.slice(0, colon), line.slice(colon + 1)] as const];
  });
  return new Map(pairs);
}

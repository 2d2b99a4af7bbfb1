/** A number with its noun, in the singular where it is one: `1 override`, `3 overrides`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

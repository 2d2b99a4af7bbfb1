/**
 * The names nearest to one that is not there, at most three, the nearest first: those that it begins or that begin it,
 * and those a few slips of the keyboard away (a third of the longer name's characters, at least one). Empty: none is near.
 */
export function nearNames(wanted: string, known: Iterable<string>): readonly string[] {
  return [...known]
    .map((name) => ({ name, distance: distanceBetween(wanted.slice(0, longest), name.slice(0, longest)) }))
    .filter(({ distance }) => distance !== null)
    .sort((a, b) => (a.distance ?? 0) - (b.distance ?? 0))
    .slice(0, 3)
    .map(({ name }) => name);
}

/** How many characters lie between two names; `null`: they are not near. */
function distanceBetween(wanted: string, name: string): number | null {
  const longer = Math.max(wanted.length, name.length);
  const shorter = Math.min(wanted.length, name.length);
  // "" and "/" begin everything, which tells nothing.
  if (shorter > 1 && (name.startsWith(wanted) || wanted.startsWith(name))) return longer - shorter;
  const most = Math.max(1, Math.floor(longer / 3));
  if (longer - shorter > most || shorter === 0) return null;
  const distance = editDistance(wanted, name);
  return distance <= most && distance < longer ? distance : null;
}

/** Names beyond this length are compared by their beginnings: the work grows with the square. */
const longest = 200;

/** Characters to put in, take out, replace or swap with their neighbour. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const isSame = a[i - 1] === b[j - 1];
      const replaced = at(rows, i - 1, j - 1) + (isSame ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? at(rows, i - 2, j - 2) + 1 : replaced;
      row.push(Math.min(replaced, swapped, at(rows, i - 1, j) + 1, (row[j - 1] ?? 0) + 1));
    }
    rows.push(row);
  }
  return at(rows, a.length, b.length);
}

function at(rows: readonly (readonly number[])[], i: number, j: number): number {
  return rows[i]?.[j] ?? 0;
}

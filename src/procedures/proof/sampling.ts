import type { Randomness } from '../../ports/randomness.js';

/** `count` of the items, or all where there are fewer, picked by chance alone; no item twice. Costs nothing per item left out. */
export function pickSome<Item>(items: readonly Item[], count: number, randomness: Randomness): readonly Item[] {
  // A shuffle that stops early; only the places it touched are remembered.
  const moved = new Map<number, number>();
  const picked: Item[] = [];
  for (let index = 0; index < Math.min(count, items.length); index += 1) {
    const other = index + Math.floor(randomness.fraction() * (items.length - index));
    const item = items[moved.get(other) ?? other];
    moved.set(other, moved.get(index) ?? index);
    if (item !== undefined) picked.push(item);
  }
  return picked;
}

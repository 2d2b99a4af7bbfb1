/** Where something stands in a text, as an editor counts: from 1, columns in characters. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/** Tells the place of an offset. Asked in rising order it goes through the text once, however often it is asked. */
export type PlaceFinder = (offset: number) => TextPlace;

/** The places of bytes in UTF-8 text: bytes that continue a character are no column of their own. */
export function bytePlaces(bytes: Uint8Array): PlaceFinder {
  return placesIn(
    (at) => bytes[at] ?? 0,
    (byte) => byte < 0x80 || byte >= 0xc0,
  );
}

/** The places of UTF-16 units: the second half of a pair is no column of its own. */
export function unitPlaces(text: string): PlaceFinder {
  return placesIn(
    (at) => text.charCodeAt(at),
    (unit) => unit < 0xdc00 || unit > 0xdfff,
  );
}

/** A smaller offset than the last one starts anew. */
function placesIn(unitAt: (offset: number) => number, isColumn: (unit: number) => boolean): PlaceFinder {
  let [reached, line, column] = [0, 1, 1];
  return (offset) => {
    if (offset < reached) [reached, line, column] = [0, 1, 1];
    for (; reached < offset; reached += 1) {
      const unit = unitAt(reached);
      if (unit === 0x0a) {
        line += 1;
        column = 1;
      } else if (isColumn(unit)) column += 1;
    }
    return { line, column };
  };
}

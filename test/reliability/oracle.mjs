// Judges a history without any code of the tool: only the format of the stream is taken from it.
import { createHash } from 'node:crypto';

const revisionOf = (bytes) => (bytes === null ? 'none' : createHash('sha256').update(bytes).digest('hex'));

/** Every entry of the stream, oldest first. */
export async function readEntries(redis, key) {
  const entries = await redis.xrangeBuffer(key, '-', '+');
  return entries.map(([id, words]) => {
    const fields = {};
    for (let at = 0; at < words.length; at += 2) fields[String(words[at])] = words[at + 1];
    return {
      timeMs: Number(String(id).split('-')[0]),
      kind: String(fields.kind),
      id: String(fields.id),
      sequence: Number(fields.seq),
      next: String(fields.next),
      body: fields.body === undefined ? null : JSON.parse(String(fields.body)),
      document: fields.doc ?? null,
    };
  });
}

function edited(bytes, splices) {
  return splices.reduce((before, { at, removed, inserted }) => {
    const end = at + Buffer.byteLength(removed);
    if (String(before.subarray(at, end)) !== removed)
      throw new Error(`what a splice removes is not there, at byte ${at}`);
    return Buffer.concat([before.subarray(0, at), Buffer.from(inserted), before.subarray(end)]);
  }, bytes);
}

/** Replays every change over the first document; the faults that were met, none: it leads to `last`. */
export function replayFaults(entries, first, last) {
  const faults = [];
  let bytes = first;
  for (const [index, { kind, sequence, next, body, document }] of entries.entries()) {
    if (sequence !== index + 1) faults.push(`entry ${index + 1} is numbered ${sequence}`);
    try {
      if (kind === 'change') bytes = body.splices === null ? document : edited(bytes, body.splices);
    } catch (error) {
      faults.push(`entry ${sequence}: ${error.message}`);
    }
    if (kind === 'snapshot' && document !== null && !document.equals(bytes))
      faults.push(`snapshot ${sequence} differs`);
    if (revisionOf(bytes) !== next) faults.push(`entry ${sequence} does not lead to the revision it names`);
    if (faults.length >= 5) return faults;
  }
  if (!bytes.equals(last)) faults.push('the history does not lead to the stored document');
  return faults;
}

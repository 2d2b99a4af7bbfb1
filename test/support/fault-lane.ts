import type { Socket } from 'node:net';

/** How a line is slow. Absent: not in this way. */
export interface LineShape {
  /** Everything comes later by this much. */
  readonly latencyMs?: number;
  readonly bytesPerSecond?: number;
  /** Everything comes in pieces of this size, this much apart. */
  readonly pieces?: { readonly bytes: number; readonly gapMs: number };
  /** An end is passed on later by this much. */
  readonly closeMs?: number;
}

type Parcel = { readonly dueMs: number } & ({ readonly bytes: Buffer } | { readonly act: () => void });

/** How often a narrow line passes on what it may, milliseconds. */
const tickMs = 20;

/** One direction of a connection: passes everything on in its order, as late as its shape says. */
export class FaultLane {
  readonly #to: Socket;
  readonly #queue: Parcel[] = [];
  #shape: LineShape = {};
  #timer: NodeJS.Timeout | null = null;
  #lastMs = 0;
  #isStopped = false;

  constructor(to: Socket) {
    this.#to = to;
  }

  /** True where something has still to be passed on. */
  get isBusy(): boolean {
    return this.#queue.length > 0;
  }

  become(shape: LineShape): void {
    this.#shape = shape;
  }

  pass(bytes: Buffer, laterMs = 0): void {
    if (bytes.length === 0) return;
    const size = this.#pieceBytes();
    for (let at = 0; at < bytes.length; at += size) {
      const piece = bytes.subarray(at, at + size);
      this.#put(laterMs + (this.#shape.latencyMs ?? 0), this.#gapMs(piece.length), (dueMs) => ({
        dueMs,
        bytes: piece,
      }));
    }
    this.#flush();
  }

  /** Does something once everything before it has been passed on: an end, a reset. */
  afterwards(act: () => void, laterMs = 0): void {
    this.#put(laterMs + (this.#shape.latencyMs ?? 0) + (this.#shape.closeMs ?? 0), 0, (dueMs) => ({ dueMs, act }));
    this.#flush();
  }

  /** Nothing more is passed on or done, whatever comes after: an end that is told late would keep the process. */
  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#queue.length = 0;
  }

  #pieceBytes(): number {
    const { pieces, bytesPerSecond } = this.#shape;
    const narrow = bytesPerSecond === undefined ? Infinity : Math.max(1, Math.floor((bytesPerSecond * tickMs) / 1000));
    return Math.min(pieces?.bytes ?? Infinity, narrow);
  }

  #gapMs(bytes: number): number {
    const { pieces, bytesPerSecond } = this.#shape;
    return Math.max(pieces?.gapMs ?? 0, bytesPerSecond === undefined ? 0 : (bytes * 1000) / bytesPerSecond);
  }

  #put(laterMs: number, gapMs: number, made: (dueMs: number) => Parcel): void {
    if (this.#isStopped) return;
    this.#lastMs = Math.max(performance.now() + laterMs, this.#lastMs + gapMs);
    this.#queue.push(made(this.#lastMs));
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (let [first] = this.#queue; first !== undefined; [first] = this.#queue) {
      const leftMs = first.dueMs - performance.now();
      if (leftMs > 0) {
        this.#timer = setTimeout(() => this.#flush(), Math.ceil(leftMs));
        return;
      }
      this.#queue.shift();
      if ('act' in first) first.act();
      else if (this.#to.writable) this.#to.write(first.bytes);
    }
  }
}

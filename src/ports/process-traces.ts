/** Which process of this machine took something that only one may hold: readable for its user alone. */
export interface ProcessTraces {
  /** True: a process of this machine took what this token names, and is gone. False also where nothing is known of it. */
  isLeft(token: string): Promise<boolean>;
  /** Notes that this process takes it. Throws where no trace can be kept. */
  leave(token: string): Promise<void>;
  /** It was given back; absent is fine. */
  remove(token: string): Promise<void>;
}

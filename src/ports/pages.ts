/** What an address answered. */
export interface PageAnswer {
  readonly status: number;
  /** At most 1 MiB of it. */
  readonly body: string;
}

/** Looks at an address over HTTP: nothing is signed, no redirect is followed, nothing is changed. */
export interface Pages {
  /** Throws `unreachable` where no whole answer came. Any status is an answer. */
  look(url: URL, method: 'GET' | 'HEAD', signal: AbortSignal): Promise<PageAnswer>;
  /** Drops every connection at once. */
  close(): void;
}

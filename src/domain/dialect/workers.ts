/**
 * True where more processes were seen than the environment says: then what takes its number for the whole may miss one
 * that is stale. `configured`: `null`: the environment does not say; `seen`: `null`: nothing told one from another.
 */
export function hasMoreWorkers(configured: number | null, seen: number | null): boolean {
  return configured !== null && seen !== null && seen > configured;
}

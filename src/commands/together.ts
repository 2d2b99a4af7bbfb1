/** Both at once, because neither needs the other; the first one's failure is the one to tell, whichever was faster. */
export async function together<A, B>(work: readonly [A | Promise<A>, B | Promise<B>]): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled(work);
  if (first.status === 'rejected') throw first.reason;
  if (second.status === 'rejected') throw second.reason;
  return [first.value, second.value];
}

/** Work on many items in parallel, with a limit. */

/**
 * Works on all items, up to a number in parallel. After an error, it begins no further item, and waits for the ones that
 * have begun.
 *
 * @throws the first error of the work
 */
export async function forEachConcurrently<Item>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  const errors: unknown[] = [];
  async function worker(): Promise<void> {
    for (const item of waiting) {
      if (errors.length > 0) return;
      try {
        await work(item);
      } catch (error) {
        errors.push(error);
      }
    }
  }
  await Promise.all(Array.from({ length: limit }, worker));
  if (errors.length > 0) throw errors[0];
}

/**
 * Parts of a bundle that are loaded on first use, because most instances never use them. The build puts each `import()` in a
 * separate file, so a cold start does not compile it.
 */

/** @param load runs once, and again after a failure: an instance lives for hours, and the cause can pass */
export function onFirstUse<Loaded>(load: () => Promise<Loaded>): () => Promise<Loaded> {
  let loading: Promise<Loaded> | undefined;
  return () =>
    (loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    }));
}

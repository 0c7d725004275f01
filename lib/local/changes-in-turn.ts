/** Returns a function that runs changes one after another, each on the result of the one before. */
export function changesInTurn(): <Result>(change: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (change) => {
    // A failed change does not block the next one.
    const result = last.catch(() => undefined).then(change);
    last = result;
    return result;
  };
}

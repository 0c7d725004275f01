/** A real server that holds its answer until the test lets it go. */
export interface Held {
  /** Middleware of the server's: holds the first request, and lets the others pass. */
  readonly hold: (context: unknown, next: () => Promise<void>) => Promise<void>;
  /** Settles once the request is there. */
  readonly arrived: Promise<void>;
  readonly letGo: () => void;
  /** How many requests have come. */
  readonly asked: () => number;
}

/** A promise, and what settles it. */
function signal(): { readonly given: Promise<void>; readonly give: () => void } {
  let give = (): void => undefined;
  const given = new Promise<void>((settle) => {
    give = settle;
  });
  return { given, give };
}

export function holdFirst(): Held {
  let asked = 0;
  const [arrived, released] = [signal(), signal()];
  return {
    async hold(_context, next) {
      asked += 1;
      if (asked === 1) {
        arrived.give();
        await released.given;
      }
      await next();
    },
    arrived: arrived.given,
    letGo: released.give,
    asked: () => asked,
  };
}

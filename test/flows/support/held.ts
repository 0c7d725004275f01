/** A real server that delays its response until the test releases it. */
export interface Held {
  /** Middleware of the server: delays the first request, and passes the others. */
  readonly hold: (context: unknown, next: () => Promise<void>) => Promise<void>;
  /** Resolves when the request has arrived. */
  readonly arrived: Promise<void>;
  readonly letGo: () => void;
  /** The number of requests. */
  readonly asked: () => number;
}

/** A promise and its resolver. */
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

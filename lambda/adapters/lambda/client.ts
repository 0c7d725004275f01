/** Lambda's client, loaded on first use, because most requests never invoke another function. */
import type * as Sdk from '@aws-sdk/client-lambda';

export interface LoadedLambda {
  readonly sdk: typeof Sdk;
  readonly client: Sdk.LambdaClient;
}

/** Returns the same client each time. */
export function lazyLambda(config: Sdk.LambdaClientConfig = {}): () => Promise<LoadedLambda> {
  let loading: Promise<LoadedLambda> | undefined;
  return () =>
    (loading ??= import('@aws-sdk/client-lambda').then((sdk) => ({
      sdk,
      client: new sdk.LambdaClient(config),
    })));
}

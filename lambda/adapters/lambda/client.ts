/** Lambda's client, loaded when first wanted: most calls of most functions never invoke another. */
import type * as Sdk from '@aws-sdk/client-lambda';

export interface LoadedLambda {
  readonly sdk: typeof Sdk;
  readonly client: Sdk.LambdaClient;
}

/** @returns the same client each time */
export function lazyLambda(config: Sdk.LambdaClientConfig = {}): () => Promise<LoadedLambda> {
  let loading: Promise<LoadedLambda> | undefined;
  return () =>
    (loading ??= import('@aws-sdk/client-lambda').then((sdk) => ({
      sdk,
      client: new sdk.LambdaClient(config),
    })));
}

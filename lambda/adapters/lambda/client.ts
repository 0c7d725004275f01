/** Lambda's client, loaded on first use, because most requests never invoke another function. */
import type * as Sdk from '@aws-sdk/client-lambda';
import { onFirstUse } from '../first-use';

export interface LoadedLambda {
  readonly sdk: typeof Sdk;
  readonly client: Sdk.LambdaClient;
}

/** Returns the same client each time. */
export const lazyLambda = (config: Sdk.LambdaClientConfig = {}): (() => Promise<LoadedLambda>) =>
  onFirstUse(async () => {
    const sdk = await import('@aws-sdk/client-lambda');
    return { sdk, client: new sdk.LambdaClient(config) };
  });

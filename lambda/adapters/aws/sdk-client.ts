/** Clients of the AWS SDK, for the functions for which no agent waits. */
import type { Operations, ServiceClient } from './service-client';

interface SdkClient {
  readonly config: { region(): Promise<string> };
  // The commands of a client have no common type.
  send(command: never, options?: { readonly abortSignal: AbortSignal }): Promise<object>;
}

type Commands<Of> = { readonly [Name in keyof Of]: new (input: never) => object };

/**
 * @param client of the AWS SDK
 * @param commands its command of each operation
 */
export const createSdkClient = <Of extends Operations<Of>>(
  client: SdkClient,
  commands: Commands<Of>,
): ServiceClient<Of> => ({
  region: () => client.config.region(),
  send: (operation, input, abortSignal) =>
    client.send(
      new commands[operation](input as never) as never,
      abortSignal && { abortSignal },
    ) as ReturnType<ServiceClient<Of>['send']>,
});

/** Why a consent session failed. The service says it in a response header, which the AWS client does not return. */
import type { GetResourceOauth2TokenCommand } from '@aws-sdk/client-bedrock-agentcore';
import { errorCodeOf } from './oauth-error-code';
import { FAILURE_HEADER } from './service-contract';

/** The part of the HTTP response that is read. */
interface SerializedResponse {
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/**
 * Makes a command keep the failure header of its last response.
 *
 * @returns a function that returns the error code once the command was sent; undefined if the response has no code
 */
export function keepSessionFailure(command: GetResourceOauth2TokenCommand): () => string | undefined {
  let failure: string | undefined;
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      failure = errorCodeOf((result.response as SerializedResponse | undefined)?.headers?.[FAILURE_HEADER]);
      return result;
    },
    { step: 'deserialize', priority: 'high', name: 'keepSessionFailure' },
  );
  return () => failure;
}

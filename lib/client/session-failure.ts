/** Why a consent session failed: the service says it in a header, which the AWS client does not pass on. */
import type { GetResourceOauth2TokenCommand } from '@aws-sdk/client-bedrock-agentcore';
import { FAILURE_HEADER } from '../../lambda/contract/headers';
import { errorCodeOf } from './oauth-error-code';

/** Of the HTTP response what is read. */
interface SerializedResponse {
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/**
 * Makes a command keep the header of its last response.
 *
 * @returns reads the code once the command was sent; undefined where the session did not fail by one
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

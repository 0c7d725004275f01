/** What the service says of a token in members and headers of its response that the AWS client does not return. */
import type { GetResourceOauth2TokenCommand } from '@aws-sdk/client-bedrock-agentcore';
import { errorCodeOf } from './oauth-error-code';
import { responseMembers } from './json-members';
import { FAILURE_HEADER, TOKEN_TYPE_HEADER } from './service-contract';

/** The part of the HTTP response that is read. */
interface SerializedResponse {
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** What a response says. */
export interface TokenHeaders {
  /** Why the consent session failed; undefined if the response has no code. */
  readonly failure: string | undefined;
  /** Whether the access token is bound to a key (DPoP, RFC 9449). */
  readonly isBound: boolean;
}

/**
 * Makes a command keep what its last response says.
 *
 * @returns a function that returns what they say once the command was sent
 */
export function keepTokenHeaders(command: GetResourceOauth2TokenCommand): () => TokenHeaders {
  let kept: TokenHeaders = { failure: undefined, isBound: false };
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { headers } = (result.response ?? {}) as SerializedResponse;
      const { tokenType } = await responseMembers(result.response);
      // Proxies can drop headers. A token of an unknown type is never a bearer token.
      const types = [headers?.[TOKEN_TYPE_HEADER], tokenType].filter((type) => type !== undefined);
      kept = {
        failure: errorCodeOf(headers?.[FAILURE_HEADER]),
        isBound: types.some((type) => typeof type !== 'string' || type.toLowerCase() !== 'bearer'),
      };
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'keepTokenHeaders' },
  );
  return () => kept;
}

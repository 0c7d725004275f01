/**
 * RejectResourceOauth2Token, an operation of this service for which AWS's client has no command. Its request is
 * GetResourceOauth2Token's with one member more and its answer the same, so AWS's command carries it.
 */
import {
  GetResourceOauth2TokenCommand,
  type GetResourceOauth2TokenCommandInput,
} from '@aws-sdk/client-bedrock-agentcore';
import { OPERATIONS } from '../../lambda/contract/operations';

/** Of the HTTP request what is changed. */
interface SerializedRequest {
  path: string;
  body: unknown;
}

const { GetResourceOauth2Token, RejectResourceOauth2Token } = OPERATIONS;

/** @param rejectedAccessToken as it was handed out */
export function rejectResourceOauth2TokenCommand(
  input: GetResourceOauth2TokenCommandInput,
  rejectedAccessToken: string,
): GetResourceOauth2TokenCommand {
  const command = new GetResourceOauth2TokenCommand(input);
  command.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as SerializedRequest;
      // A stage comes before.
      request.path = request.path.replace(GetResourceOauth2Token.path, RejectResourceOauth2Token.path);
      request.body = JSON.stringify({ ...(JSON.parse(String(request.body)) as object), rejectedAccessToken });
      return next(args);
    },
    // Serialized, and neither measured nor signed.
    { step: 'build', priority: 'high', name: 'rejectResourceOauth2Token' },
  );
  return command;
}

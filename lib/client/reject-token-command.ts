/**
 * RejectResourceOauth2Token, an operation of this service for which the AWS SDK has no command. Its request is that of
 * GetResourceOauth2Token with one additional member, and its response is identical, so the AWS command carries it.
 */
import {
  GetResourceOauth2TokenCommand,
  type GetResourceOauth2TokenCommandInput,
} from '@aws-sdk/client-bedrock-agentcore';
import { GET_TOKEN_PATH, REJECT_TOKEN_PATH } from './service-contract';

/** The parts of the HTTP request that change. */
interface SerializedRequest {
  path: string;
  body: unknown;
}

/** @param rejectedAccessToken as the service returned it */
export function rejectResourceOauth2TokenCommand(
  input: GetResourceOauth2TokenCommandInput,
  rejectedAccessToken: string,
): GetResourceOauth2TokenCommand {
  const command = new GetResourceOauth2TokenCommand(input);
  command.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as SerializedRequest;
      // The path begins with the stage.
      request.path = request.path.replace(GET_TOKEN_PATH, REJECT_TOKEN_PATH);
      request.body = JSON.stringify({ ...(JSON.parse(String(request.body)) as object), rejectedAccessToken });
      return next(args);
    },
    // After serialization; before the content length and the signature are computed.
    { step: 'build', priority: 'high', name: 'rejectResourceOauth2Token' },
  );
  return command;
}

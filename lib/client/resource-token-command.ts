/**
 * GetResourceOauth2Token with members that the AWS SDK does not send, and RejectResourceOauth2Token, for which it has no
 * command: their requests and responses differ in these members alone, so the AWS command carries both.
 */
import {
  GetResourceOauth2TokenCommand,
  type GetResourceOauth2TokenCommandInput,
} from '@aws-sdk/client-bedrock-agentcore';
import { requestMembers } from './json-members';
import { GET_TOKEN_PATH, REJECT_TOKEN_PATH } from './service-contract';

/** The parts of the HTTP request that change. */
interface SerializedRequest {
  path: string;
  body: unknown;
}

/** Members of this service alone. */
export interface AddedMembers {
  /** URL of the server that the token is going to be sent to. */
  readonly resourceServerUrl: string | undefined;
  /** The token as the service returned it; reports that the resource rejected it. */
  readonly rejectedAccessToken: string | undefined;
}

/** Returns the command; RejectResourceOauth2Token if a rejected token is reported. */
export function resourceOauth2TokenCommand(
  input: GetResourceOauth2TokenCommandInput,
  added: AddedMembers,
): GetResourceOauth2TokenCommand {
  const command = new GetResourceOauth2TokenCommand(input);
  command.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as SerializedRequest;
      if (added.rejectedAccessToken !== undefined) {
        // The path begins with the stage.
        request.path = request.path.replace(GET_TOKEN_PATH, REJECT_TOKEN_PATH);
      }
      request.body = JSON.stringify({ ...requestMembers(request.body), ...added });
      return next(args);
    },
    // After serialization; before the content length and the signature are computed.
    { step: 'build', priority: 'high', name: 'resourceOauth2Token' },
  );
  return command;
}

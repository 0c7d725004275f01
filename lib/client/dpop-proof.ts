/**
 * GetResourceDpopProof, an operation of this service for which the AWS SDK has no command. Its request has members of
 * GetResourceOauth2Token and those of the resource's request, so the AWS command carries it. The AWS client drops the
 * proof from the response, so it is read before.
 */
import {
  GetResourceOauth2TokenCommand,
  type GetResourceOauth2TokenCommandInput,
} from '@aws-sdk/client-bedrock-agentcore';
import { requestMembers, responseMembers } from './json-members';
import { DPOP_PROOF_PATH, GET_TOKEN_PATH } from './service-contract';

/** The request to the resource. */
export interface ResourceRequest {
  readonly httpMethod: string;
  /** Without query and fragment. */
  readonly httpUri: string;
  /** The last nonce of the resource. */
  readonly nonce?: string | undefined;
}

/** A proof for one request, and the access token that it is for. */
export interface DpopProof {
  readonly dpopProof: string;
  readonly accessToken: string;
}

interface SerializedRequest {
  path: string;
  body: unknown;
}

/** Members of GetResourceOauth2Token that the operation does not have. */
const OTHERS = ['resourceOauth2ReturnUrl', 'customState', 'forceAuthentication', 'sessionUri'] as const;

/** @returns the command, and a function that returns the proof once the command was sent */
export function dpopProofCommand(
  input: GetResourceOauth2TokenCommandInput,
  request: ResourceRequest,
): { readonly command: GetResourceOauth2TokenCommand; readonly proof: () => DpopProof } {
  let received: Readonly<Record<string, unknown>> = {};
  const command = new GetResourceOauth2TokenCommand(input);
  command.middlewareStack.add(
    (next) => (args) => {
      const sent = args.request as SerializedRequest;
      const members = { ...requestMembers(sent.body) };
      for (const name of OTHERS) Reflect.deleteProperty(members, name);
      // The path begins with the stage.
      sent.path = sent.path.replace(GET_TOKEN_PATH, DPOP_PROOF_PATH);
      sent.body = JSON.stringify({ ...members, ...request });
      return next(args);
    },
    // After serialization; before the content length and the signature are computed.
    { step: 'build', priority: 'high', name: 'getResourceDpopProof' },
  );
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      received = await responseMembers(result.response);
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'keepDpopProof' },
  );
  return {
    command,
    proof() {
      const { dpopProof, accessToken } = received;
      if (typeof dpopProof === 'string' && typeof accessToken === 'string') return { dpopProof, accessToken };
      throw new Error('The response of the identity service has no DPoP proof.');
    },
  };
}

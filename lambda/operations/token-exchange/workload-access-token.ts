/** Workload access tokens: an agent, and the user that it acts for. */
import * as v from 'valibot';
import { matching } from '../../model/constraints';
import { workloadName } from '../../model/names';
import { CALLING_AGENT } from '../differences';
import { operations } from '../operation';
import type { ReferenceOf } from '../reference';
import { userId, userToken, workloadToken } from '../../model/request-values';

/**
 * The agent that calls the agent of the requested token. Not in the AWS API. The principal is the one that presented the
 * token of the calling agent, as API Gateway authenticated it.
 */
const callingAgent = v.exactOptional(
  v.strictObject({
    workloadAccessToken: workloadToken,
    principalArn: v.exactOptional(
      matching(
        20,
        2048,
        /^arn:aws[a-z-]*:iam::\d{12}:(role\/[\w+=,.@-]{1,64}|user\/[\u0021-\u007e]{1,576}|root)$/,
        "must be the ARN of an IAM role without its path, a user, or an account's root",
      ),
    ),
    principalId: v.exactOptional(
      matching(12, 128, /^[A-Z0-9]+$/, 'must be the unique ID of an IAM role or user, or an account ID'),
    ),
  }),
);

export const workloadAccessToken = operations('token-exchange', '/identities', {
  GetWorkloadAccessToken: { input: v.strictObject({ workloadName, callingAgent }) },
  GetWorkloadAccessTokenForJWT: {
    input: v.pipe(
      v.strictObject({ workloadName, userToken: v.exactOptional(userToken), callingAgent }),
      v.forward(
        v.check(
          (input) => input.userToken !== undefined || input.callingAgent !== undefined,
          'must be set, unless callingAgent names the user',
        ),
        ['userToken'],
      ),
    ),
  },
  GetWorkloadAccessTokenForUserId: { input: v.strictObject({ workloadName, userId, callingAgent }) },
});

export const reference: ReferenceOf<typeof workloadAccessToken> = {
  GetWorkloadAccessToken: {
    does: 'Returns a workload access token for the agent without a user.',
    errors: ['ResourceNotFoundException'],
    differs: [
      {
        what: 'returns an ES256 JWT that any party can validate with the published keys',
        why: 'a resource server can see which agent acts for which user; the token identifies them but is not a credential for that server: its `aud` is this service, and a server that accepted it as a credential could present it to another server; clients treat it as opaque',
      },
      CALLING_AGENT,
    ],
  },
  GetWorkloadAccessTokenForJWT: {
    does: 'Returns a workload access token for the agent and the user of a user token.',
    errors: ['UnauthorizedException', 'ResourceNotFoundException'],
    differs: [
      {
        what: 'requires a user token from a trusted issuer',
        why: 'the service validates signature, expiry, issuer, audience, client, scopes, and claims against the issuers that the deployment or the workload identity names',
      },
      {
        what: 'does not support ON_BEHALF_OF_TOKEN_EXCHANGE with a user token longer than 49,152 characters',
        why: 'the workload access token contains the encrypted user token, and AWS limits it to 131,072 characters; other flows accept longer user tokens',
      },
      {
        what: 'accepts an identity assertion (ID-JAG) as `userToken`, once, if the deployment accepts those of its issuer',
        why: "the user's identity provider then decides which agents act for the user; docs/cross-app-access.md describes it; the token contains no user token for ON_BEHALF_OF_TOKEN_EXCHANGE then",
      },
      CALLING_AGENT,
      {
        what: 'does not require `userToken` with `callingAgent.principalArn`: the user is then the verified user of the calling agent, if the workload identity trusts the issuer in its `authorizerConfiguration`',
        why: 'the calling agent often does not have the user token, and needs none; the token contains no user token for ON_BEHALF_OF_TOKEN_EXCHANGE then',
      },
    ],
  },
  GetWorkloadAccessTokenForUserId: {
    does: 'Returns a workload access token for the agent and a user ID. The caller is responsible for the user ID.',
    errors: ['ResourceNotFoundException'],
    differs: [
      {
        what: 'treats a user ID and the subject of a user token as different users, even if they are equal',
        why: 'an unverified user ID must not give access to the grants of a verified user',
      },
      CALLING_AGENT,
    ],
  },
};

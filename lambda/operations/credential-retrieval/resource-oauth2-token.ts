/** OAuth 2.0 access tokens for agents, and the consent of users to them. */
import * as v from 'valibot';
import { matching, text } from '../../model/constraints';
import { fitsAuthorizationUrl, fitsReturnUrl } from '../../model/url-bounds';
import { described } from '../../model/responses';
import { DPOP_NONCE } from '../../model/dpop-nonce';
import { SHORT_ADDRESS } from '../differences';
import { operations, returns, returnsSameAs } from '../operation';
import type { ReferenceOf } from '../reference';
import { requestedToken, sessionUri, tokenMembers } from '../../model/token-request';
import { userId, userToken } from '../../model/request-values';

const proof = () =>
  v.object({
    dpopProof: described('value of the header `DPoP`, for one request'),
    accessToken: described('the token that the proof is for'),
    tokenType: v.picklist(['DPoP']),
  });

export const resourceOauth2Token = operations('credential-retrieval', '/identities', {
  GetResourceOauth2Token: {
    path: '/identities/oauth2/token',
    input: v.pipe(v.strictObject(tokenMembers), fitsAuthorizationUrl(), fitsReturnUrl()),
  },
  // Beyond AWS: reports that a resource server rejected a token.
  RejectResourceOauth2Token: {
    output: returnsSameAs<'GetResourceOauth2Token'>(),
    input: v.pipe(
      v.strictObject({ ...tokenMembers, rejectedAccessToken: text(1, 131072) }),
      fitsAuthorizationUrl(),
      fitsReturnUrl(),
    ),
  },
  // Beyond AWS: proof for one request with a token that is bound to a key.
  GetResourceDpopProof: {
    output: returns<typeof proof>(),
    input: v.strictObject({
      ...requestedToken,
      customParameters: tokenMembers.customParameters,
      resources: tokenMembers.resources,
      audiences: tokenMembers.audiences,
      // RFC 9110 section 5.6.2: a token. Methods are case-sensitive.
      httpMethod: matching(1, 32, /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'must be an HTTP method'),
      httpUri: text(1, 2048),
      nonce: v.exactOptional(matching(1, 512, DPOP_NONCE, 'must be the nonce of the header DPoP-Nonce')),
      contentDigest: v.exactOptional(
        matching(
          1,
          256,
          /^sha-(?:256=:[A-Za-z0-9+/]{43}=|512=:[A-Za-z0-9+/]{86}==):$/,
          'must be the digest of the body as in the header Content-Digest: sha-256=:…: or sha-512=:…: (RFC 9530)',
        ),
      ),
    }),
  },
  CompleteResourceTokenAuth: {
    input: v.strictObject({
      sessionUri,
      userIdentifier: v.union(
        [v.strictObject({ userToken }), v.strictObject({ userId })],
        'must have exactly one member',
      ),
    }),
  },
});

export const reference: ReferenceOf<typeof resourceOauth2Token> = {
  GetResourceOauth2Token: {
    does: "Returns an access token. For USER_FEDERATION, the token comes from the user's grant to the agent and is refreshed if necessary; without a grant, the response has an authorization URL. For M2M, the agent gets its own token by client credentials. For ON_BEHALF_OF_TOKEN_EXCHANGE, the service exchanges the user token.",
    errors: ['UnauthorizedException', 'ResourceNotFoundException'],
    differs: [
      SHORT_ADDRESS,
      {
        what: 'for M2M, stores up to 100 tokens of an agent at one credential provider, for different `scopes`, `resources`, and `audiences`',
        why: 'the agent chooses these members, and each token is stored until it expires; without a stated end, until RevokeResourceGrant revokes it. The service stores no refresh token for M2M: it would present none',
      },
      {
        what: 'uses an existing grant for any subset of its scopes, in any order',
        why: 'the user already granted these scopes; if the request has more scopes, the service requests consent to all of them',
      },
      {
        what: 'with an empty `scopes` at a provider for an MCP server, requests in a new consent the scopes that the metadata of the server lists (`scopes_supported`); the policy of the provider evaluates them',
        why: 'MCP specifies it: without the scopes of a challenge, a client requests those that the server lists',
      },
      {
        what: "does not select a user's grant by `customParameters`",
        why: 'there is one grant for each agent, user, and provider',
      },
      {
        what: "does not forward `customParameters` that name a standard parameter or `authorization_details`; forwards all others, unless the provider's policy allows only listed names",
        why: 'policies evaluate `scopes`, so custom parameters must not request access in another way; providers differ in the other parameters that they need',
      },
      {
        what: "evaluates the provider's policy again for the scopes of the token",
        why: 'providers can grant more scopes than requested, especially when the request has no scopes',
      },
      {
        what: "for ON_BEHALF_OF_TOKEN_EXCHANGE with another owner's provider, requires a tag of the workload identity that names this owner: `agent-identity:trusted-provider-owner` with the owner's ARN (or the ARN, a space, and the unique ID)",
        why: 'the user token is sent to a server that this owner chose, and a provider name can belong to another principal after a deletion',
      },
      {
        what: "finds the open consent session for a request without `sessionUri`, unless the provider's policy denies the caller the scopes or parameters of that session",
        why: 'concurrent requests share one authorization URL',
      },
      {
        what: 'includes the OAuth `error` code when a provider returns an error',
        why: "the caller can act on the code; the provider's error text is not returned",
      },
      {
        what: 'returns the result in the header `x-agent-identity-outcome`: `cached`, `refreshed`, `exchanged`, `consent-required`, `scope-gap`, `provider-unavailable`, or `provider-refused`; with `scope-gap`, the member `grantedScopes` lists the granted scopes',
        why: 'if the provider granted fewer scopes than requested, the agent gets that token and learns the difference, and the user is not asked repeatedly; AWS clients drop unknown members, but boto3 returns headers',
      },
      {
        what: "returns the error code of a `FAILED` session in the header `x-agent-identity-failure` (the provider's OAuth `error` code, or a code of this service, such as `not_completed`; up to 64 characters); without a code, there is no header",
        why: 'the agent can distinguish a user who declined from an error that a new authorization URL does not fix',
      },
      {
        what: 'while a provider is unavailable, returns `InternalServerException` with `Retry-After` and sends no requests to the provider',
        why: 'the SDK retries at the right time, and many agents cannot overload a provider that is recovering',
      },
      {
        what: 'returns `tokenType` `DPoP`, and the header `x-agent-identity-token-type`, if the token is bound to a key; the agent then requests a proof for each request (GetResourceDpopProof)',
        why: 'AWS has no bound tokens; without these, the token is a bearer token',
      },
      {
        what: 'returns an exchanged access token only for the same user token, and only until that user token expires',
        why: 'access must not outlast the session at the identity provider; the service stores no refresh token for exchanges',
      },
    ],
  },
  RejectResourceOauth2Token: {
    output: 'GetResourceOauth2Token',
    does: 'Reports that a resource rejected an access token (with a 401), and requests another token. The other members and the response are those of GetResourceOauth2Token. The first report of a token causes one renewal, and further reports of that token cause no other. A caller that reports an older token gets the current one. If the token cannot be renewed, the service deletes it and requests consent again.',
    errors: ['UnauthorizedException', 'ResourceNotFoundException'],
  },
  GetResourceDpopProof: {
    output: proof,
    does: 'Returns one DPoP proof (RFC 9449) for one request of the agent, in `dpopProof`, with the `accessToken` that the proof is for and `tokenType` `DPoP`. The members that select the token are those of GetResourceOauth2Token, and an expired token is renewed in the same way. If the user must consent, the operation returns a ValidationException: only GetResourceOauth2Token returns an authorization URL. `httpMethod` and `httpUri` are those of the request; `httpUri` is normalized, has no query and no fragment, and is within the resource of the credential provider: the protected resource of `discoveryUrl`, or one of `dpopConfig.resourceUrls`. If `resources` of the request are within them, they narrow them. An endpoint of the authorization server gets no proof. `nonce` is the value of the header `DPoP-Nonce` that the resource returned. `contentDigest` is optional and becomes the claim `content_digest` of the draft MCP extension for DPoP: `sha-256=:…:` or `sha-512=:…:` of the body, as in the header `Content-Digest` (RFC 9530). The agent sends `Authorization: DPoP {accessToken}` and `DPoP: {dpopProof}`, once. See [dpop.md](dpop.md).',
    errors: ['UnauthorizedException', 'ResourceNotFoundException'],
  },
  CompleteResourceTokenAuth: {
    does: 'Confirms the user who returned to the application. Only then does the service redeem the authorization code and store the grant.',
    errors: ['UnauthorizedException'],
    differs: [
      {
        what: 'requires the `session_id` of the return URL as `sessionUri`; rejects the `request_uri` of the authorization URL',
        why: 'otherwise, the sender of an authorization URL could complete the consent of another person',
      },
      {
        what: 'compares users by issuer and subject',
        why: "the user's token can be renewed during consent",
      },
      {
        what: 'sets the session to `FAILED` if the user is different',
        why: 'the person who consented is not the user whom the agent acts for',
      },
    ],
  },
};

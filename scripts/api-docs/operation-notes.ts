/** What the registry and the schemas cannot say of an operation: what it does, its errors, where it differs and why. */
import type { ErrorName } from '../../lambda/domain/service-error';

export interface Difference {
  /** In a few words, for the table. */
  readonly what: string;
  readonly why: string;
}

export interface OperationNote {
  readonly does: string;
  /** Besides those that every operation may answer. */
  readonly errors: readonly ErrorName[];
  readonly differs?: readonly Difference[];
}

const OWN: Difference = {
  what: 'belongs to the IAM principal that creates it, by its ARN and unique id',
  why: 'one account holds the agents of many; whoever else may act is for a resource policy to say',
};
const SAFE_RETURN_URLS: Difference = {
  what: 'refuses return URLs of schemes that browsers take for code or files (`javascript:`, `data:` and the like)',
  why: "a user's browser is sent there",
};
const RETURN_URLS_IN_ASCII: Difference = {
  what: 'rejects return URLs that are not valid, or that contain characters other than printable ASCII',
  why: 'the URL goes into a response header, so the redirect would fail after the user consented; percent-encode other characters',
};
const PLAIN_TAGS: Difference = {
  what: 'rejects tag keys that begin with `aws:`, and whitespace other than the space in keys and values',
  why: 'AWS reserves the prefix on every resource; other whitespace breaks log lines, or looks like a space',
};
const SHORT_ADDRESS: Difference = {
  what: '`scopes`, `resources`, `audiences` and `customParameters` have at most 4,096 bytes together in a URL, for USER_FEDERATION; `resourceOauth2ReturnUrl` and `customState` have at most 6,144',
  why: "they are in the URL that the user's browser opens at the provider, and servers commonly accept 8 KB",
};
const OWN_LISTED: Difference = {
  what: 'lists what the caller owns',
  why: "names of other principals' resources are theirs; a page's token opens for the caller and the listing that it was made for",
};
const SECRET_ARN = (member: string): Difference => ({
  what: `\`${member}\` of a MANAGED secret names this service's own vault`,
  why: "AWS's shape wants an ARN, and one of Secrets Manager that named no secret would mislead",
});
const TAGGED_SECRET: Difference = {
  what: "an EXTERNAL secret has the tag `agent-identity:owner` with the owner's ARN (or the ARN, a space, and the unique id), and only the owner names it",
  why: "whoever may make a provider must not thereby read any secret of the account; the tag counts at each read, values are kept for at most five minutes, and a secret under a customer managed key needs that key's policy to let the `credential-retrieval` function's role decrypt",
};
const SHREDS: Difference = {
  what: 'deletes everything that it sealed',
  why: 'its vault keys go with it, and nothing that they sealed can be read again; a new one of the same name inherits nothing',
};
const TAGGED_KEY: Difference = {
  what: "the KMS key of `PRIVATE_KEY_JWT` is of this account and has the tag `agent-identity:owner` with the owner's ARN (or the ARN, a space, and the unique id), and only the owner names it or changes what it signs",
  why: 'whoever may make a provider must not thereby sign with any key of the account; a key of another account shows no tag',
};
const OWN_ROLE: Difference = {
  what: "with `AWS_IAM_ID_TOKEN_JWT` the token is that of this service's function, and its request tags `agent-identity:workload-identity` and `agent-identity:provider-owner` name the agent and the provider's owner",
  why: 'all agents are served by one role; a server that trusts it tells them apart by the tags',
};
const NO_ACTOR: Difference = {
  what: '`TOKEN_EXCHANGE` without `tokenExchangeGrantTypeConfig` sends no actor token; `actorTokenScopes` go with `M2M` only',
  why: "AWS's shape leaves both open, and what would be ignored is refused",
};
const SAFE_ENDPOINTS: Difference = {
  what: 'refuses endpoints that are not plain https URLs',
  why: 'they get secrets and codes; where they lead is checked again at each connection',
};
const POLICY: Difference = {
  what: 'speaks of workload identities and credential providers',
  why: 'what this service has; a policy speaks in its operations (`bedrock-agentcore:…`)',
};

const made: OperationNote['errors'] = ['ConflictException', 'ServiceQuotaExceededException'];
const found: OperationNote['errors'] = ['ResourceNotFoundException'];
const proved: OperationNote['errors'] = ['UnauthorizedException', 'ResourceNotFoundException'];

/** By AWS's name of the operation. */
export const OPERATION_NOTES: Readonly<Record<string, OperationNote>> = {
  CreateWorkloadIdentity: {
    does: "Makes an agent's identity.",
    errors: made,
    differs: [OWN, SAFE_RETURN_URLS, RETURN_URLS_IN_ASCII, PLAIN_TAGS],
  },
  GetWorkloadIdentity: { does: 'Describes it.', errors: found },
  UpdateWorkloadIdentity: {
    does: 'Changes the members that are given; what is left out stays.',
    errors: found,
    differs: [SAFE_RETURN_URLS, RETURN_URLS_IN_ASCII],
  },
  DeleteWorkloadIdentity: {
    does: 'Deletes it with every grant that it holds. Its tokens are rejected from the next request on, and requests that wait for a provider fail. If the deletion was interrupted, request it again; until then, the name stays taken.',
    errors: found,
    differs: [SHREDS],
  },
  ListWorkloadIdentities: { does: 'A page of them, by name.', errors: [], differs: [OWN_LISTED] },

  CreateOauth2CredentialProvider: {
    does: "Makes a provider; the answer's `callbackUrl` is to be registered at its authorization server.",
    errors: made,
    differs: [
      OWN,
      PLAIN_TAGS,
      SECRET_ARN('clientSecretArn'),
      TAGGED_SECRET,
      SAFE_ENDPOINTS,
      NO_ACTOR,
      TAGGED_KEY,
      OWN_ROLE,
    ],
  },
  GetOauth2CredentialProvider: {
    does: 'Describes it, without its secret.',
    errors: found,
    differs: [SECRET_ARN('clientSecretArn')],
  },
  UpdateOauth2CredentialProvider: {
    does: 'Configures it anew. The callback URL stays.',
    errors: found,
    differs: [
      {
        what: 'the secret stays when none is given, for the same client at the same server',
        why: 'nobody who may update learns a secret by pointing it at a server of their own',
      },
      TAGGED_SECRET,
      SAFE_ENDPOINTS,
      NO_ACTOR,
      TAGGED_KEY,
      OWN_ROLE,
    ],
  },
  DeleteOauth2CredentialProvider: {
    does: 'Deletes it with its secret and every grant that was obtained through it. Requests that wait for its response fail. If the deletion was interrupted, request it again; until then, the name stays taken.',
    errors: found,
    differs: [SHREDS],
  },
  ListOauth2CredentialProviders: { does: 'A page of them, by name.', errors: [], differs: [OWN_LISTED] },

  CreateApiKeyCredentialProvider: {
    does: 'Makes a provider of an API key, which is told to nobody but agents.',
    errors: made,
    differs: [OWN, PLAIN_TAGS, SECRET_ARN('apiKeySecretArn'), TAGGED_SECRET],
  },
  GetApiKeyCredentialProvider: {
    does: 'Describes it, without its key.',
    errors: found,
    differs: [SECRET_ARN('apiKeySecretArn')],
  },
  UpdateApiKeyCredentialProvider: {
    does: 'Puts another key in the place of the old one; agents get it from the next request on.',
    errors: found,
    differs: [TAGGED_SECRET],
  },
  DeleteApiKeyCredentialProvider: {
    does: 'Deletes it with its key. If the deletion was interrupted, request it again; until then, the name stays taken.',
    errors: found,
    differs: [SHREDS],
  },
  ListApiKeyCredentialProviders: { does: 'A page of them, by name.', errors: [], differs: [OWN_LISTED] },

  GetTokenVault: {
    does: 'Says which KMS key the vault is under. The one vault is `default`.',
    errors: found,
  },
  SetTokenVaultCMK: {
    does: 'Moves the vault to another KMS key. Reads go on meanwhile, and no grant is lost.',
    errors: found,
    differs: [
      {
        what: 'the KMS key has to be named at deployment (`tokenVaultKeys`)',
        why: 'the functions may use no other; naming a key here gives nobody access to it',
      },
      {
        what: 'answers when every vault key has been moved',
        why: 'the old KMS key can then be retired; a move that takes longer answers ThrottlingException, and the next call goes on',
      },
    ],
  },

  TagResource: {
    does: 'Adds tags; one of the same key is replaced.',
    errors: ['ResourceNotFoundException', 'ServiceQuotaExceededException'],
    differs: [PLAIN_TAGS],
  },
  UntagResource: {
    does: 'Takes tags away; keys that are not there do not matter.',
    errors: found,
  },
  ListTagsForResource: { does: 'All tags of a resource.', errors: found },

  PutResourcePolicy: {
    does: 'Says who else may act on the resource, in IAM policy JSON, from the next request on.',
    errors: found,
    differs: [
      POLICY,
      {
        what: 'refuses a policy with an element that it does not understand',
        why: 'an element that is ignored allows more than was meant',
      },
      {
        what: "on an OAuth2 provider, conditions may also name `bedrock-agentcore:Scopes`, `bedrock-agentcore:CustomParameters` (the names of the request's `customParameters`) and `bedrock-agentcore:WorkloadIdentityArn`; scopes in a vendor's custom parameter (`user_scope`, `optional_scope`) are scopes too",
        why: 'an owner can list what agents can request: a Deny with `ForAnyValue:StringNotEquals` on `bedrock-agentcore:CustomParameters` allows only the listed names',
      },
      {
        what: 'rejects a Deny with `ForAnyValue` on `bedrock-agentcore:Scopes`, unless the operator ends in `IfExists` or the statement has `Null` for the key',
        why: 'a request without scopes gets what the provider grants by default, and the Deny would not apply to it',
      },
      {
        what: 'rejects a policy that takes more than 100 steps per character of scopes or custom parameters: each wildcard value takes one step, and a long one takes more',
        why: 'a policy is evaluated in each request, and must not delay it',
      },
    ],
  },
  GetResourcePolicy: {
    does: 'The policy as it was put; an answer without `policy` when there is none.',
    errors: found,
    differs: [POLICY],
  },
  DeleteResourcePolicy: {
    does: 'Takes the policy away: from the next request on the owner alone may act.',
    errors: found,
    differs: [POLICY],
  },

  GetWorkloadAccessToken: {
    does: 'A token for the agent alone.',
    errors: found,
    differs: [
      {
        what: 'the token is an ES256 JWT that anybody can check',
        why: 'a resource server can see who acts for whom by the published keys; it proves who acts and is not a credential: its `aud` is this service, and a server that accepted it as a credential could present it to another server; clients treat it as opaque',
      },
    ],
  },
  GetWorkloadAccessTokenForJWT: {
    does: "A token for the agent and the user of an identity provider's token.",
    errors: proved,
    differs: [
      {
        what: "the user token's issuer has to be trusted",
        why: 'signature, expiry, issuer, audience, client, scopes and claims are checked against issuers that the deployment, or the workload identity, names',
      },
      {
        what: 'a user token longer than 49,152 characters cannot be exchanged on behalf of the user',
        why: "the workload access token carries the user's own sealed, and AWS bounds it at 131,072 characters; longer ones are good for everything else",
      },
    ],
  },
  GetWorkloadAccessTokenForUserId: {
    does: 'A token for the agent and an id that the caller vouches for.',
    errors: found,
    differs: [
      {
        what: 'a user id is never the user of a user token',
        why: 'what nobody verified must not reach what somebody proved',
      },
    ],
  },

  GetResourceApiKey: { does: "The provider's API key, for the agent.", errors: proved },
  GetResourceOauth2Token: {
    does: "The token that this user granted to this agent: from the vault, refreshed, or by a consent link when there is none; or the agent's own, by client credentials; or one that the user's own token is exchanged for.",
    errors: proved,
    differs: [
      SHORT_ADDRESS,
      {
        what: 'a subset of the granted scopes is a hit, in any order',
        why: 'the user granted it; more scopes ask for consent to the union',
      },
      {
        what: "`customParameters` do not select a user's grant",
        why: 'the same agent, user, and provider have one grant, whatever the parameters',
      },
      {
        what: "`customParameters` that name a standard parameter or `authorization_details` are left out; by default, all others are forwarded, and the provider's policy can allow only listed names",
        why: 'policies evaluate what is requested in `scopes`, and providers differ in the other parameters that they need',
      },
      {
        what: "a provider's policy is evaluated again for the scopes that a token has",
        why: 'providers can grant more than was requested, above all when no scope was',
      },
      {
        what: "a poll without `sessionUri` finds the open session, unless a provider's policy denies the caller what that session asks for",
        why: 'agents that ask at once share one link',
      },
      {
        what: "a provider's failure comes with its OAuth `error` code",
        why: "the caller can act on it; the provider's text stays out",
      },
      {
        what: 'says in the header `x-agent-identity-outcome` how the read ended: `cached`, `refreshed`, `exchanged`, `consent-required`, `scope-gap`, `provider-unavailable` or `provider-refused`; with `scope-gap` the member `grantedScopes` names what the provider granted',
        why: "a narrower grant than asked is handed out and told, not asked for again and again; AWS's clients drop members that they do not know, boto3 shows headers",
      },
      {
        what: "a poll that answers `FAILED` names in the header `x-agent-identity-failure` the error code that ended the session (the provider's OAuth `error` code, or one of the service such as `not_completed`; up to 64 characters); without a code there is no header",
        why: 'the agent can tell a user who declined from a request that a new link does not mend',
      },
      {
        what: 'while a provider is unavailable answers `InternalServerException` with `Retry-After`, and leaves the provider alone meanwhile',
        why: "an SDK's own retry comes back in time, and a thousand agents do not keep a provider down",
      },
      {
        what: "what a user's own token was exchanged for is handed out for that very token alone, and no longer than it lives",
        why: 'a session that has ended at the identity provider does not live on in what was obtained by it; no refresh token is kept',
      },
    ],
  },
  RejectResourceOauth2Token: {
    does: 'Says that the resource did not take an access token (it answered 401), and asks for another. Takes what GetResourceOauth2Token takes and answers as it does. The first to report a token causes one renewal, however many report it; who reports an older token gets the newer one. A token that cannot be renewed is forgotten, and the user is asked again.',
    errors: proved,
  },
  CompleteResourceTokenAuth: {
    does: 'The application says which user came back; only then is the code redeemed and the grant stored.',
    errors: ['UnauthorizedException'],
    differs: [
      {
        what: '`sessionUri` is the `session_id` of the return URL; the `request_uri` of the link is refused',
        why: 'the sender of a link could complete what another person consented to',
      },
      {
        what: 'the user is compared by issuer and subject',
        why: "a token that was renewed meanwhile is still the same user's",
      },
      {
        what: 'another user ends the session as `FAILED`',
        why: 'the person who consented is not the one who asked',
      },
    ],
  },
};

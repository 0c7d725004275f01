/**
 * The request of each JSON operation. Lengths, patterns, and enums are those of AWS's service model (Amazon Bedrock
 * AgentCore, control plane 2023-06-05, data plane 2024-02-28), whose patterns apply to the whole value. A member that
 * this service does not support is rejected with the reason, never ignored.
 */
import { oauth2ProviderMembers } from '../../model/provider/configuration';
import { customParameters, line, providerName, scopes, workloadName } from '../../model/names';
import * as v from 'valibot';
import {
  AuthorizerConfigurationChangeSchema,
  AuthorizerConfigurationSchema,
} from '../../domain/identity/trusted-issuer';
import { FLOWS } from '../../model/flow';
import { DPOP_NONCE } from '../../model/dpop-nonce';
import { isRegistrable } from '../../model/registrable-return-url';
import { kmsKeyArn, matching, onlyCharacters, smallAsJson, text } from '../../model/constraints';
import { fitsAuthorizationUrl, fitsReturnUrl } from '../../model/url-bounds';
import {
  acceptedResourceIds,
  changedPortalMembers,
  newPortalMembers,
  portalIdentifier,
  portalMembers,
} from './portal-schemas';
import { secretReference, secretSource } from '../../model/secret-reference';

const returnUrl = matching(
  1,
  2048,
  // AWS's pattern, which also matches behind the dots of a scheme (Smithy 2.0: patterns are not anchored).
  /^\w[\w.+-]*:(\/?\/?)[^\s]+$/,
  'must be a URL with a scheme, such as https://app.example/connected, and without spaces',
);
const sessionUri = matching(
  1,
  1024,
  /^urn:ietf:params:oauth:request_uri:[a-zA-Z0-9-._~]+$/,
  'must be a session URI: urn:ietf:params:oauth:request_uri: and letters, digits, and the characters - . _ ~',
);
const userId = text(1, 128);
const userToken = matching(
  1,
  131072,
  /^[A-Za-z0-9-_=]+\.[A-Za-z0-9-_=]+\.[A-Za-z0-9-_=]+$/,
  'must be a JWT: three parts in base64url, with dots between them',
);
const workloadToken = text(1, 131072);

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

const tokenVaultId = matching(1, 64, /^[a-zA-Z0-9\-_]+$/, onlyCharacters('the characters - _'));

const TAG_CHARACTERS = onlyCharacters('spaces and the characters . _ : / = + @ -');
const tagKey = matching(1, 128, /^[a-zA-Z0-9\s._:/=+@-]*$/, TAG_CHARACTERS);
/** AWS's pattern also allows tabs and line breaks, which break log lines. Only the space is accepted. */
const newTagKey = v.pipe(
  matching(1, 128, /^[a-zA-Z0-9 ._:/=+@-]*$/, TAG_CHARACTERS),
  v.check((key) => !/^aws:/i.test(key), 'must not begin with aws:, which AWS reserves'),
);
const tags = v.pipe(
  v.record(newTagKey, matching(0, 256, /^[a-zA-Z0-9 ._:/=+@-]*$/, TAG_CHARACTERS)),
  v.maxEntries(50),
);

/**
 * AWS sets no bounds for these. The largest workload identity, including its policy and tags, must fit into one DynamoDB
 * item of 400 KB.
 */
const returnUrls = v.pipe(v.array(v.pipe(returnUrl, isRegistrable)), v.maxLength(100));
const AUTHORIZER_BYTES = 65_536;

/** AWS's pattern does not allow the digit in `oauth2credentialprovider`, which AWS's own ARNs contain. */
const resourceArn = matching(
  20,
  1011,
  /^arn:(?:[^:]+)?:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:([a-z-]+\/[^/]+)(?:\/[a-z0-9-]+\/[^/]+)*$/,
  'must be the ARN of a workload identity, a credential provider, or a consent portal',
);

const policyResourceArn = text(20, 1011);

const listing = (most: number) =>
  v.strictObject({
    maxResults: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most))),
    nextToken: v.exactOptional(v.string()),
  });

const apiKeyMembers = {
  apiKey: v.exactOptional(text(0, 65536)),
  apiKeySecretSource: v.exactOptional(secretSource),
  apiKeySecretConfig: v.exactOptional(secretReference),
};

/** Beyond AWS: whether an update fails unless the caller owns the provider. */
const requireOwnership = v.exactOptional(v.boolean());

/** A user as operators name one. A user ID and the subject of a user token are different users, even if they are equal. */
const userSelector = v.union(
  [
    v.strictObject({ userId }),
    v.strictObject({ issuer: text(1, 2048), subject: text(1, 2048) }),
    v.strictObject({
      userHash: matching(
        43,
        43,
        /^[A-Za-z0-9_-]{43}$/,
        'must be the user of an audit entry: a SHA-256 hash in base64url',
      ),
    }),
  ],
  'must have userId, or issuer and subject, or userHash, and no other member',
);

/**
 * An owner, as this service records it: API Gateway omits the path of a role, and of a role session only the role
 * counts.
 */
const principalArn = matching(
  20,
  2048,
  /^arn:aws[a-z-]*:iam::\d{12}:(role\/[\w+=,.@-]{1,64}|user\/[\u0021-\u007e]{1,576})$/,
  'must be the ARN of an IAM role without its path, such as arn:aws:iam::123456789012:role/agent, or of an IAM user',
);

/** As listings return it. */
const grantId = matching(1, 1024, /^[A-Za-z0-9_-]+$/, 'must be the grantId of a listed grant');

const operatorListing = v.strictObject({ ...listing(100).entries, owner: v.exactOptional(principalArn) });

/** For operators and the audit log. */
const reason = v.exactOptional(line(512));

const resourceOauth2Token = {
  workloadIdentityToken: workloadToken,
  resourceCredentialProviderName: providerName,
  scopes,
  oauth2Flow: v.picklist(FLOWS),
  sessionUri: v.exactOptional(sessionUri),
  resourceOauth2ReturnUrl: v.exactOptional(returnUrl),
  forceAuthentication: v.exactOptional(v.boolean()),
  customParameters: v.exactOptional(customParameters),
  customState: v.exactOptional(text(1, 4096)),
  resources: v.exactOptional(v.pipe(v.array(text(1, 2048)), v.maxLength(20))),
  audiences: v.exactOptional(v.pipe(v.array(text(1, 2048)), v.maxLength(20))),
  // Beyond AWS: where the agent is going to send the token.
  resourceServerUrl: v.exactOptional(
    v.pipe(
      text(1, 2048),
      v.check((value) => URL.canParse(value), 'must be an absolute URL'),
    ),
  ),
};

export const SCHEMAS = {
  CreateWorkloadIdentity: v.strictObject({
    name: workloadName,
    allowedResourceOauth2ReturnUrls: v.exactOptional(returnUrls),
    tags: v.exactOptional(tags),
    authorizerConfiguration: v.exactOptional(
      v.pipe(AuthorizerConfigurationSchema, smallAsJson(AUTHORIZER_BYTES)),
    ),
  }),
  GetWorkloadIdentity: v.strictObject({ name: workloadName }),
  UpdateWorkloadIdentity: v.strictObject({
    name: workloadName,
    allowedResourceOauth2ReturnUrls: v.exactOptional(returnUrls),
    authorizerConfiguration: v.exactOptional(
      v.pipe(AuthorizerConfigurationChangeSchema, smallAsJson(AUTHORIZER_BYTES)),
    ),
  }),
  DeleteWorkloadIdentity: v.strictObject({ name: workloadName }),
  ListWorkloadIdentities: listing(20),
  CreateOauth2CredentialProvider: v.strictObject({
    name: providerName,
    ...oauth2ProviderMembers,
    tags: v.exactOptional(tags),
  }),
  GetOauth2CredentialProvider: v.strictObject({ name: providerName }),
  UpdateOauth2CredentialProvider: v.strictObject({
    name: providerName,
    ...oauth2ProviderMembers,
    requireOwnership,
  }),
  DeleteOauth2CredentialProvider: v.strictObject({ name: providerName }),
  ListOauth2CredentialProviders: listing(20),

  CreateApiKeyCredentialProvider: v.strictObject({
    name: providerName,
    ...apiKeyMembers,
    tags: v.exactOptional(tags),
  }),
  GetApiKeyCredentialProvider: v.strictObject({ name: providerName }),
  UpdateApiKeyCredentialProvider: v.strictObject({ name: providerName, ...apiKeyMembers, requireOwnership }),
  DeleteApiKeyCredentialProvider: v.strictObject({ name: providerName }),
  ListApiKeyCredentialProviders: listing(100),

  CreateConsentPortal: v.strictObject({
    ...newPortalMembers,
    ...portalMembers,
    tags: v.exactOptional(tags),
  }),
  GetConsentPortal: v.strictObject({ consentPortalIdentifier: portalIdentifier }),
  UpdateConsentPortal: v.strictObject({
    consentPortalIdentifier: portalIdentifier,
    ...changedPortalMembers,
    ...portalMembers,
    acceptedResourceIds,
  }),
  DeleteConsentPortal: v.strictObject({ consentPortalIdentifier: portalIdentifier }),
  ListConsentPortals: listing(100),

  GetTokenVault: v.strictObject({ tokenVaultId: v.exactOptional(tokenVaultId) }),
  SetTokenVaultCMK: v.strictObject({
    tokenVaultId: v.exactOptional(tokenVaultId),
    kmsConfiguration: v.strictObject({
      keyType: v.picklist(['CustomerManagedKey', 'ServiceManagedKey']),
      kmsKeyArn: v.exactOptional(kmsKeyArn),
    }),
  }),
  ResetTokenVaultKeyMaterial: v.strictObject({ tokenVaultId }),

  TagResource: v.strictObject({ resourceArn, tags }),
  UntagResource: v.strictObject({
    resourceArn,
    tagKeys: v.pipe(v.array(tagKey), v.maxLength(200)),
  }),
  ListTagsForResource: v.strictObject({ resourceArn }),

  PutResourcePolicy: v.strictObject({ resourceArn: policyResourceArn, policy: text(1, 20480) }),
  GetResourcePolicy: v.strictObject({ resourceArn: policyResourceArn }),
  DeleteResourcePolicy: v.strictObject({ resourceArn: policyResourceArn }),

  GetWorkloadAccessToken: v.strictObject({ workloadName, callingAgent }),
  GetWorkloadAccessTokenForJWT: v.pipe(
    v.strictObject({ workloadName, userToken: v.exactOptional(userToken), callingAgent }),
    v.forward(
      v.check(
        (input) => input.userToken !== undefined || input.callingAgent !== undefined,
        'must be set, unless callingAgent names the user',
      ),
      ['userToken'],
    ),
  ),
  GetWorkloadAccessTokenForUserId: v.strictObject({ workloadName, userId, callingAgent }),

  GetResourceApiKey: v.strictObject({
    workloadIdentityToken: workloadToken,
    resourceCredentialProviderName: providerName,
  }),
  GetResourceOauth2Token: v.pipe(
    v.strictObject(resourceOauth2Token),
    fitsAuthorizationUrl(),
    fitsReturnUrl(),
  ),
  RejectResourceOauth2Token: v.pipe(
    v.strictObject({ ...resourceOauth2Token, rejectedAccessToken: text(1, 131072) }),
    fitsAuthorizationUrl(),
    fitsReturnUrl(),
  ),
  GetResourceDpopProof: v.strictObject({
    workloadIdentityToken: resourceOauth2Token.workloadIdentityToken,
    resourceCredentialProviderName: resourceOauth2Token.resourceCredentialProviderName,
    scopes: resourceOauth2Token.scopes,
    oauth2Flow: resourceOauth2Token.oauth2Flow,
    customParameters: resourceOauth2Token.customParameters,
    resources: resourceOauth2Token.resources,
    audiences: resourceOauth2Token.audiences,
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
  CompleteResourceTokenAuth: v.strictObject({
    sessionUri,
    userIdentifier: v.union(
      [v.strictObject({ userToken }), v.strictObject({ userId })],
      'must have exactly one member',
    ),
  }),

  ListResourceGrants: v.strictObject({ workloadIdentityToken: workloadToken, ...listing(100).entries }),
  RevokeResourceGrant: v.strictObject({
    workloadIdentityToken: workloadToken,
    grantId: v.exactOptional(grantId),
    resourceCredentialProviderName: v.exactOptional(providerName),
  }),

  RevokeGrants: v.strictObject({
    grantId: v.exactOptional(grantId),
    workloadName: v.exactOptional(workloadName),
    providerName: v.exactOptional(providerName),
    user: v.exactOptional(userSelector),
    reason,
  }),
  GetRevocation: v.strictObject({
    revocationId: matching(
      36,
      36,
      /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
      'must be the revocationId of a response',
    ),
    ...listing(100).entries,
  }),
  ListGrants: v.strictObject({
    workloadName: v.exactOptional(workloadName),
    providerName: v.exactOptional(providerName),
    user: v.exactOptional(userSelector),
    ...listing(100).entries,
  }),
  ListAllWorkloadIdentities: operatorListing,
  ListAllCredentialProviders: operatorListing,
  TransferOwnership: v.strictObject({ resourceArn: policyResourceArn, newOwner: principalArn }),
  SuspendWorkloadIdentity: v.strictObject({ name: workloadName, reason }),
  ResumeWorkloadIdentity: v.strictObject({ name: workloadName, reason }),
  SuspendUser: v.strictObject({ user: userSelector, reason }),
  ResumeUser: v.strictObject({
    user: userSelector,
    reason,
    liftIssuerSuspension: v.exactOptional(v.boolean()),
  }),
  ListSuspensions: listing(100),
} as const;

/** Operations with a JSON body. Browsers and resource servers reach the others. */
export type JsonOperation = keyof typeof SCHEMAS;

export type InputOf<Name extends JsonOperation> = v.InferOutput<(typeof SCHEMAS)[Name]>;

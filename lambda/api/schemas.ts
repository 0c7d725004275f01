/**
 * The request of each JSON operation. Lengths, patterns and enums are those of AWS's service model (Amazon
 * Bedrock AgentCore, control plane 2023-06-05, data plane 2024-02-28), whose patterns hold for the whole value.
 * What this service does not do is refused with the reason, never ignored.
 */
import * as v from 'valibot';

const text = (min: number, max: number) => v.pipe(v.string(), v.minLength(min), v.maxLength(max));
const matching = (min: number, max: number, pattern: RegExp) => v.pipe(text(min, max), v.regex(pattern));

/** A member of AWS's model that this service refuses. */
const refused = (why: string) =>
  v.exactOptional(
    v.pipe(
      v.unknown(),
      v.check(() => false, why),
    ),
  );

const workloadName = matching(3, 255, /^[A-Za-z0-9_.-]+$/);
const providerName = matching(1, 128, /^[a-zA-Z0-9\-_]+$/);
const returnUrl = matching(1, 2048, /^\w+:(\/?\/?)[^\s]+$/);
const sessionUri = matching(1, 1024, /^urn:ietf:params:oauth:request_uri:[a-zA-Z0-9-._~]+$/);
const userId = text(1, 128);
const userToken = matching(1, 131072, /^[A-Za-z0-9-_=]+\.[A-Za-z0-9-_=]+\.[A-Za-z0-9-_=]+$/);
const workloadToken = text(1, 131072);

const tags = v.pipe(
  v.record(matching(1, 128, /^[a-zA-Z0-9\s._:/=+@-]*$/), matching(0, 256, /^[a-zA-Z0-9\s._:/=+@-]*$/)),
  v.maxEntries(50),
);

/** A union: exactly one member (Smithy 2.0, "union"). */
const exactlyOne = (value: object): boolean => Object.keys(value).length === 1;

const customOauth2ProviderConfig = v.strictObject({
  oauthDiscovery: v.pipe(
    v.strictObject({
      discoveryUrl: v.exactOptional(
        v.pipe(v.string(), v.regex(/^.+\/\.well-known\/(openid-configuration|oauth-authorization-server)$/)),
      ),
      authorizationServerMetadata: v.exactOptional(
        v.strictObject({
          issuer: v.string(),
          authorizationEndpoint: v.string(),
          tokenEndpoint: v.string(),
          responseTypes: v.exactOptional(v.array(v.string())),
          tokenEndpointAuthMethods: v.exactOptional(
            v.pipe(
              v.array(v.picklist(['client_secret_post', 'client_secret_basic'])),
              v.minLength(1),
              v.maxLength(2),
            ),
          ),
        }),
      ),
    }),
    v.check(exactlyOne, 'must have exactly one member'),
  ),
  clientId: v.exactOptional(text(0, 256)),
  clientSecret: v.exactOptional(text(0, 2048)),
  clientSecretSource: v.exactOptional(
    v.pipe(
      v.picklist(['MANAGED', 'EXTERNAL']),
      v.check(
        (source) => source === 'MANAGED',
        'EXTERNAL is not supported by this service yet; give clientSecret',
      ),
    ),
  ),
  clientSecretConfig: refused('is not supported by this service yet; give clientSecret'),
  clientAuthenticationMethod: v.exactOptional(
    v.picklist(['CLIENT_SECRET_BASIC', 'CLIENT_SECRET_POST', 'AWS_IAM_ID_TOKEN_JWT', 'PRIVATE_KEY_JWT']),
  ),
  onBehalfOfTokenExchangeConfig: refused('is not supported by this service yet'),
  privateKeyJwtConfig: refused('is not supported by this service yet'),
  privateEndpoint: refused('is not supported by this service: it calls providers over the internet'),
  privateEndpointOverrides: refused('is not supported by this service: it calls providers over the internet'),
});

/** Config members of AWS's built-in vendors. */
const vendorConfig = refused('is not supported by this service yet; use customOauth2ProviderConfig');

export const SCHEMAS = {
  CreateWorkloadIdentity: v.strictObject({
    name: workloadName,
    allowedResourceOauth2ReturnUrls: v.exactOptional(v.array(returnUrl)),
    tags: v.exactOptional(tags),
  }),
  GetWorkloadIdentity: v.strictObject({ name: workloadName }),
  CreateOauth2CredentialProvider: v.strictObject({
    name: providerName,
    credentialProviderVendor: v.pipe(
      v.string(),
      v.check(
        (vendor) => vendor === 'CustomOauth2',
        'must be CustomOauth2; other vendors are not supported by this service yet',
      ),
    ),
    oauth2ProviderConfigInput: v.strictObject({
      customOauth2ProviderConfig,
      atlassianOauth2ProviderConfig: vendorConfig,
      githubOauth2ProviderConfig: vendorConfig,
      googleOauth2ProviderConfig: vendorConfig,
      includedOauth2ProviderConfig: vendorConfig,
      linkedinOauth2ProviderConfig: vendorConfig,
      microsoftOauth2ProviderConfig: vendorConfig,
      salesforceOauth2ProviderConfig: vendorConfig,
      slackOauth2ProviderConfig: vendorConfig,
    }),
    tags: v.exactOptional(tags),
  }),
  GetOauth2CredentialProvider: v.strictObject({ name: providerName }),

  GetWorkloadAccessToken: v.strictObject({ workloadName }),
  GetWorkloadAccessTokenForJWT: v.strictObject({ workloadName, userToken }),
  GetWorkloadAccessTokenForUserId: v.strictObject({ workloadName, userId }),

  GetResourceOauth2Token: v.strictObject({
    workloadIdentityToken: workloadToken,
    resourceCredentialProviderName: providerName,
    scopes: v.array(text(1, 128)),
    oauth2Flow: v.picklist(['USER_FEDERATION', 'M2M', 'ON_BEHALF_OF_TOKEN_EXCHANGE']),
    sessionUri: v.exactOptional(sessionUri),
    resourceOauth2ReturnUrl: v.exactOptional(returnUrl),
    forceAuthentication: v.exactOptional(v.boolean()),
    customParameters: v.exactOptional(v.record(matching(1, 256, /^[a-zA-Z0-9\-_.]+$/), text(1, 2048))),
    customState: v.exactOptional(text(1, 4096)),
    resources: v.exactOptional(v.array(text(1, 2048))),
    audiences: v.exactOptional(v.array(text(1, 2048))),
  }),
  CompleteResourceTokenAuth: v.strictObject({
    sessionUri,
    userIdentifier: v.union([v.strictObject({ userToken }), v.strictObject({ userId })]),
  }),
} as const;

/** Operations with a JSON body; the others are reached by browsers and by resource servers. */
export type JsonOperation = keyof typeof SCHEMAS;

export type InputOf<Name extends JsonOperation> = v.InferOutput<(typeof SCHEMAS)[Name]>;

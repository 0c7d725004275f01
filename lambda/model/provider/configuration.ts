/**
 * The configuration of an OAuth2 credential provider: the AWS types `CredentialProviderVendorType` and
 * `Oauth2ProviderConfigInput`. The domain checks which member belongs to which vendor.
 */
import * as v from 'valibot';
import { kmsKeyArn } from '../kms-key-arn';
import { exactlyOne, matching, onlyCharacters, text } from '../constraints';
import {
  isOfOneIssuer,
  isProtectedResourceUrl,
  ONE_ISSUER_RULE,
  PROVIDER_DISCOVERY_URL,
  PROVIDER_DISCOVERY_URL_RULE,
} from '../discovery-url';
import { providerName, scopes } from '../names';
import { requireOwnership, tags } from '../request-values';
import type { Of } from '../of';
import { privateEndpointMembers } from '../private-endpoint';
import { secretReference, secretSource } from '../secret-reference';
import {
  CLIENT_AUTHENTICATION_METHODS,
  CLIENT_REGISTRATIONS,
  SIGNING_ALGORITHMS,
  TOKEN_ENDPOINT_AUTH_METHODS,
} from './client';
import {
  ACTOR_TOKEN_CONTENTS,
  EXCHANGE_AUTHENTICATION_METHODS,
  GRANT_TYPES,
  SUBJECT_TOKEN_TYPES,
} from './on-behalf-of';
import { VENDOR_NAMES } from './vendor-names';

/** AWS sets no bounds for these three. Servers and browsers accept URLs of this length (RFC 9110 section 4.1). */
const address = text(0, 2048);

const oauthDiscovery = v.pipe(
  v.strictObject({
    discoveryUrl: v.exactOptional(
      v.pipe(
        matching(1, 2048, PROVIDER_DISCOVERY_URL, PROVIDER_DISCOVERY_URL_RULE),
        v.check((text) => isProtectedResourceUrl(text) || isOfOneIssuer(text), ONE_ISSUER_RULE),
      ),
    ),
    authorizationServerMetadata: v.exactOptional(
      v.strictObject({
        issuer: address,
        authorizationEndpoint: address,
        tokenEndpoint: address,
        responseTypes: v.exactOptional(v.pipe(v.array(text(0, 128)), v.maxLength(10))),
        tokenEndpointAuthMethods: v.exactOptional(
          v.pipe(v.array(v.picklist(TOKEN_ENDPOINT_AUTH_METHODS)), v.minLength(1), v.maxLength(2)),
        ),
      }),
    ),
  }),
  exactlyOne(),
);

const clientSecret = {
  clientSecret: v.exactOptional(text(0, 2048)),
  clientSecretSource: v.exactOptional(secretSource),
  clientSecretConfig: v.exactOptional(secretReference),
};

/** The members that every built-in vendor accepts. */
const vendorClient = { clientId: text(1, 256), ...clientSecret };

const vendorConfig = v.exactOptional(v.strictObject(vendorClient));

const onBehalfOfTokenExchangeConfig = v.strictObject({
  grantType: v.picklist(GRANT_TYPES),
  tokenExchangeGrantTypeConfig: v.exactOptional(
    v.strictObject({
      actorTokenContent: v.picklist(ACTOR_TOKEN_CONTENTS),
      actorTokenScopes: v.exactOptional(scopes),
      subjectTokenType: v.exactOptional(v.picklist(SUBJECT_TOKEN_TYPES)),
    }),
  ),
  identityAssertionConfig: v.exactOptional(v.strictObject({ credentialProviderName: providerName })),
  onBehalfOfAuthenticationConfig: v.exactOptional(
    v.strictObject({ clientAuthenticationMethod: v.picklist(EXCHANGE_AUTHENTICATION_METHODS) }),
  ),
});

const additionalClaims = v.pipe(
  v.record(
    matching(1, 255, /^[A-Za-z0-9_.:#-]+$/, onlyCharacters('the characters _ . : # -')),
    text(1, 2048),
  ),
  v.minEntries(1),
  v.maxEntries(10),
);

const privateKeyJwtConfig = v.strictObject({
  privateKeySource: v.exactOptional(
    v.pipe(v.strictObject({ kmsKeySource: v.exactOptional(v.strictObject({ kmsKeyArn })) }), exactlyOne()),
  ),
  signingAlgorithm: v.exactOptional(v.picklist(SIGNING_ALGORITHMS)),
  additionalHeaderClaims: v.exactOptional(additionalClaims),
  additionalPayloadClaims: v.exactOptional(additionalClaims),
});

/** RFC 7591 section 1.2, as a bearer token (RFC 6750 section 2.1). AWS has no such member. */
const initialAccessToken = matching(
  1,
  4096,
  /^[A-Za-z0-9._~+/-]+=*$/,
  'must be a bearer token: letters, digits, and the characters . _ ~ + / - =',
);

/** The AWS type `CertificateConfigurationList`. */
const certificateConfigurations = v.pipe(
  v.array(
    v.pipe(
      v.strictObject({
        secretsManager: v.exactOptional(
          v.strictObject({
            secretArn: matching(
              1,
              2048,
              /^arn:aws(-[^:]+)?:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+$/,
              'must be the ARN of a secret in AWS Secrets Manager',
            ),
          }),
        ),
        s3: v.exactOptional(
          v.strictObject({
            uri: matching(1, 2048, /^s3:\/\/.{1,2043}$/, 'must be s3://{bucket}/{key}'),
            bucketOwnerAccountId: v.exactOptional(
              matching(12, 12, /^[0-9]{12}$/, 'must be the ID of an AWS account'),
            ),
          }),
        ),
      }),
      exactlyOne(),
    ),
  ),
  v.minLength(1),
  v.maxLength(1),
);

/** Beyond AWS: access tokens that are bound to keys (DPoP, RFC 9449). */
const dpopConfig = v.strictObject({
  resourceUrls: v.exactOptional(v.pipe(v.array(text(1, 2048)), v.minLength(1), v.maxLength(10))),
});

const customOauth2ProviderConfig = v.strictObject({
  oauthDiscovery,
  clientId: v.exactOptional(text(0, 256)),
  initialAccessToken: v.exactOptional(initialAccessToken),
  // An issuer identifier (RFC 9728, `authorization_servers`). AWS has no such member.
  authorizationServer: v.exactOptional(text(1, 2048)),
  // Beyond AWS: where the endpoints of this authorization server can be.
  endpointOrigins: v.exactOptional(v.pipe(v.array(text(1, 2048)), v.minLength(1), v.maxLength(10))),
  ...clientSecret,
  clientAuthenticationMethod: v.exactOptional(v.picklist(CLIENT_AUTHENTICATION_METHODS)),
  onBehalfOfTokenExchangeConfig: v.exactOptional(onBehalfOfTokenExchangeConfig),
  privateKeyJwtConfig: v.exactOptional(privateKeyJwtConfig),
  ...privateEndpointMembers,
  certificateConfigurations: v.exactOptional(certificateConfigurations),
  dpopConfig: v.exactOptional(dpopConfig),
  // Beyond AWS.
  clientRegistration: v.exactOptional(v.picklist(CLIENT_REGISTRATIONS)),
});

/** The AWS type `Oauth2ProviderConfigInput`. */
const oauth2ProviderConfigInput = v.pipe(
  v.strictObject({
    customOauth2ProviderConfig: v.exactOptional(customOauth2ProviderConfig),
    atlassianOauth2ProviderConfig: vendorConfig,
    githubOauth2ProviderConfig: vendorConfig,
    googleOauth2ProviderConfig: vendorConfig,
    includedOauth2ProviderConfig: v.exactOptional(
      v.strictObject({
        ...vendorClient,
        issuer: v.exactOptional(address),
        authorizationEndpoint: v.exactOptional(address),
        tokenEndpoint: v.exactOptional(address),
      }),
    ),
    linkedinOauth2ProviderConfig: vendorConfig,
    microsoftOauth2ProviderConfig: v.exactOptional(
      v.strictObject({ ...vendorClient, tenantId: v.exactOptional(text(1, 2048)) }),
    ),
    salesforceOauth2ProviderConfig: vendorConfig,
    slackOauth2ProviderConfig: vendorConfig,
  }),
  exactlyOne(),
);

/** Members of both create and update. */
const members = {
  name: providerName,
  credentialProviderVendor: v.picklist(VENDOR_NAMES),
  oauth2ProviderConfigInput,
};

export const createdOauth2Provider = v.strictObject({ ...members, tags: v.exactOptional(tags) });
export interface CreateOauth2ProviderInput extends Of<typeof createdOauth2Provider> {}

export const updatedOauth2Provider = v.strictObject({ ...members, requireOwnership });
export interface UpdateOauth2ProviderInput extends Of<typeof updatedOauth2Provider> {}

/** What a request states of a provider. */
export interface Oauth2ProviderConfig extends Of<typeof oauth2ProviderConfigInput> {}

type Stated = NonNullable<Oauth2ProviderConfig['customOauth2ProviderConfig']>;

/** The members that this service honors, of any authorization server. */
export type CustomOauth2Config = {
  [Name in keyof Stated as unknown extends Stated[Name] ? never : Name]: Stated[Name];
};

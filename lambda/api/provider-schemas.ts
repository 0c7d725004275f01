/**
 * How an OAuth2 credential provider is configured: AWS's `CredentialProviderVendorType` and
 * `Oauth2ProviderConfigInput`. Which member goes with which vendor is the domain's to say.
 */
import * as v from 'valibot';
import { VENDOR_NAMES } from '../domain/provider/vendors';
import { exactlyOne, refused, text } from './constraints';
import { secretReference, secretSource } from './secret-schemas';

const oauthDiscovery = v.pipe(
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
);

const clientSecret = {
  clientSecret: v.exactOptional(text(0, 2048)),
  clientSecretSource: v.exactOptional(secretSource),
  clientSecretConfig: v.exactOptional(secretReference),
};

/** What every built-in vendor takes. */
const vendorClient = { clientId: text(1, 256), ...clientSecret };

const vendorConfig = v.exactOptional(v.strictObject(vendorClient));

const customOauth2ProviderConfig = v.strictObject({
  oauthDiscovery,
  clientId: v.exactOptional(text(0, 256)),
  ...clientSecret,
  clientAuthenticationMethod: v.exactOptional(
    v.picklist(['CLIENT_SECRET_BASIC', 'CLIENT_SECRET_POST', 'AWS_IAM_ID_TOKEN_JWT', 'PRIVATE_KEY_JWT']),
  ),
  onBehalfOfTokenExchangeConfig: refused(
    'is not supported by this service yet: agents get what a user consents to (USER_FEDERATION)',
  ),
  privateKeyJwtConfig: refused(
    'is not supported by this service yet: clients authenticate by a client secret',
  ),
  privateEndpoint: refused('is not supported by this service: it calls providers over the internet'),
  privateEndpointOverrides: refused('is not supported by this service: it calls providers over the internet'),
});

/** Members that create and update have in common. */
export const oauth2ProviderMembers = {
  credentialProviderVendor: v.picklist(VENDOR_NAMES),
  oauth2ProviderConfigInput: v.pipe(
    v.strictObject({
      customOauth2ProviderConfig: v.exactOptional(customOauth2ProviderConfig),
      atlassianOauth2ProviderConfig: vendorConfig,
      githubOauth2ProviderConfig: vendorConfig,
      googleOauth2ProviderConfig: vendorConfig,
      includedOauth2ProviderConfig: v.exactOptional(
        v.strictObject({
          ...vendorClient,
          issuer: v.exactOptional(v.string()),
          authorizationEndpoint: v.exactOptional(v.string()),
          tokenEndpoint: v.exactOptional(v.string()),
        }),
      ),
      linkedinOauth2ProviderConfig: vendorConfig,
      microsoftOauth2ProviderConfig: v.exactOptional(
        v.strictObject({ ...vendorClient, tenantId: v.exactOptional(text(1, 2048)) }),
      ),
      salesforceOauth2ProviderConfig: vendorConfig,
      slackOauth2ProviderConfig: vendorConfig,
    }),
    v.check(exactlyOne, 'must have exactly one member'),
  ),
};

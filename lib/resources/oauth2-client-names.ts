/** The names of the props of OAuth clients (./oauth2-client.ts), for clients that JavaScript makes. */
import type { PropNames } from '../constructs/prop-names';
import type {
  CaCertificatesObject,
  CustomOAuth2Client,
  IncludedOAuth2Client,
  McpOAuth2Client,
  MicrosoftOAuth2Client,
  OAuth2Client,
} from './oauth2-client';

export const CLIENT: PropNames<OAuth2Client> = { clientId: 'required', clientSecret: 'required' };

export const MICROSOFT_CLIENT: PropNames<MicrosoftOAuth2Client> = { ...CLIENT, tenantId: 'optional' };

export const INCLUDED_CLIENT: PropNames<IncludedOAuth2Client> = {
  ...CLIENT,
  issuer: 'optional',
  authorizationEndpoint: 'optional',
  tokenEndpoint: 'optional',
};

export const CUSTOM_CLIENT: PropNames<CustomOAuth2Client> = {
  discoveryUrl: 'optional',
  authorizationServerMetadata: 'optional',
  clientId: 'optional',
  clientSecret: 'optional',
  clientAuthenticationMethod: 'optional',
  onBehalfOfTokenExchange: 'optional',
  privateKeyJwt: 'optional',
  caCertificates: 'optional',
  caCertificatesObject: 'optional',
  dpop: 'optional',
  clientRegistration: 'optional',
};

export const MCP_CLIENT: PropNames<McpOAuth2Client> = {
  clientId: 'optional',
  initialAccessToken: 'optional',
  clientRegistration: 'optional',
  authorizationServer: 'optional',
  endpointOrigins: 'optional',
  clientSecret: 'optional',
  clientAuthenticationMethod: 'optional',
  dpop: 'optional',
};

export const CERTIFICATES_OBJECT: PropNames<CaCertificatesObject> = {
  bucket: 'required',
  objectKey: 'required',
};

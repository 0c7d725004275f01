/** What the service publishes about its keys, and about its clients at authorization servers. */
import { open } from '../operation';
import type { ReferenceOf } from '../reference';

const document = (path: string) => ({ ...open('oauth-callback', path), metadata: true }) as const;

export const metadata = {
  // Beyond AWS: the client that an authorization server reads by its client ID.
  ClientMetadata: document('/identities/oauth2/client-metadata/{callbackId}'),
  Jwks: document('/.well-known/jwks.json'),
  IssuerMetadata: document('/.well-known/openid-configuration'),
};

export const reference: ReferenceOf<typeof metadata> = {
  ClientMetadata:
    'The client ID metadata document of a credential provider: the client as its authorization server reads it. Can be cached for 5 minutes. See [mcp-servers.md](mcp-servers.md).',
  Jwks: 'The public keys that validate workload access tokens (RFC 7517).',
  IssuerMetadata:
    'The metadata of the issuer of workload access tokens, in the format of OpenID Connect Discovery 1.0.',
};

/** OAuth 2.0 credential providers: clients at authorization servers. */
import * as v from 'valibot';
import { providerName } from '../../model/names';
import { createdOauth2Provider, updatedOauth2Provider } from '../../model/provider/configuration';
import {
  BOUND,
  CERTIFICATES,
  PRIVATE_ENDPOINTS,
  CLIENT_SECRET_ARN,
  NO_ACTOR,
  NO_SECRET,
  OWN,
  OWN_LISTED,
  OWN_ROLE,
  PLAIN_TAGS,
  PROTECTED_RESOURCES,
  PUBLIC_CLIENTS,
  REVOKES,
  SAFE_ENDPOINTS,
  SHREDS,
  TAGGED_KEY,
  TAGGED_SECRET,
} from '../differences';
import { operations } from '../operation';
import type { ReferenceOf } from '../reference';
import { listing } from '../../model/request-values';

const named = v.strictObject({ name: providerName });

export const oauth2CredentialProvider = operations('control-plane', '/identities', {
  CreateOauth2CredentialProvider: {
    status: 201,
    input: createdOauth2Provider,
  },
  GetOauth2CredentialProvider: { input: named },
  UpdateOauth2CredentialProvider: {
    input: updatedOauth2Provider,
  },
  DeleteOauth2CredentialProvider: { status: 204, input: named },
  ListOauth2CredentialProviders: { input: listing(20) },
});

export const reference: ReferenceOf<typeof oauth2CredentialProvider> = {
  CreateOauth2CredentialProvider: {
    does: 'Creates an OAuth 2.0 credential provider. Register the returned `callbackUrl` as a redirect URI at the authorization server.',
    errors: ['ConflictException', 'ServiceQuotaExceededException'],
    differs: [
      OWN,
      PLAIN_TAGS,
      CLIENT_SECRET_ARN,
      NO_SECRET,
      TAGGED_SECRET,
      SAFE_ENDPOINTS,
      NO_ACTOR,
      TAGGED_KEY,
      CERTIFICATES,
      PRIVATE_ENDPOINTS,
      PUBLIC_CLIENTS,
      PROTECTED_RESOURCES,
      OWN_ROLE,
    ],
  },
  GetOauth2CredentialProvider: {
    does: 'Describes a provider, without its client secret.',
    errors: ['ResourceNotFoundException'],
    differs: [CLIENT_SECRET_ARN, NO_SECRET, BOUND],
  },
  UpdateOauth2CredentialProvider: {
    does: 'Replaces the configuration. If the authorization server changes (its issuer, which can have several metadata documents), the response has a new `callbackUrl`: register it there, because consents at the earlier one fail. The callback URL also changes if the provider no longer has a client ID metadata document.',
    errors: ['ResourceNotFoundException'],
    differs: [
      {
        what: 'keeps the client secret if the request omits it and the client and the server stay the same',
        why: 'a secret is for one client at one server',
      },
      {
        what: 'allows only the owner to change the vendor, the client, or the authorization server',
        why: 'otherwise, another principal with permission to update could point the provider at its own server, which then gets the next client secret of the owner',
      },
      {
        what: 'keeps the authentication method of a client that the service registered with a secret, if the request omits it; only the owner can change the method and the secret of such a client',
        why: 'the server chose the method, and only the service has the secret, so that another principal could replace it for good',
      },
      TAGGED_SECRET,
      SAFE_ENDPOINTS,
      NO_ACTOR,
      TAGGED_KEY,
      CERTIFICATES,
      PRIVATE_ENDPOINTS,
      PUBLIC_CLIENTS,
      PROTECTED_RESOURCES,
      OWN_ROLE,
    ],
  },
  DeleteOauth2CredentialProvider: {
    does: 'Deletes a provider, its client secret, and all grants that agents obtained through it. Requests that are waiting for its response fail. If the deletion was interrupted, call the operation again; until then, the name remains in use.',
    errors: ['ResourceNotFoundException'],
    differs: [SHREDS, REVOKES],
  },
  ListOauth2CredentialProviders: {
    does: 'Returns a page of providers, sorted by name.',
    differs: [OWN_LISTED],
  },
};

/** OAuth2 credential providers in the directory table. */
import * as v from 'valibot';
import type { Oauth2Provider, Oauth2ProviderStore } from '../../domain/provider/oauth2-provider';
import {
  ACTOR_TOKEN_CONTENTS,
  EXCHANGE_AUTHENTICATION_METHODS,
  SUBJECT_TOKEN_TYPES,
} from '../../domain/provider/on-behalf-of-config';
import { SIGNING_ALGORITHMS } from '../../domain/provider/private-key-jwt';
import { CLIENT_AUTHENTICATION_METHODS, PUBLIC_CLIENT, PUBLISHED_KEY } from '../../domain/provider/vendor';
import { VENDOR_NAMES } from '../../domain/provider/vendors';
import { oauth2ProviderKey, PREFIX } from '../../contract/table-keys';
import { PublishedKeyRecord } from './client-metadata-store';
import { ExternalSecretRecord } from './external-secret';
import { createOwnedResourceStore, OWNED_RESOURCE_MEMBERS, parseOwnedResource } from './owned-resource-store';
import type { Table } from './table';

const strings = v.array(v.string());

const onBehalfOfAuthenticationConfig = v.exactOptional(
  v.object({ clientAuthenticationMethod: v.picklist(EXCHANGE_AUTHENTICATION_METHODS) }),
);

const Oauth2ProviderRecord = v.object({
  ...OWNED_RESOURCE_MEMBERS,
  vendor: v.picklist(VENDOR_NAMES),
  callbackId: v.string(),
  clientId: v.string(),
  clientAuthenticationMethod: v.picklist([...CLIENT_AUTHENTICATION_METHODS, PUBLIC_CLIENT, PUBLISHED_KEY]),
  privateKeyJwt: v.exactOptional(
    v.object({
      keyArn: v.string(),
      algorithm: v.picklist(SIGNING_ALGORITHMS),
      headerClaims: v.exactOptional(v.record(v.string(), v.string())),
      payloadClaims: v.exactOptional(v.record(v.string(), v.string())),
    }),
  ),
  discovery: v.union([
    v.strictObject({
      discoveryUrl: v.string(),
      protectedResource: v.exactOptional(
        v.object({
          resource: v.string(),
          issuer: v.string(),
          metadataUrl: v.string(),
          endpointOrigins: v.exactOptional(strings),
          statedByUpdate: v.exactOptional(v.literal(true)),
          dpopRequired: v.exactOptional(v.literal(true)),
        }),
      ),
    }),
    v.strictObject({
      authorizationServerMetadata: v.object({
        issuer: v.string(),
        authorizationEndpoint: v.string(),
        tokenEndpoint: v.string(),
        responseTypes: v.exactOptional(strings),
        tokenEndpointAuthMethods: v.exactOptional(strings),
      }),
    }),
  ]),
  onBehalfOf: v.exactOptional(
    v.variant('grantType', [
      v.object({
        grantType: v.literal('TOKEN_EXCHANGE'),
        tokenExchangeGrantTypeConfig: v.object({
          actorTokenContent: v.picklist(ACTOR_TOKEN_CONTENTS),
          actorTokenScopes: v.exactOptional(strings),
          subjectTokenType: v.exactOptional(v.picklist(SUBJECT_TOKEN_TYPES)),
        }),
        onBehalfOfAuthenticationConfig,
      }),
      v.object({ grantType: v.literal('JWT_AUTHORIZATION_GRANT'), onBehalfOfAuthenticationConfig }),
      v.object({
        grantType: v.literal('IDENTITY_ASSERTION'),
        identityAssertionConfig: v.object({ credentialProviderName: v.string() }),
      }),
    ]),
  ),
  dpop: v.exactOptional(v.object({ resourceUrls: v.exactOptional(strings) })),
  externalSecret: v.exactOptional(ExternalSecretRecord),
  registration: v.exactOptional(
    v.object({
      management: v.exactOptional(v.object({ clientUri: v.string(), sealedToken: v.string() })),
      metadataDocument: v.exactOptional(
        v.object({ refreshes: v.boolean(), publishedKey: v.exactOptional(PublishedKeyRecord) }),
      ),
    }),
  ),
  certificateSecretArn: v.exactOptional(v.string()),
  certificateObject: v.exactOptional(
    v.object({ uri: v.string(), bucketOwnerAccountId: v.exactOptional(v.string()) }),
  ),
});

/** Returns undefined for a record that is marked as deleted. @throws ValiError for a malformed record */
export const parseOauth2Provider = (item: unknown): Oauth2Provider | undefined =>
  parseOwnedResource(Oauth2ProviderRecord, item);

export const createOauth2ProviderStore = (directory: Table): Oauth2ProviderStore =>
  createOwnedResourceStore<Oauth2Provider>(directory, {
    kind: PREFIX.oauth2Provider,
    keyOf: oauth2ProviderKey,
    schema: Oauth2ProviderRecord,
  });

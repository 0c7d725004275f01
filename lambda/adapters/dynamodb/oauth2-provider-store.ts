/** OAuth2 credential providers in the directory table; their sealed client secrets in the vault table. */
import * as v from 'valibot';
import type {
  ClientSecretStore,
  Oauth2Provider,
  Oauth2ProviderStore,
} from '../../domain/provider/oauth2-provider';
import { clientSecretKey, oauth2ProviderKey } from './keys';
import { parseRecord, versioned } from './record';
import { ABSENT, type Table } from './table';

const strings = v.array(v.string());

const Oauth2ProviderRecord = v.object({
  name: v.string(),
  id: v.string(),
  arn: v.string(),
  owner: v.string(),
  vendor: v.literal('CustomOauth2'),
  callbackId: v.string(),
  clientId: v.string(),
  clientAuthenticationMethod: v.picklist(['CLIENT_SECRET_BASIC', 'CLIENT_SECRET_POST']),
  discovery: v.union([
    v.strictObject({ discoveryUrl: v.string() }),
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
  tags: v.record(v.string(), v.string()),
  createdTime: v.number(),
  lastUpdatedTime: v.number(),
});

/** @throws ValiError for a record that is not one: nothing is guessed */
export const parseOauth2Provider = (item: unknown): Oauth2Provider | undefined =>
  parseRecord(Oauth2ProviderRecord, item);

export const createOauth2ProviderStore = (directory: Table): Oauth2ProviderStore => ({
  get: async (name) => parseOauth2Provider(await directory.get(oauth2ProviderKey(name))),
  create: (provider) => directory.put(oauth2ProviderKey(provider.name), versioned(provider), ABSENT),
});

const ClientSecretRecord = v.object({ sealed: v.string() });

export const createClientSecretStore = (vault: Table): ClientSecretStore => ({
  async put(providerId, sealed) {
    await vault.put(clientSecretKey(providerId), versioned({ sealed }));
  },
  async get(providerId) {
    const item = await vault.get(clientSecretKey(providerId));
    return parseRecord(ClientSecretRecord, item)?.sealed;
  },
});

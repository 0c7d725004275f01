/** OAuth2 credential providers in the directory table. */
import * as v from 'valibot';
import type { Oauth2Provider, Oauth2ProviderStore } from '../../domain/provider/oauth2-provider';
import { Oauth2ProviderSchema } from '../../model/provider/record';
import { oauth2ProviderKey, PREFIX } from '../../contract/table-keys';
import { OwnedResourceSchema } from '../../model/records/owned-resource';
import { createOwnedResourceStore, parseOwnedResource } from './owned-resource-store';
import type { Table } from './table';

const Oauth2ProviderRecord = v.object({ ...OwnedResourceSchema.entries, ...Oauth2ProviderSchema.entries });

/** Returns undefined for a record that is marked as deleted. @throws ValiError for a malformed record */
export const parseOauth2Provider = (item: unknown): Oauth2Provider | undefined =>
  parseOwnedResource(Oauth2ProviderRecord, item);

export const createOauth2ProviderStore = (directory: Table): Oauth2ProviderStore =>
  createOwnedResourceStore<Oauth2Provider>(directory, {
    kind: PREFIX.oauth2Provider,
    keyOf: oauth2ProviderKey,
    schema: Oauth2ProviderRecord,
  });

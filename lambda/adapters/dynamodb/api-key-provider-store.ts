/** API-key credential providers in the directory table. */
import * as v from 'valibot';
import type { ApiKeyProvider, ApiKeyProviderStore } from '../../domain/provider/api-key-provider';
import { apiKeyProviderKey, PREFIX } from '../../contract/table-keys';
import { ExternalSecretSchema } from '../../model/secret-reference';
import { OwnedResourceSchema } from '../../model/records/owned-resource';
import { createOwnedResourceStore, parseOwnedResource } from './owned-resource-store';
import type { Table } from './table';

const ApiKeyProviderRecord = v.object({
  ...OwnedResourceSchema.entries,
  externalSecret: v.exactOptional(ExternalSecretSchema),
});

/** Returns undefined for a record that is marked as deleted. @throws ValiError for a malformed record */
export const parseApiKeyProvider = (item: unknown): ApiKeyProvider | undefined =>
  parseOwnedResource(ApiKeyProviderRecord, item);

export const createApiKeyProviderStore = (directory: Table): ApiKeyProviderStore =>
  createOwnedResourceStore<ApiKeyProvider>(directory, {
    kind: PREFIX.apiKeyProvider,
    keyOf: apiKeyProviderKey,
    schema: ApiKeyProviderRecord,
  });

/** API-key credential providers in the directory table. */
import * as v from 'valibot';
import type { ApiKeyProvider, ApiKeyProviderStore } from '../../domain/provider/api-key-provider';
import { apiKeyProviderKey, PREFIX } from './keys';
import { createOwnedResourceStore } from './owned-resource-store';
import { ExternalSecretRecord } from './external-secret';
import { parseRecord } from './record';
import type { Table } from './table';

const ApiKeyProviderRecord = v.object({
  name: v.string(),
  id: v.string(),
  arn: v.string(),
  owner: v.string(),
  externalSecret: v.exactOptional(ExternalSecretRecord),
  tags: v.record(v.string(), v.string()),
  policy: v.exactOptional(v.string()),
  revision: v.number(),
  createdTime: v.number(),
  lastUpdatedTime: v.number(),
});

/** @throws ValiError for a record that is not one: nothing is guessed */
export const parseApiKeyProvider = (item: unknown): ApiKeyProvider | undefined =>
  parseRecord(ApiKeyProviderRecord, item);

export const createApiKeyProviderStore = (directory: Table): ApiKeyProviderStore =>
  createOwnedResourceStore<ApiKeyProvider>(directory, {
    kind: PREFIX.apiKeyProvider,
    keyOf: apiKeyProviderKey,
    schema: ApiKeyProviderRecord,
  });

/** The single round trip of the hot path: one strongly consistent BatchGetItem reads identity, provider, and grant. */
import { BatchGetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { Directory } from '../../domain/grant/directory';
import { parseApiKeyProvider } from './api-key-provider-store';
import { keyOf, parseGrant } from './grant-store';
import {
  apiKeyProviderKey,
  oauth2ProviderKey,
  workloadIdentityKey,
  type Key,
} from '../../contract/table-keys';
import { parseOauth2Provider } from './oauth2-provider-store';
import { parseWorkloadIdentity } from './workload-identity-store';

/** Attempts at a throttled batch. */
const TRIES = 4;

export function createDirectoryReader(
  client: DynamoDBClient,
  tables: { readonly directory: string; readonly vault: string },
): Directory {
  async function batchGet(wanted: readonly { table: string; key: Key }[]): Promise<Map<string, unknown>> {
    const found = new Map<string, unknown>();
    let request: Record<string, { Keys: Record<string, never>[]; ConsistentRead: true }> | undefined = {};
    for (const { table, key } of wanted) {
      const entry = (request[table] ??= { Keys: [], ConsistentRead: true });
      entry.Keys.push(marshall(key) as Record<string, never>);
    }
    for (let tried = 0; tried < TRIES; tried += 1) {
      const answer: {
        Responses?: Record<string, Record<string, never>[]>;
        UnprocessedKeys?: typeof request;
      } = (await client.send(new BatchGetItemCommand({ RequestItems: request }))) as never;
      for (const item of Object.values(answer.Responses ?? {}).flat()) {
        const record = unmarshall(item);
        found.set(`${String(record.pk)} ${String(record.sk)}`, record);
      }
      request = answer.UnprocessedKeys ?? {};
      if (Object.keys(request).length === 0) return found;
    }
    throw new Error('DynamoDB left keys of a batch unread');
  }

  const inDirectory = (key: Key) => ({ table: tables.directory, key });
  const record = (found: Map<string, unknown>, key: Key) => found.get(`${key.pk} ${key.sk}`);

  return {
    async read(workloadName, providerName, grantId) {
      const identity = workloadIdentityKey(workloadName);
      const provider = oauth2ProviderKey(providerName);
      const grant = grantId && keyOf(grantId);
      const found = await batchGet([
        inDirectory(identity),
        inDirectory(provider),
        ...(grant ? [{ table: tables.vault, key: grant }] : []),
      ]);
      return {
        identity: parseWorkloadIdentity(record(found, identity)),
        provider: parseOauth2Provider(record(found, provider)),
        grant: grant && parseGrant(record(found, grant)),
      };
    },
    async readApiKeyProvider(workloadName, providerName) {
      const identity = workloadIdentityKey(workloadName);
      const provider = apiKeyProviderKey(providerName);
      const found = await batchGet([inDirectory(identity), inDirectory(provider)]);
      return {
        identity: parseWorkloadIdentity(record(found, identity)),
        provider: parseApiKeyProvider(record(found, provider)),
      };
    },
  };
}

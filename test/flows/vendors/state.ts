/** Access to the running service's stored state, to read it and to move a vendor to loopback. */
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import {
  createOauth2ProviderStore,
  createWorkloadIdentityStore,
} from '../../../lambda/adapters/dynamodb/owned-resource-store';
import { createClientSecretStore } from '../../../lambda/adapters/dynamodb/secret-store';
import type { TableName } from '../../../lambda/model/table-keys';
import { createTable } from '../../../lambda/adapters/dynamodb/table';
import { createSealOnly } from '../../../lambda/adapters/kms/seal';
import type { Oauth2Provider } from '../../../lambda/model/provider/record';
import { clientSecretContext } from '../../../lambda/domain/provider/oauth2-provider';
import type { GrantTokens } from '../../../lambda/model/records/grant';
import type { TokenRequest } from '../../../lambda/model/token-request';
import { createAws } from '../../../lambda/functions/composition/aws';
import { readEnvironment } from '../../../lambda/functions/composition/environment';
import { vaultKeysOf } from '../../../lambda/functions/composition/vault-keys';
import { localTableName } from '../../../lib/local/dynamodb';
import type { Client } from './behavior';
import { createDynamoDb } from '../../../lambda/adapters/dynamodb/sdk-client';
import { sdkClients } from '../../../lambda/functions/composition/sdk-clients';

const table = (name: TableName) => createTable(createDynamoDb(new DynamoDB({})), localTableName(name));

/**
 * Moves a provider's endpoints to a server on loopback, only in the record. No request can do this, because built-in
 * vendors have fixed endpoints, and the encrypted secret cannot be decrypted for the new address.
 */
export async function moveProvider(name: string, server: string): Promise<Oauth2Provider> {
  const providers = createOauth2ProviderStore(table('Directory'));
  const provider = await providers.get(name);
  const stated = provider?.discovery.authorizationServerMetadata;
  if (!provider || !stated) throw new Error(`no provider ${name} with stated endpoints`);
  const endpoints = { authorizationEndpoint: `${server}/authorize`, tokenEndpoint: `${server}/token` };
  const moved: Oauth2Provider = {
    ...provider,
    revision: provider.revision + 1,
    discovery: { authorizationServerMetadata: { ...stated, ...endpoints } },
  };
  await providers.replace(moved);
  return moved;
}

/** Encrypts the client secret for the provider's current address, as the control plane does. */
export async function sealFor(provider: Oauth2Provider, { clientSecret }: Client): Promise<void> {
  const env = readEnvironment('DIRECTORY_TABLE', 'KEYS_TABLE', 'VAULT_TABLE', 'KMS_KEY_ARN', 'ARN_PREFIX');
  const seal = createSealOnly(
    vaultKeysOf(createAws(env, sdkClients()), env, (error) => {
      throw error;
    }),
  );
  const sealed = await seal.seal(clientSecretContext(provider), clientSecret);
  await createClientSecretStore(table('Vault')).put(provider.id, sealed, provider.revision);
}

/** The members of a grant's item that tests read. */
interface GrantItem {
  readonly target?: string;
  readonly tokens?: GrantTokens;
  readonly ttl?: number;
}

/** The stored grants of a flow at this provider. */
export async function storedGrants(
  flow: TokenRequest['oauth2Flow'],
  providerName: string,
): Promise<GrantItem[]> {
  const { Items = [] } = await new DynamoDB({}).scan({ TableName: localTableName('Vault') });
  const grants = Items.map((item) => unmarshall(item) as GrantItem);
  return grants.filter(({ target }) => target?.startsWith(`${flow}#${providerName}#`));
}

/** The stored tokens of a user's grant at this provider. */
export const storedTokens = async (providerName: string): Promise<GrantTokens | undefined> =>
  (await storedGrants('USER_FEDERATION', providerName))[0]?.tokens;

/** IDs of an agent's workload identity and of its provider, which are in the keys of their items. */
export interface Ids {
  readonly 'workload identity': string;
  readonly 'credential provider': string;
}

export async function idsOf({ name, providerName }: { name: string; providerName: string }): Promise<Ids> {
  const directory = table('Directory');
  const identity = await createWorkloadIdentityStore(directory).get(name);
  const provider = await createOauth2ProviderStore(directory).get(providerName);
  if (!identity || !provider) throw new Error(`no agent ${name} with a provider ${providerName}`);
  return { 'workload identity': identity.id, 'credential provider': provider.id };
}

async function itemsOf(name: TableName): Promise<Record<string, unknown>[]> {
  const { Items = [] } = await new DynamoDB({}).scan({ TableName: localTableName(name) });
  return Items.map((item) => unmarshall(item));
}

/** Keys of all remaining items of a deleted resource: grants, secrets, vault keys, and its record. */
export async function remainsOf(ids: Ids, deleted: keyof Ids): Promise<string[]> {
  const items = await Promise.all((['Directory', 'Keys', 'Vault'] as const).map(itemsOf));
  return items
    .flat()
    .filter((item) => JSON.stringify(item).includes(ids[deleted]))
    .map(({ pk, sk }) => `${String(pk)} ${String(sk)}`);
}

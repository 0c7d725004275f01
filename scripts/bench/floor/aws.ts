/** The requests to AWS that a call cannot do without. Keys are read once, like in the service. */
import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { AwsClients } from '../../../lambda/functions/composition/aws';
import type { Plan, PlannedKey } from './plan';

export type Item = Record<string, AttributeValue>;

const { DIRECTORY_TABLE = '', KEYS_TABLE = '', VAULT_TABLE = '', ARN_PREFIX = '' } = process.env;

let clients: AwsClients;

/** The bundle's entry calls it first (floor-bundles.ts). */
export function connect(given: AwsClients): void {
  clients = given;
}

const attributesOf = ({ pk, sk }: PlannedKey): Item => ({ pk: { S: pk }, sk: { S: sk } });

const keysAndAttributes = (keys: readonly PlannedKey[]) => ({
  Keys: keys.map(attributesOf),
  ConsistentRead: true,
});

/** Reads the items of the plan with one request, and returns them by their partition keys. */
export async function readItems({ directory, vault }: Plan): Promise<Map<string | undefined, Item>> {
  const { Responses = {} } = await clients.dynamodb.send('BatchGetItem', {
    RequestItems: {
      [DIRECTORY_TABLE]: keysAndAttributes(directory),
      ...(vault && { [VAULT_TABLE]: keysAndAttributes([vault]) }),
    },
  });
  const items = new Map<string | undefined, Item>();
  for (const found of Object.values(Responses)) for (const item of found) items.set(item.pk?.S, item);
  return items;
}

async function decrypted(
  wrapped: string | undefined,
  context: Record<string, string>,
  keyId?: string,
): Promise<Uint8Array> {
  const { Plaintext } = await clients.kms.send('Decrypt', {
    KeyId: keyId,
    CiphertextBlob: Buffer.from(wrapped ?? '', 'base64'),
    EncryptionContext: context,
  });
  if (!Plaintext) throw new Error('KMS returned no plaintext.');
  return Plaintext;
}

const TOKEN_VAULT_ARN = `${ARN_PREFIX}:token-vault/default`;

async function unwrappedVaultKey(item: Item): Promise<KeyObject> {
  const { ownerArn, ownerId, purpose } = item;
  const context = {
    tokenVault: TOKEN_VAULT_ARN,
    owner: ownerArn?.S ?? '',
    ownerId: ownerId?.S ?? '',
    purpose: purpose?.S ?? '',
  };
  return createSecretKey(await decrypted(item.wrapped?.S, context, item.kmsKeyArn?.S));
}

const vaultKeys = new Map<string, Promise<KeyObject>>();

/** Returns a vault key by the version in the header of a sealed record. */
export function vaultKey(purpose: string, ownerId: string, version: string): Promise<KeyObject> {
  const found = vaultKeys.get(version);
  if (found) return found;
  const key = { pk: `VAULT-KEY#${purpose}#${ownerId}`, sk: version };
  const read = clients.dynamodb
    .send('GetItem', { TableName: KEYS_TABLE, Key: attributesOf(key), ConsistentRead: true })
    .then(({ Item: item }) => unwrappedVaultKey(item ?? {}));
  vaultKeys.set(version, read);
  return read;
}

export interface CurrentKey {
  readonly id: string;
  readonly key: KeyObject;
}

const currentVaultKeys = new Map<string, Promise<CurrentKey>>();

/** Returns the vault key that seals now. */
export function currentVaultKey(purpose: string, ownerId: string): Promise<CurrentKey> {
  const partition = `VAULT-KEY#${purpose}#${ownerId}`;
  const found = currentVaultKeys.get(partition);
  if (found) return found;
  const read = query(KEYS_TABLE, partition, { limit: 1 }).then(async ([item = {}]) => ({
    id: item.sk?.S ?? '',
    key: await unwrappedVaultKey(item),
  }));
  currentVaultKeys.set(partition, read);
  return read;
}

export async function query(
  table: string,
  partition: string,
  { limit }: { limit?: number } = {},
): Promise<Item[]> {
  const { Items = [] } = await clients.dynamodb.send('Query', {
    TableName: table,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': { S: partition } },
    ConsistentRead: true,
    ...(limit !== undefined && { Limit: limit, ScanIndexForward: false }),
  });
  return Items;
}

let signingKeys: Promise<Item[]> | undefined;

export const readSigningKeys = (): Promise<Item[]> => (signingKeys ??= query(DIRECTORY_TABLE, 'SIGNING-KEY'));

const publicKeys = new Map<unknown, KeyObject>();

/** Returns the public key of a workload access token. */
export async function publicKey(kid: unknown): Promise<KeyObject> {
  const found = publicKeys.get(kid);
  if (found) return found;
  const item = (await readSigningKeys()).find((signingKey) => signingKey.kid?.S === kid);
  const members = Object.entries(item?.publicJwk?.M ?? {}).map(([name, value]) => [name, value.S] as const);
  const key = createPublicKey({ format: 'jwk', key: Object.fromEntries(members) });
  publicKeys.set(kid, key);
  return key;
}

let signer: Promise<CurrentKey> | undefined;

async function readSigner(): Promise<CurrentKey> {
  const now = Date.now() / 1000;
  // The key of the next period is published a day ahead.
  const item = (await readSigningKeys()).findLast(({ signsFrom }) => Number(signsFrom?.N) <= now);
  const kid = item?.kid?.S ?? '';
  const context = { purpose: 'signing', tokenVault: TOKEN_VAULT_ARN, kid };
  const pem = await decrypted(item?.wrappedPrivateKey?.S, context, process.env.KMS_KEY_ARN);
  return { id: kid, key: createPrivateKey(Buffer.from(pem).toString()) };
}

/** Returns the key that signs workload access tokens. */
export const signingKey = (): Promise<CurrentKey> => (signer ??= readSigner());

/** What the tables contain: how many items of each kind, and whether each ciphertext in them can be decrypted. */
import { createSecretKey } from 'node:crypto';
import { DynamoDB, type AttributeValue } from '@aws-sdk/client-dynamodb';
import { KMS } from '@aws-sdk/client-kms';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { compactDecrypt, decodeProtectedHeader } from 'jose';
import { PREFIX, TABLES, vaultKeyKey, type Key, type TableName } from '../../lambda/model/table-keys';
import { TOKEN_VAULT_ID } from '../../lambda/domain/token-vault/token-vault';
import { localTableName } from '../../lib/local/dynamodb';
import type { EmulatorAccess } from '../../lib/local/emulators';
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../../lib/local/principals';

type Item = Key & Readonly<Record<string, unknown>>;

/** How many items each kind has, by table and first part of the partition key. */
export type Counts = Readonly<Record<string, number>>;

export interface Inventory {
  readonly counts: Counts;
  /** Ciphertexts that could be decrypted. */
  readonly opened: number;
  /** Ciphertexts that could not, with the kinds of their items. */
  readonly lost: readonly string[];
}

const TOKEN_VAULT_ARN = `arn:aws:bedrock-agentcore:${LOCAL_REGION}:${LOCAL_ACCOUNT}:token-vault/default`;

/** A compact JWE (RFC 7516), in any member. */
const JWE = /^[\w-]+\.[\w-]*\.[\w-]+\.[\w-]+\.[\w-]+$/;

export class Tables {
  private readonly dynamodb: DynamoDB;
  private readonly kms: KMS;

  constructor({ credentials, endpoints }: EmulatorAccess) {
    const settings = { region: LOCAL_REGION, credentials };
    this.dynamodb = new DynamoDB({ ...settings, endpoint: endpoints.dynamodb });
    this.kms = new KMS({ ...settings, endpoint: endpoints.kms });
  }

  close(): void {
    this.dynamodb.destroy();
    this.kms.destroy();
  }

  async items(table: TableName): Promise<Item[]> {
    const items: Item[] = [];
    let start: Record<string, AttributeValue> | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await this.dynamodb.scan({
        TableName: localTableName(table),
        ConsistentRead: true,
        ...(start && { ExclusiveStartKey: start }),
      });
      items.push(...Items.map((item) => unmarshall(item) as Item));
      start = LastEvaluatedKey;
    } while (start);
    return items;
  }

  /** @param before keys of items that are not counted, as {@link keys} returned them */
  async inventory(before: ReadonlySet<string> = new Set()): Promise<Inventory> {
    const counts: Record<string, number> = {};
    const lost: string[] = [];
    let opened = 0;
    const owners = new Set((await this.items('Directory')).map(({ id }) => id));
    const keys = new Map((await this.items('Keys')).map((item) => [`${item.pk} ${item.sk}`, item]));
    for (const table of Object.keys(TABLES) as TableName[]) {
      for (const item of table === 'Keys' ? keys.values() : await this.items(table)) {
        if (before.has(keyIn(table, item))) continue;
        const kind = kindOf(table, item);
        if (!isSharedKey(item.pk)) counts[kind] = (counts[kind] ?? 0) + 1;
        for (const text of ciphertextsIn(item)) {
          const fate = await this.open(text, keys, owners);
          // A session of a deleted agent or provider ends by its time, and can no longer be decrypted.
          if (fate === 'opened') opened += 1;
          else if (fate === 'lost' || table !== 'Sessions') lost.push(kind);
        }
      }
    }
    return { counts, opened, lost };
  }

  /** Returns the keys of all items. */
  async keys(): Promise<Set<string>> {
    const keys = new Set<string>();
    for (const table of Object.keys(TABLES) as TableName[]) {
      for (const item of await this.items(table)) keys.add(keyIn(table, item));
    }
    return keys;
  }

  /** Decrypts without the code of the service: by the header of the ciphertext, and the record of its vault key. */
  private async open(
    text: string,
    keys: ReadonlyMap<string, Item>,
    owners: ReadonlySet<unknown>,
  ): Promise<'opened' | 'lost' | 'shredded'> {
    const { kid = '', ctx } = decodeProtectedHeader(text) as { kid?: string; ctx: string };
    const [purpose, ownerId, ownerArn] = JSON.parse(ctx) as [string, string, string];
    const { pk, sk } = vaultKeyKey(purpose, ownerId, kid);
    const record = keys.get(`${pk} ${sk}`) as { kmsKeyArn: string; wrapped: string } | undefined;
    if (!record) return owners.has(ownerId) ? 'lost' : 'shredded';
    const { Plaintext } = await this.kms.decrypt({
      KeyId: record.kmsKeyArn,
      CiphertextBlob: Buffer.from(record.wrapped, 'base64'),
      EncryptionContext: { tokenVault: TOKEN_VAULT_ARN, owner: ownerArn, ownerId, purpose },
    });
    await compactDecrypt(text, createSecretKey(Plaintext ?? new Uint8Array()));
    return 'opened';
  }
}

const keyIn = (table: TableName, { pk, sk }: Key): string => `${table} ${pk} ${sk}`;

/** Returns whether the partition has keys that serve all agents. A new one replaces one that is too old, in any run. */
export const isSharedKey = (partition: string): boolean =>
  partition === PREFIX.signingKey ||
  (partition.startsWith(PREFIX.vaultKey) && partition.endsWith(`#${TOKEN_VAULT_ID}`));

const kindOf = (table: TableName, { pk }: Key): string => `${table} ${pk.split('#')[0] ?? ''}`;

function ciphertextsIn(value: unknown): string[] {
  if (typeof value === 'string') return isCiphertext(value) ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(ciphertextsIn);
}

/** With the context in its header, as the seal writes it. */
const isCiphertext = (text: string): boolean => JWE.test(text) && 'ctx' in decodeProtectedHeader(text);

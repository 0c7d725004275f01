/**
 * Tables of a deployment in the embedded DynamoDB, written by the stores of the service, copies of them as DynamoDB
 * restores them, and a server in front that can change what DynamoDB responds or what happens in between.
 */
import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { DynamoDB, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import { createGrantStore } from '../../lambda/adapters/dynamodb/grant-store';
import {
  createOauth2ProviderStore,
  createWorkloadIdentityStore,
} from '../../lambda/adapters/dynamodb/owned-resource-store';
import { createRestrictionStore } from '../../lambda/adapters/dynamodb/directory-stores';
import { createRevocationStore } from '../../lambda/adapters/dynamodb/revocation-store';
import { createClientSecretStore } from '../../lambda/adapters/dynamodb/secret-store';
import { createTable } from '../../lambda/adapters/dynamodb/table';
import { createVaultContents } from '../../lambda/adapters/dynamodb/vault-contents';
import { createVaultKeyStore } from '../../lambda/adapters/dynamodb/vault-key-store';
import { createSeal } from '../../lambda/adapters/kms/seal';
import type { TableName } from '../../lambda/model/table-keys';
import type { SealingPurpose } from '../../lambda/model/sealing-purpose';
import { localTableName, startDynamoDb, type LocalDynamoDb } from '../../lib/local/dynamodb';
import { newEmulatorCredentials } from '../../lib/local/emulator-access';
import { listenOnLoopback, type Listening } from '../../lib/local/loopback-server';
import { sampleGrantId, sampleIdentity, sampleProvider, sampleTokens } from '../domain/samples';
import { storeTokens } from '../domain/stored-grant';
import { runCommand, type Outcome } from './command-under-test';
import { createDynamoDb } from '../../lambda/adapters/dynamodb/sdk-client';

const SECONDS = Math.floor(Date.now() / 1000);
/** Epoch seconds of what the records of a test state. */
export const TIMES = {
  beforeConsent: SECONDS - 7200,
  consent: SECONDS - 3600,
  restored: SECONDS - 1800,
  since: SECONDS - 600,
};

export const iso = (epochSeconds: number): string => new Date(epochSeconds * 1000).toISOString();

/** Called before DynamoDB gets a request. A result is the response instead. */
export type Interception = (
  operation: string,
  input: Record<string, unknown>,
) => Promise<{ readonly status: number; readonly body: object } | undefined>;

const unchanged: Interception = () => Promise.resolve(undefined);

type Owner = ReturnType<typeof sampleIdentity> | ReturnType<typeof sampleProvider>;

export class RestoredTables {
  /** Set for each test. */
  before: Interception = unchanged;
  /** What DescribeTable says of a table that DynamoDB restored. */
  restoreSummary: object | undefined;
  private copies = 0;

  private constructor(
    private readonly folder: string,
    private readonly dynamodb: LocalDynamoDb,
    private readonly credentials: ReturnType<typeof newEmulatorCredentials>,
    readonly client: DynamoDB,
  ) {}

  private proxy!: Listening;

  static async start(): Promise<RestoredTables> {
    const folder = await mkdtemp(join(tmpdir(), 'restore-'));
    const credentials = newEmulatorCredentials();
    const dynamodb = await startDynamoDb(join(folder, 'dynamodb'), credentials);
    const client = new DynamoDB({ endpoint: dynamodb.endpoint, region: 'us-east-1', credentials });
    const tables = new RestoredTables(folder, dynamodb, credentials, client);
    tables.proxy = await listenOnLoopback(
      createServer((request, response) => {
        void tables.respond(request.headers, text(request)).then(({ status, body }) => {
          response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
          response.end(body);
        });
      }),
      0,
    );
    return tables;
  }

  private async respond(
    received: NodeJS.Dict<string | string[]>,
    request: Promise<string>,
  ): Promise<{ status: number; body: string }> {
    const headers = Object.fromEntries(
      Object.entries(received).filter(([name]) => !['host', 'connection', 'content-length'].includes(name)),
    );
    const body = await request;
    const operation = String(headers['x-amz-target']).replace('DynamoDB_20120810.', '');
    const input = JSON.parse(body) as Record<string, unknown>;
    const instead = await this.before(operation, input);
    if (instead) return { status: instead.status, body: JSON.stringify(instead.body) };
    const forwarded = await fetch(this.dynamodb.endpoint, {
      method: 'POST',
      headers: headers as Record<string, string>,
      body,
    });
    const output = await forwarded.text();
    if (operation !== 'DescribeTable' || !String(input.TableName).startsWith('copy-')) {
      return { status: forwarded.status, body: output };
    }
    const { Table } = JSON.parse(output) as { Table: object };
    return {
      status: forwarded.status,
      body: JSON.stringify({
        Table: { ...Table, ...(this.restoreSummary && { RestoreSummary: this.restoreSummary }) },
      }),
    };
  }

  async close(): Promise<void> {
    await this.proxy.close();
    this.client.destroy();
    await this.dynamodb.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  reset(): void {
    this.before = unchanged;
    this.restoreSummary = { RestoreDateTime: TIMES.restored };
  }

  table = (name: TableName) => createTable(createDynamoDb(this.client), localTableName(name));

  get stores() {
    const [directory, keys, vault] = [this.table('Directory'), this.table('Keys'), this.table('Vault')];
    return {
      identities: createWorkloadIdentityStore(directory),
      providers: createOauth2ProviderStore(directory),
      restrictions: createRestrictionStore(directory),
      vaultKeys: createVaultKeyStore(keys),
      contents: createVaultContents({ keys, vault }),
      grants: createGrantStore(vault),
      clientSecrets: createClientSecretStore(vault),
      revocations: createRevocationStore(this.table('Revocations')),
    };
  }

  /** Returns a sealed text, and stores the record of the vault key that its header names. */
  async sealed({ id: ownerId, arn: ownerArn }: Owner, purpose: SealingPurpose): Promise<string> {
    const version = `v-${randomUUID()}`;
    const key = { version, key: createSecretKey(randomBytes(32)) };
    await this.stores.vaultKeys.create({
      ...{ purpose, ownerId, ownerArn, version, wrapped: 'wrapped-key', kmsKeyArn: 'arn:aws:kms:key' },
      vaultRevision: 0,
    });
    const seal = createSeal({ current: () => Promise.resolve(key), version: () => Promise.resolve(key) });
    return seal.seal({ purpose, ownerId, ownerArn, binding: {} }, 'the-secret-text');
  }

  /** An agent with a grant at a provider, as they were when the tables were copied. */
  async world() {
    const times = { createdTime: TIMES.beforeConsent, lastUpdatedTime: TIMES.beforeConsent };
    const identity = sampleIdentity(times);
    const provider = sampleProvider(times);
    const { stores } = this;
    await stores.identities.create(identity);
    await stores.providers.create(provider);
    const secret = await this.sealed(provider, 'client-secret');
    await stores.clientSecrets.put(provider.id, secret, 1);
    const grantId = { ...sampleGrantId(), workloadId: identity.id };
    const tokens = sampleTokens({
      sealed: await this.sealed(identity, 'grant'),
      obtainedAt: TIMES.consent,
    });
    await storeTokens(stores.grants, grantId, { providerId: provider.id, tokens });
    return { identity, provider, grantId, tokens, secret, userHash: grantId.userHash };
  }

  /** Copies a table, as it is, to a new one. Returns its name. */
  async copy(name: TableName): Promise<string> {
    this.copies += 1;
    const target = `copy-${this.copies}-${name}`;
    await this.create(target);
    const { Items = [] } = await this.client.scan({ TableName: localTableName(name) });
    for (const Item of Items) await this.client.putItem({ TableName: target, Item });
    return target;
  }

  async create(name: string): Promise<void> {
    await this.client.createTable({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    });
    await waitUntilTableExists(
      { client: this.client, maxWaitTime: 10, minDelay: 0.01, maxDelay: 0.1 },
      { TableName: name },
    );
  }

  /** Runs the command with the credentials and the tables of the deployment. */
  run(source: string, into: string, ...options: string[]): Promise<Outcome> {
    const stated = ['Directory', 'Keys', 'Vault', 'Revocations'] as const;
    return this.runWith([
      ...['--source', source, '--into', into],
      ...stated.flatMap((name) => ['--table', `${name.toLowerCase()}=${localTableName(name)}`]),
      ...options,
    ]);
  }

  runWith(options: readonly string[]): Promise<Outcome> {
    return runCommand(['restore', ...options], {
      env: {
        AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${this.proxy.port}`,
        AWS_ACCESS_KEY_ID: this.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: this.credentials.secretAccessKey,
        AWS_REGION: 'us-east-1',
      },
    });
  }
}

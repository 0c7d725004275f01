/** Responses of DynamoDB that the AWS SDK accepts, and that the stores must not: lost, late, or not from DynamoDB. */
import { createServer, type RequestListener } from 'node:http';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createDirectoryReader } from '../../lambda/adapters/dynamodb/directory-reader';
import { createGrantStore } from '../../lambda/adapters/dynamodb/grant-store';
import {
  createPortalSessionStore,
  createSessionStore,
  createUsedAssertionStore,
} from '../../lambda/adapters/dynamodb/session-stores';
import { createRevocationStore } from '../../lambda/adapters/dynamodb/revocation-store';
import { createRestrictionStore } from '../../lambda/adapters/dynamodb/directory-stores';
import { createTable, type Table } from '../../lambda/adapters/dynamodb/table';
import { createVaultKeyStore } from '../../lambda/adapters/dynamodb/vault-key-store';
import type { VaultKeyRecord } from '../../lambda/model/records/vault-key';
import { createWorkloadIdentityStore } from '../../lambda/adapters/dynamodb/owned-resource-store';
import { OWNER_INDEX } from '../../lambda/model/table-keys';
import type { GrantStore } from '../../lambda/domain/grant/grant';
import { transition } from '../../lambda/domain/consent/session';
import type { Session } from '../../lambda/model/records/consent-session';
import type { PortalSession } from '../../lambda/model/records/portal-session';
import { changeResource, createResource } from '../../lambda/domain/resource-write';
import { changeRestriction, storedUserRestriction } from '../../lambda/domain/restriction/change';
import { ended } from '../../lambda/domain/revocation/item';
import { REQUEST_TIMEOUTS } from '../../lambda/functions/composition/request-timeouts';
import { localTableName, startDynamoDb, type LocalDynamoDb } from '../../lib/local/dynamodb';
import { newEmulatorCredentials } from '../../lib/local/emulator-access';
import { listenOnLoopback, LOOPBACK } from '../../lib/local/loopback-server';
import { BEGINNING, createFakeSystem } from '../domain/fake-system';
import { sampleDetails, sampleGrantId, sampleIdentity, sampleSession, sampleTokens } from '../domain/samples';
import { sampleItem } from './revocation-store.contract';
import { createDynamoDb } from '../../lambda/adapters/dynamodb/sdk-client';
import { temporaryFolder } from '../environment/temporary-folder';

const credentials = newEmulatorCredentials();
const folder = temporaryFolder('responses');
let dynamodb: LocalDynamoDb;
let sessions: Table;
beforeAll(async () => {
  dynamodb = await startDynamoDb(join(folder, 'dynamodb'), credentials);
  const client = new DynamoDBClient({ endpoint: dynamodb.endpoint, region: 'us-east-1', credentials });
  sessions = createTable(createDynamoDb(client), localTableName('Sessions'));
});
afterAll(() => dynamodb.close());

/**
 * Returns a table that loses the first response to each request, so that the AWS SDK repeats the request.
 *
 * @param between happens after the lost response
 */
function repeated(between: () => Promise<unknown> = () => Promise.resolve()): Table {
  const client = new DynamoDBClient({ endpoint: dynamodb.endpoint, region: 'us-east-1', credentials });
  client.middlewareStack.add(
    (next) => {
      let attempts = 0;
      return async (request) => {
        const response = await next(request);
        attempts += 1;
        if (attempts > 1) return response;
        await between();
        throw Object.assign(new Error('the connection was reset'), { code: 'ECONNRESET' });
      };
    },
    { step: 'deserialize', priority: 'low' },
  );
  return createTable(createDynamoDb(client), localTableName('Sessions'));
}

describe('a write of a session whose response is lost, which the AWS SDK repeats', () => {
  async function consented(): Promise<Session> {
    const session = sampleSession({ state: 'CONSENTED', sealedCode: 'code', completionHash: 'hash' });
    await createSessionStore(sessions).create(session);
    return session;
  }

  const claimed = (session: Session): Session => {
    const next = transition(session, { type: 'claim' }, BEGINNING + 1);
    if (!next) throw new Error('the session cannot be claimed');
    return next;
  };

  it('succeeds', async () => {
    const next = claimed(await consented());
    expect(await createSessionStore(repeated()).advance(next)).toBe(true);
    expect(await createSessionStore(sessions).get(next.hash)).toEqual(next);
  });

  it('fails if a concurrent request wrote the same before', async () => {
    const next = claimed(await consented());
    expect(await createSessionStore(sessions).advance(next)).toBe(true);
    expect(await createSessionStore(repeated()).advance(next)).toBe(false);
  });
});

describe('a new item whose response is lost, after which the AWS SDK repeats the write', () => {
  const wrapped = (value: string): VaultKeyRecord => ({
    purpose: 'grant',
    ownerId: 'owner',
    ownerArn: 'arn',
    version: '1',
    wrapped: value,
    kmsKeyArn: 'key',
    vaultRevision: 1,
  });
  const portalSession: PortalSession = {
    hash: 'portal-session',
    portalId: 'portal',
    userHash: 'user',
    issuedAt: 1,
    client: 'client',
    admittedBy: [],
    expiresAt: 2,
  };

  it('is created, as a session of a consent or of a portal, or as a key', async () => {
    await createSessionStore(repeated()).create(sampleSession({ hash: 'lost-response' }));
    await createPortalSessionStore(repeated()).create(portalSession);
    await createVaultKeyStore(repeated()).create(wrapped('first'));
  });

  it('uses an identity assertion up, which another request with it then cannot', async () => {
    const user = { kind: 'jwt', issuer: 'https://issuer.example', subject: 'ana' } as const;
    const assertion = { id: 'jti', user, expiresAt: BEGINNING };
    expect(await createUsedAssertionStore(repeated()).add(assertion)).toBe(true);
    for (const table of [sessions, repeated()]) {
      expect(await createUsedAssertionStore(table).add(assertion)).toBe(false);
    }
  });

  it('uses up the state of a sign-in for its session, and for no other', async () => {
    const use = { stateHash: 'state', sessionHash: 'session', expiresAt: BEGINNING };
    expect(await createPortalSessionStore(repeated()).consumeState(use)).toBe(true);
    for (const table of [sessions, repeated()]) {
      expect(await createPortalSessionStore(table).consumeState({ ...use, sessionHash: 'other' })).toBe(
        false,
      );
    }
  });

  it('fails if another key has the version', async () => {
    const store = createVaultKeyStore(sessions);
    await store.create({ ...wrapped('first'), version: '2' });
    await expect(store.create({ ...wrapped('second'), version: '2' })).rejects.toThrow('generated twice');
    expect(await store.get(wrapped(''), '2')).toMatchObject({ wrapped: 'first' });
  });
});

describe('a write of a resource whose response is lost, after which the AWS SDK repeats the write', () => {
  const resource = sampleIdentity({ name: 'lost-response' });
  const change = { allowedResourceOauth2ReturnUrls: ['https://app.example/changed'] };
  const stores = () =>
    [createWorkloadIdentityStore(sessions), createWorkloadIdentityStore(repeated())] as const;

  it('creates and changes the resource', async () => {
    const [store, losing] = stores();
    await createResource(losing, 'workload identity', resource);
    expect(await changeResource(losing, createFakeSystem(), resource, change)).toMatchObject(change);
    expect(await store.get(resource.name)).toMatchObject({ ...change, revision: resource.revision + 1 });
  });

  it('fails if another request changed the resource, or created one of the name', async () => {
    const [store, losing] = stores();
    const concurrent = { ...resource, id: 'other', name: 'concurrent' };
    await createResource(store, 'workload identity', concurrent);
    await changeResource(store, createFakeSystem(), concurrent, change);
    await expect(changeResource(losing, createFakeSystem(), concurrent, change)).rejects.toThrow(
      'Another request changed the resource',
    );
    const another = { ...concurrent, id: 'another' };
    await expect(createResource(losing, 'workload identity', another)).rejects.toThrow('already exists');
  });

  it('creates a resource that another request changes before the repetition', async () => {
    const store = createWorkloadIdentityStore(sessions);
    const created = { ...resource, id: 'changed-at-once', name: 'changed-at-once' };
    const changed = { ...created, ...change, revision: created.revision + 1 };
    const losing = createWorkloadIdentityStore(repeated(() => store.replace(changed)));
    await createResource(losing, 'workload identity', created);
    expect(await store.get(created.name)).toMatchObject(changed);
  });

  it('restricts a user once, and says so', async () => {
    const restriction = storedUserRestriction(createRestrictionStore(repeated()), 'user');
    const suspendedByOperator = { since: BEGINNING, by: 'arn' };
    const { before, after } = await changeRestriction(restriction, (read) => ({
      ...read,
      suspendedByOperator,
    }));
    expect({ before, after }).toEqual({
      before: { userHash: 'user', revision: 0 },
      after: { userHash: 'user', revision: 1, suspendedByOperator },
    });
  });
});

describe('the next state of an outbox item whose response is lost, after which the AWS SDK repeats the write', () => {
  it('still belongs to this worker', async () => {
    const item = sampleItem();
    const store = createRevocationStore(repeated());
    await store.createItem(item);
    const next = ended(item, 'UNCONFIRMED', 'invalid_client');
    expect(await store.advanceItem(next)).toBe(true);
    expect(await createRevocationStore(sessions).getItem(item.itemId)).toEqual(
      JSON.parse(JSON.stringify(next)),
    );
  });

  it('does not belong to another worker with the same item', async () => {
    const item = sampleItem();
    await createRevocationStore(sessions).createItem(item);
    const next = ended(item, 'CONFIRMED');
    expect(await createRevocationStore(sessions).advanceItem(next)).toBe(true);
    expect(await createRevocationStore(repeated()).advanceItem(next)).toBe(false);
  });
});

describe('a write of a grant whose response is lost, after which the AWS SDK repeats the write', () => {
  const id = sampleGrantId();
  const providerId = 'provider';
  const consented = (epoch: number, sealed: string) =>
    ({ providerId, epoch, tokens: { ...sampleTokens(), sealed } }) as const;
  /** Sends each write twice, with another write in between. */
  const repeatedAfter = (between?: () => Promise<unknown>): GrantStore => createGrantStore(repeated(between));

  it('succeeds, and does not overwrite the renewal of the tokens in between', async () => {
    const grants = createGrantStore(sessions);
    const details = sampleDetails();
    const consent = { sessionHash: 'session', expiresAt: BEGINNING + 600 };
    await grants.openConsent(id, { providerId, details, consent, seen: undefined, forget: false });
    const renew = async () => {
      const lease = { holder: 'renewal', deadline: BEGINNING * 1000 };
      await grants.takeLease(id, { providerId, details, seen: await grants.get(id), lease });
      const renewed = { ...sampleTokens(), sealed: 'renewed' };
      expect(await grants.putRenewed(id, { holder: 'renewal', epoch: 0, tokens: renewed })).toBe(true);
    };
    expect(await repeatedAfter(renew).putTokens(id, consented(0, 'of the consent'))).toBe(true);
    expect((await grants.get(id))?.tokens?.sealed).toBe('renewed');
  });

  it('succeeds if it is a revocation, after which another one finds nothing', async () => {
    const grants = createGrantStore(sessions);
    const seen = await grants.get(id);
    if (!seen) throw new Error('there is no grant');
    expect(await repeatedAfter().revoke(id, seen)).toBe(true);
    expect((await grants.get(id))?.tokens).toBeUndefined();
    expect(await repeatedAfter().revoke(id, seen)).toBe(false);
  });
});

/** Calls a server in the place of DynamoDB. */
async function withServer<Result>(
  respond: RequestListener,
  work: (client: DynamoDBClient) => Promise<Result>,
): Promise<Result> {
  const server = createServer(respond);
  const { port, close } = await listenOnLoopback(server, 0);
  const client = new DynamoDBClient({
    requestHandler: REQUEST_TIMEOUTS,
    endpoint: `http://${LOOPBACK}:${port}`,
    region: 'us-east-1',
    credentials,
  });
  try {
    return await work(client);
  } finally {
    client.destroy();
    server.closeAllConnections();
    await close();
  }
}

const KEY = { pk: 'pk', sk: 'sk' };

describe('a response without the members that DynamoDB always returns', () => {
  const READS: [string, (table: Table) => Promise<unknown>][] = [
    ['a query', (table) => table.query(KEY.pk)],
    ['a page of a query', (table) => table.queryPage(KEY.pk)],
    ['a query of an index', (table) => table.queryIndex(OWNER_INDEX, { partition: 'p', limit: 1 })],
    ['a count', (table) => table.countIndex(OWNER_INDEX, 'p', {})],
    ['a scan', (table) => table.scan({ condition: 'a = :a', values: { ':a': 1 } }, { limit: 1 })],
  ];

  it.each(READS)('is not the absence of items to %s', async (_read, read) => {
    const answer = withServer(
      (_request, response) => response.end('{}'),
      (client) => read(createTable(createDynamoDb(client), 'table')),
    );
    await expect(answer).rejects.toThrow('DynamoDB returned no');
  });

  it('is not the absence of a restriction', async () => {
    const answer = withServer(
      (_request, response) => response.end('{}'),
      (client) =>
        createDirectoryReader(createDynamoDb(client), {
          directory: 'directory',
          vault: 'vault',
        }).readIdentity('agent', 'user-hash'),
    );
    await expect(answer).rejects.toThrow('DynamoDB returned no response to a batch');
  });
});

it('repeats a request on another connection if the first one stays silent', async () => {
  // The timeouts of the functions pass immediately. Those of the AWS SDK are longer.
  const wait = Reflect.get(Socket.prototype, 'setTimeout');
  jest.spyOn(Socket.prototype, 'setTimeout').mockImplementation(function (
    this: Socket,
    milliseconds,
    callback,
  ) {
    return wait.call(this, milliseconds < 5_000 ? Math.min(milliseconds, 20) : milliseconds, callback);
  });
  let requests = 0;
  const respond: RequestListener = (_request, response) => {
    requests += 1;
    if (requests > 1) response.end('{}');
  };
  expect(
    await withServer(respond, (client) => createTable(createDynamoDb(client), 'table').get(KEY)),
  ).toBeUndefined();
  expect(requests).toBe(2);
});

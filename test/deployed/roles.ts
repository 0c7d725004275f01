/**
 * Permissions of the deployed roles, tested with each function's own credentials on the real tables and key. IAM
 * decides before anything else, so any other response means that IAM allowed the request.
 *
 * The flow has shown what each function needs, because the emulator enforces its role. The template's whole matrix is in
 * test/stacks/permissions.test.ts; these checks are requests that an attacker in a function would try.
 */
import { createHash } from 'node:crypto';
import { deepStrictEqual } from 'node:assert';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { KMS } from '@aws-sdk/client-kms';
import { Lambda } from '@aws-sdk/client-lambda';
import type { TableName } from '../../lambda/model/table-keys';
import { OPERATIONS, type OperationName } from '../../lambda/operations';
import type { FunctionGroup } from '../../lambda/operations/groups';
import { send, signed } from '../local/handmade-request';
import type { Checks } from './checks';
import type { DeployedFunction } from './deployed-function';
import type { DeployedFunctions } from './deployed-functions';
import type { TableNames } from './records';

/** The parameters of an attempt. */
interface Intruder {
  readonly dynamodb: DynamoDB;
  readonly kms: KMS;
  readonly lambda: Lambda;
  readonly tables: TableNames;
  readonly keyArn: string;
  readonly functionName: (group: FunctionGroup) => string;
  readonly call: (operation: OperationName) => Promise<unknown>;
}

interface Attempt {
  readonly what: string;
  readonly make: (intruder: Intruder) => Promise<unknown>;
}

const item = (partition: string) => ({ pk: { S: partition }, sk: { S: 'RECORD' } });

const get = (table: TableName, partition: string): Attempt => ({
  what: `read ${table} ${partition}`,
  make: ({ dynamodb, tables }) => dynamodb.getItem({ TableName: tables[table], Key: item(partition) }),
});

const put = (table: TableName, partition: string): Attempt => ({
  what: `write ${table} ${partition}`,
  make: ({ dynamodb, tables }) => dynamodb.putItem({ TableName: tables[table], Item: item(partition) }),
});

const query = (table: TableName, partition: string): Attempt => ({
  what: `query ${table} ${partition}`,
  make: ({ dynamodb, tables }) =>
    dynamodb.query({
      TableName: tables[table],
      KeyConditionExpression: '#pk = :pk',
      ExpressionAttributeNames: { '#pk': 'pk' },
      ExpressionAttributeValues: { ':pk': { S: partition } },
    }),
});

const scan = (table: TableName): Attempt => ({
  what: `scan ${table}`,
  make: ({ dynamodb, tables }) => dynamodb.scan({ TableName: tables[table], Limit: 1 }),
});

/** Not a ciphertext of the key: an allowed caller gets an error about it, and a denied caller does not. */
const CIPHERTEXT = Buffer.alloc(96, 1);

/** A request without a purpose has no encryption context. */
const contextOf = (purpose: string | undefined) =>
  purpose !== undefined && { EncryptionContext: { purpose } };

const decrypt = (purpose?: string): Attempt => ({
  what: `decrypt for ${purpose ?? 'no purpose'}`,
  make: ({ kms, keyArn }) =>
    kms.decrypt({ KeyId: keyArn, CiphertextBlob: CIPHERTEXT, ...contextOf(purpose) }),
});

const encrypt = (purpose: string): Attempt => ({
  what: `encrypt for ${purpose}`,
  make: ({ kms, keyArn }) => kms.encrypt({ KeyId: keyArn, Plaintext: CIPHERTEXT, ...contextOf(purpose) }),
});

const generate = (purpose: string): Attempt => ({
  what: `generate a data key for ${purpose}`,
  make: ({ kms, keyArn }) =>
    kms.generateDataKey({ KeyId: keyArn, KeySpec: 'AES_256', ...contextOf(purpose) }),
});

const rewrap = (purpose: string): Attempt => ({
  what: `re-encrypt for ${purpose}`,
  make: ({ kms, keyArn }) =>
    kms.reEncrypt({
      CiphertextBlob: CIPHERTEXT,
      SourceKeyId: keyArn,
      DestinationKeyId: keyArn,
      SourceEncryptionContext: { purpose },
      DestinationEncryptionContext: { purpose },
    }),
});

const invoke = (group: FunctionGroup): Attempt => ({
  what: `invoke ${group}`,
  make: ({ lambda, functionName }) =>
    lambda.invoke({ FunctionName: functionName(group), InvocationType: 'DryRun' }),
});

const call = (operation: OperationName): Attempt => ({
  what: `call ${operation}`,
  make: ({ call: make }) => make(operation),
});

const IDENTITY = 'WORKLOAD-IDENTITY#a';
const PROVIDER = 'OAUTH2-PROVIDER#a';
const SIGNING_KEYS = 'SIGNING-KEY';
const GRANT = 'GRANT#a#b';
const CLIENT_SECRET = 'CLIENT-SECRET#a';
const API_KEY = 'API-KEY#a';
const SESSION = 'SESSION#a';
const PORTAL = 'CONSENT-PORTAL#a';
const PORTAL_SESSION = 'PORTAL-SESSION#a';
const REVOKED_GRANT = 'REVOKED-GRANT#a';

interface Bounds {
  readonly may: readonly Attempt[];
  readonly mayNot: readonly Attempt[];
}

const BOUNDS: Readonly<Record<FunctionGroup, Bounds>> = {
  'control-plane': {
    may: [
      ...[get('Directory', IDENTITY), generate('api-key'), encrypt('pagination'), invoke('revocation')],
      ...[get('Directory', PORTAL), put('Directory', PORTAL), invoke('connections')],
      // It discovers the authorization servers of MCP servers, and registers clients there.
      invoke('provider-client'),
    ],
    mayNot: [
      ...[get('Revocations', REVOKED_GRANT), put('Revocations', REVOKED_GRANT)],
      ...[get('Vault', GRANT), get('Vault', CLIENT_SECRET), get('Vault', API_KEY), put('Vault', GRANT)],
      ...[decrypt('client-secret'), decrypt('api-key'), decrypt('grant'), decrypt('signing'), decrypt()],
      ...[query('Directory', SIGNING_KEYS), put('Directory', SIGNING_KEYS), put('Directory', 'TOKEN-VAULT')],
      ...[scan('Directory'), scan('Vault'), scan('Keys'), get('Sessions', SESSION)],
    ],
  },
  'token-exchange': {
    may: [
      ...[get('Directory', IDENTITY), query('Directory', SIGNING_KEYS), encrypt('signing')],
      ...[put('Directory', 'USER-EMAIL#a'), put('Sessions', 'USED-ASSERTION#a')],
    ],
    mayNot: [
      ...[
        put('Directory', 'RESTRICTION#USER#a'),
        put('Sessions', SESSION),
        get('Sessions', 'USED-ASSERTION#a'),
      ],
      ...[get('Directory', PROVIDER), put('Directory', IDENTITY), scan('Directory')],
      ...[get('Vault', GRANT), get('Vault', API_KEY), get('Sessions', SESSION)],
      ...[get('Keys', 'VAULT-KEY#grant#a'), decrypt('grant'), decrypt('client-secret'), decrypt('api-key')],
      ...[decrypt(), encrypt('grant'), invoke('provider-client')],
    ],
  },
  'credential-retrieval': {
    may: [get('Vault', GRANT), get('Vault', API_KEY), generate('grant'), invoke('provider-client')],
    mayNot: [
      ...[put('Directory', IDENTITY), put('Directory', PROVIDER), put('Directory', SIGNING_KEYS)],
      ...[decrypt('signing'), encrypt('signing'), decrypt(), generate('client-secret'), generate('api-key')],
      ...[put('Vault', API_KEY), put('Vault', CLIENT_SECRET), scan('Vault'), scan('Sessions')],
      ...[put('Keys', 'VAULT-KEY#api-key#a'), invoke('control-plane')],
    ],
  },
  'oauth-callback': {
    may: [
      get('Sessions', SESSION),
      get('Keys', 'VAULT-KEY#consent#a'),
      get('Directory', PORTAL),
      get('Directory', 'CLIENT-METADATA#a'),
      invoke('provider-client'),
    ],
    mayNot: [
      ...[get('Vault', GRANT), get('Vault', CLIENT_SECRET), put('Vault', GRANT), scan('Vault')],
      ...[get('Keys', 'VAULT-KEY#grant#a'), get('Directory', IDENTITY), put('Directory', SIGNING_KEYS)],
      ...[get('Directory', PROVIDER), put('Directory', 'CLIENT-METADATA#a')],
      ...[decrypt('grant'), decrypt('client-secret'), decrypt('signing'), decrypt(), generate('consent')],
      ...[scan('Sessions'), invoke('credential-retrieval')],
    ],
  },
  'provider-client': {
    may: [get('Vault', GRANT), get('Vault', CLIENT_SECRET), generate('grant')],
    mayNot: [
      ...[get('Vault', API_KEY), decrypt('api-key'), decrypt('consent'), decrypt('signing'), decrypt()],
      ...[get('Sessions', SESSION), put('Sessions', SESSION), query('Directory', SIGNING_KEYS)],
      ...[put('Directory', PROVIDER), put('Vault', CLIENT_SECRET), scan('Vault'), invoke('provider-client')],
    ],
  },
  revocation: {
    may: [
      ...[get('Vault', GRANT), get('Vault', CLIENT_SECRET), get('Directory', PROVIDER)],
      ...[get('Revocations', REVOKED_GRANT), put('Revocations', REVOKED_GRANT), generate('revocation')],
    ],
    mayNot: [
      ...[get('Vault', API_KEY), put('Vault', GRANT), put('Directory', PROVIDER), put('Directory', IDENTITY)],
      ...[generate('grant'), decrypt('api-key'), decrypt('consent'), decrypt('signing'), decrypt()],
      ...[get('Sessions', SESSION), query('Directory', SIGNING_KEYS), put('Vault', CLIENT_SECRET)],
      ...[scan('Vault'), scan('Revocations'), invoke('provider-client'), invoke('revocation')],
    ],
  },
  portal: {
    may: [invoke('connections')],
    mayNot: [
      ...[get('Directory', PORTAL), get('Sessions', PORTAL_SESSION), put('Sessions', PORTAL_SESSION)],
      ...[get('Vault', GRANT), decrypt('grant'), decrypt(), invoke('revocation'), invoke('provider-client')],
    ],
  },
  connections: {
    may: [
      ...[get('Vault', GRANT), get('Directory', PORTAL), put('Directory', PORTAL), generate('consent')],
      ...[get('Sessions', PORTAL_SESSION), put('Sessions', PORTAL_SESSION), invoke('revocation')],
      put('Directory', 'USER-EMAIL#a'),
    ],
    mayNot: [
      ...[put('Directory', 'RESTRICTION#USER#a'), put('Sessions', 'USED-ASSERTION#a')],
      ...[put('Directory', IDENTITY), put('Directory', PROVIDER), query('Directory', SIGNING_KEYS)],
      ...[get('Vault', API_KEY), put('Vault', GRANT), put('Vault', CLIENT_SECRET), scan('Vault')],
      ...[decrypt('api-key'), decrypt('subject-token'), decrypt('signing'), decrypt(), scan('Sessions')],
      ...[get('Revocations', REVOKED_GRANT), invoke('provider-client'), invoke('credential-retrieval')],
    ],
  },
  'event-poll': {
    may: [
      ...[put('Directory', 'RESTRICTION#USER#a'), put('Sessions', 'RECEIVED-EVENT#a#b')],
      query('Directory', 'USER-EMAIL#a'),
      ...[put('Revocations', 'REVOCATION#a'), invoke('revocation')],
    ],
    mayNot: [
      ...[put('Directory', 'RESTRICTION#AGENT#a'), get('Directory', IDENTITY), get('Sessions', SESSION)],
      ...[get('Vault', GRANT), get('Vault', CLIENT_SECRET), get('Keys', 'VAULT-KEY#grant#a')],
      ...[decrypt('grant'), decrypt('signing'), decrypt(), scan('Revocations'), invoke('provider-client')],
    ],
  },
  'key-rotation': {
    may: [query('Directory', SIGNING_KEYS), get('Directory', IDENTITY), encrypt('signing')],
    mayNot: [
      ...[
        decrypt('signing'),
        decrypt('grant'),
        decrypt(),
        generate('grant'),
        encrypt('grant'),
        rewrap('grant'),
      ],
      ...[get('Keys', 'VAULT-KEY#grant#a'), put('Keys', 'VAULT-KEY#client-secret#a'), scan('Keys')],
      ...[put('Directory', IDENTITY), put('Directory', 'TOKEN-VAULT'), scan('Directory')],
      ...[get('Vault', GRANT), get('Sessions', SESSION), invoke('token-exchange')],
    ],
  },
  'security-events': {
    may: [
      ...[put('Directory', 'RESTRICTION#USER#a'), put('Sessions', 'RECEIVED-EVENT#a#b')],
      query('Directory', 'USER-EMAIL#a'),
      ...[put('Revocations', 'REVOCATION#a'), invoke('revocation')],
    ],
    mayNot: [
      ...[
        put('Directory', 'RESTRICTION#AGENT#a'),
        put('Directory', 'USER-EMAIL#a'),
        get('Directory', IDENTITY),
        query('Directory', SIGNING_KEYS),
      ],
      ...[get('Sessions', SESSION), put('Sessions', SESSION), get('Vault', GRANT), get('Vault', API_KEY)],
      ...[
        get('Keys', 'VAULT-KEY#grant#a'),
        decrypt('grant'),
        decrypt('signing'),
        encrypt('signing'),
        decrypt(),
      ],
      ...[put('Revocations', REVOKED_GRANT), scan('Revocations'), invoke('token-exchange')],
      ...[invoke('operator'), invoke('provider-client')],
    ],
  },
  grants: {
    may: [query('Directory', SIGNING_KEYS), query('Vault', GRANT)],
    mayNot: [
      ...[
        get('Vault', API_KEY),
        get('Vault', CLIENT_SECRET),
        scan('Vault'),
        get('Keys', 'VAULT-KEY#grant#a'),
      ],
      ...[put('Directory', 'RESTRICTION#AGENT#a'), put('Directory', SIGNING_KEYS), decrypt('grant')],
      ...[decrypt('signing'), encrypt('signing'), decrypt(), invoke('token-exchange')],
    ],
  },
  operator: {
    may: [get('Directory', IDENTITY), put('Directory', 'RESTRICTION#AGENT#a'), scan('Directory')],
    mayNot: [
      ...[get('Vault', API_KEY), scan('Vault'), get('Keys', 'VAULT-KEY#grant#a')],
      ...[put('Directory', SIGNING_KEYS), put('Directory', 'TOKEN-VAULT'), query('Directory', SIGNING_KEYS)],
      ...[decrypt('grant'), decrypt('signing'), encrypt('signing'), decrypt(), invoke('token-exchange')],
    ],
  },
  'token-vault': {
    may: [scan('Keys'), get('Directory', 'TOKEN-VAULT'), rewrap('grant')],
    mayNot: [
      ...[generate('grant'), decrypt('grant'), decrypt('client-secret'), rewrap('signing'), decrypt()],
      ...[
        get('Vault', GRANT),
        scan('Vault'),
        scan('Directory'),
        scan('Sessions'),
        get('Directory', IDENTITY),
      ],
      ...[put('Directory', SIGNING_KEYS), put('Keys', 'SIGNING-KEY')],
    ],
  },
};

/** Of the function of all gateways, which calls the service as an agent does. */
const GATEWAY_BOUNDS: Bounds = {
  may: [
    get('Directory', 'GATEWAY#a'),
    query('Directory', 'GATEWAY#a'),
    query('Sessions', 'OPEN-RESPONSE#a'),
    ...(['GetWorkloadAccessToken', 'GetWorkloadAccessTokenForJWT'] as const).map(call),
    ...(['GetWorkloadAccessTokenForUserId', 'GetResourceOauth2Token'] as const).map(call),
    ...(['RejectResourceOauth2Token', 'GetResourceDpopProof', 'GetResourceApiKey'] as const).map(call),
  ],
  mayNot: [
    put('Sessions', SESSION),
    ...[put('Directory', 'GATEWAY#a'), get('Directory', IDENTITY), get('Directory', PROVIDER)],
    ...[query('Directory', SIGNING_KEYS), scan('Directory'), get('Vault', GRANT), get('Vault', API_KEY)],
    ...[get('Vault', CLIENT_SECRET), get('Keys', 'VAULT-KEY#grant#a'), get('Sessions', SESSION)],
    ...[decrypt('grant'), decrypt('api-key'), decrypt('signing'), decrypt(), generate('grant')],
    ...[invoke('token-exchange'), invoke('credential-retrieval'), invoke('revocation')],
    ...(['CreateGateway', 'CreateWorkloadIdentity', 'CompleteResourceTokenAuth'] as const).map(call),
    ...(['DeleteGateway', 'ListWorkloadIdentities', 'CreateOauth2CredentialProvider'] as const).map(call),
  ],
};

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * Credentials of a function's own session. The emulator derives them from two ARNs, and accepts them after the function
 * has run (MiniStack, `core/lambda_runtime.py`, `execution_credentials`).
 */
export function credentialsOf({ configuration }: DeployedFunction) {
  const { FunctionArn = '', Role = '' } = configuration;
  const digest = sha256(`${FunctionArn}:${Role}`);
  return {
    accessKeyId: `ASIA${digest.slice(0, 16).toUpperCase()}`,
    secretAccessKey: sha256(`secret:${digest}`),
    sessionToken: sha256(`token:${digest}`),
  };
}

async function isDenied({ make }: Attempt, intruder: Intruder): Promise<boolean> {
  try {
    await make(intruder);
    return false;
  } catch (error) {
    const { name } = error as Error;
    // An error about the request comes after IAM; any other error means that the attempt did not happen.
    if (['InvalidCiphertextException', 'ValidationException'].includes(name)) return false;
    if (name === 'AccessDeniedException') return true;
    throw error;
  }
}

/** The stage of the service's API, for calls of its operations. */
interface ServiceStage {
  readonly api: string;
  readonly region: string;
}

type Credentials = ReturnType<typeof credentialsOf>;

/** @throws AccessDeniedException if API Gateway denies the call. The operation itself rejects its input. */
async function callOperation(
  operation: OperationName,
  credentials: Credentials,
  { api, region }: ServiceStage,
): Promise<void> {
  const { method, path } = OPERATIONS[operation];
  const { host, pathname } = new URL(api + path.replaceAll(/\{[^}]+\}/g, 'none'));
  const choices = { method, path: pathname, body: method === 'GET' ? '' : '{}', credentials, region };
  const { status, body } = await send(await signed(host, choices));
  if (status === 403) throw Object.assign(new Error(body), { name: 'AccessDeniedException' });
}

async function checkBounds(
  checks: Checks,
  name: string,
  deployed: DeployedFunction,
  { may, mayNot }: Bounds,
  place: Pick<Intruder, 'tables' | 'keyArn' | 'functionName'> & Partial<ServiceStage>,
): Promise<void> {
  const credentials = credentialsOf(deployed);
  const settings = { credentials, maxAttempts: 1 };
  const { api = '', region = '' } = place;
  const intruder: Intruder = {
    ...place,
    dynamodb: new DynamoDB(settings),
    kms: new KMS(settings),
    lambda: new Lambda(settings),
    call: (operation) => callOperation(operation, credentials, { api, region }),
  };
  await checks.check(`${name} is allowed ${may.length} actions, and denied ${mayNot.length}`, async () => {
    // The role's session begins with the first invocation; the function does not serve this event.
    await deployed.invokeUnpublished({});
    const denied: string[] = [];
    for (const attempt of [...may, ...mayNot]) {
      if (await isDenied(attempt, intruder)) denied.push(attempt.what);
    }
    deepStrictEqual(
      denied,
      mayNot.map(({ what }) => what),
    );
  });
}

/** What every function could try. Not every function knows the key. */
const placeOf = (functions: DeployedFunctions, tables: TableNames) => ({
  tables,
  keyArn: functions.variable('control-plane', 'KMS_KEY_ARN'),
  functionName: (group: FunctionGroup) => functions.of(group).invokedName,
});

export async function checkRoles(
  checks: Checks,
  functions: DeployedFunctions,
  tables: TableNames,
  groups = functions.groups,
): Promise<void> {
  const place = placeOf(functions, tables);
  for (const group of groups) {
    await checkBounds(checks, group, functions.of(group), BOUNDS[group], place);
  }
}

/** @param gateway the function of all gateways */
export async function checkGatewayRole(
  checks: Checks,
  functions: DeployedFunctions,
  gateway: DeployedFunction,
  { tables, ...stage }: ServiceStage & { readonly tables: TableNames },
): Promise<void> {
  await checkBounds(checks, 'gateway', gateway, GATEWAY_BOUNDS, { ...placeOf(functions, tables), ...stage });
}

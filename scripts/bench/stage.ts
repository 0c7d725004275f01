/** The service with an authorization server and an issuer of user tokens, and the resources that the measured calls need. */
import { CreateApiKeyCredentialProviderCommand } from '@aws-sdk/client-bedrock-agentcore-control';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { decodeJwt } from 'jose';
import { createApiKeyProviderStore } from '../../lambda/adapters/dynamodb/owned-resource-store';
import { keyOf } from '../../lambda/adapters/dynamodb/grant-store';
import { createTable } from '../../lambda/adapters/dynamodb/table';
import { OPERATIONS, type OperationName } from '../../lambda/operations';
import {
  agentRestrictionKey,
  apiKeyKey,
  apiKeyProviderKey,
  grantPartition,
  oauth2ProviderKey,
  userRestrictionKey,
  workloadIdentityKey,
  type Key,
} from '../../lambda/model/table-keys';
import { grantTarget } from '../../lambda/domain/grant/grant';
import { userHashOf, type User } from '../../lambda/model/user';
import { localTableName } from '../../lib/local/dynamodb';
import { callerIdOf } from '../../lib/local/gateway-event';
import type { Principal } from '../../lib/local/principals';
import { LOCAL_STAGE_VARIABLES } from '../../lib/local/stage-secret';
import { World, type TestAgent } from '../../test/flows/support/world';
import type { Plan } from './floor/plan';
import type { FloorGroup } from './floor-bundles';
import type { Call } from './function-process';
import { createDynamoDb } from '../../lambda/adapters/dynamodb/sdk-client';

/** Seconds that all tokens of the authorization server are valid. No token is renewed during a measurement. */
const LIFETIME = 86_400;

const SCOPES = ['openid', 'a'];
export const CLIENT_SECRET = 'a-secret-of-the-client';
const API_KEY_PROVIDER = 'measured-api-key';
const DPOP_PROVIDER = 'measured-dpop';
const USER_ID = 'ana';
const USER: User = { kind: 'user-id', id: USER_ID };

/** An operation, its function, and a call of it. */
export interface Measured {
  readonly name: string;
  readonly operation: OperationName;
  readonly group: 'token-exchange' | 'credential-retrieval';
  readonly call: Call;
}

/** A call of a function that has a floor. */
export interface Started {
  readonly group: FloorGroup;
  readonly call: Call;
}

export interface Stage {
  readonly world: World;
  readonly measured: readonly Measured[];
  /** A call of each function that has a floor. */
  readonly starts: readonly Started[];
}

/** Returns an API Gateway event with the members that the functions read. */
export function gatewayEvent(
  operation: OperationName,
  input: object | undefined,
  principal?: Principal,
): object {
  const { method, path } = OPERATIONS[operation];
  return {
    resource: path,
    path,
    httpMethod: method,
    headers: {},
    multiValueHeaders: {},
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    pathParameters: null,
    stageVariables: LOCAL_STAGE_VARIABLES,
    requestContext: {
      httpMethod: method,
      resourcePath: path,
      identity: { userArn: principal?.arn ?? null, caller: principal ? callerIdOf(principal) : null },
    },
    body: input === undefined ? null : JSON.stringify(input),
    isBase64Encoded: false,
  };
}

export const LAMBDA_CONTEXT = {
  awsRequestId: 'measured',
  functionName: 'measured',
  memoryLimitInMB: '512',
};

export const startWorld = (): Promise<World> =>
  World.start({
    clients: [
      {
        client_id: 'agents',
        client_secret: CLIENT_SECRET,
        redirect_uris: ['https://placeholder.example/'],
        grant_types: ['authorization_code', 'client_credentials'],
      },
      {
        client_id: 'bound',
        client_secret: CLIENT_SECRET,
        redirect_uris: [],
        response_types: [],
        grant_types: ['client_credentials'],
        dpop_bound_access_tokens: true,
      },
    ],
    ttl: { AccessToken: LIFETIME, ClientCredentials: LIFETIME, Grant: LIFETIME, Session: LIFETIME },
    features: { dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7) } },
  });

/** The keys of the agent, of the user, and of the restrictions on both. */
const partiesOf = (agentName: string, user: User | undefined): Key[] => [
  workloadIdentityKey(agentName),
  agentRestrictionKey(agentName),
  ...(user ? [userRestrictionKey(userHashOf(user))] : []),
];

const targetOf = (flow: 'USER_FEDERATION' | 'M2M', providerName: string, scopes: readonly string[]): string =>
  grantTarget({ flow, providerName, resources: [], audiences: [], scopes });

async function createDpopProvider(world: World): Promise<string> {
  const { discoveryUrl, issuer } = world.provider;
  const resource = `${issuer}/resource`;
  const { status, body } = await world.post('CreateOauth2CredentialProvider', {
    name: DPOP_PROVIDER,
    credentialProviderVendor: 'CustomOauth2',
    oauth2ProviderConfigInput: {
      customOauth2ProviderConfig: {
        clientId: 'bound',
        clientSecret: CLIENT_SECRET,
        oauthDiscovery: { discoveryUrl },
        dpopConfig: { resourceUrls: [resource] },
      },
    },
  });
  if (status !== 201) throw new Error(`The provider could not be created: ${body}`);
  return resource;
}

/** Returns the ID of the new provider. */
async function createApiKeyProvider(world: World): Promise<string> {
  await world
    .control()
    .send(new CreateApiKeyCredentialProviderCommand({ name: API_KEY_PROVIDER, apiKey: 'a-measured-key' }));
  const directory = createTable(createDynamoDb(new DynamoDBClient({})), localTableName('Directory'));
  const provider = await createApiKeyProviderStore(directory).get(API_KEY_PROVIDER);
  if (!provider) throw new Error('The provider was not created.');
  return provider.id;
}

/** Returns the ID of the agent that a workload access token names. */
const agentIdIn = (token: string): string => (decodeJwt(token).act as { id: string }).id;

/** The calls of token exchange: an agent alone, for a user ID, and for a user token. */
async function tokenCalls(world: World, { name: workloadName }: TestAgent): Promise<Measured[]> {
  const { agent } = world.local.principals;
  const { discoveryUrl, issuer } = world.issuer;
  const userToken = await world.issuer.token(USER_ID);
  const measured = (operation: OperationName, input: object, user?: User): Measured => ({
    name: operation,
    operation,
    group: 'token-exchange',
    call: callOf(operation, { workloadName, ...input }, agent, {
      directory: partiesOf(workloadName, user),
      discoveryUrl,
    }),
  });
  return [
    measured('GetWorkloadAccessToken', {}),
    measured('GetWorkloadAccessTokenForUserId', { userId: USER_ID }, USER),
    measured('GetWorkloadAccessTokenForJWT', { userToken }, { kind: 'jwt', issuer, subject: USER_ID }),
  ];
}

function callOf(
  operation: OperationName,
  input: object | undefined,
  principal: Principal | undefined,
  plan: Plan,
): Call {
  return { event: gatewayEvent(operation, input, principal), context: { ...LAMBDA_CONTEXT, plan } };
}

/** The calls of credential retrieval: of a user's token, of the agent's own token, of an API key, and of a proof. */
async function credentialCalls(world: World, agent: TestAgent): Promise<Measured[]> {
  const { agent: principal } = world.local.principals;
  const [resource, apiKeyProviderId] = [await createDpopProvider(world), await createApiKeyProvider(world)];
  await agent.connect(USER_ID, { scopes: SCOPES });
  const [token, userToken] = [await agent.token(), await agent.token({ userId: USER_ID })];
  const workloadId = agentIdIn(token);
  const measured = (
    name: string,
    operation: OperationName,
    input: object,
    { vault, providerKey, of }: { vault: Key; providerKey: Key; of?: User },
  ): Measured => ({
    name,
    operation,
    group: 'credential-retrieval',
    call: callOf(operation, { workloadIdentityToken: of ? userToken : token, ...input }, principal, {
      directory: [...partiesOf(agent.name, of), providerKey],
      vault,
    }),
  });
  const oauth2 = (flow: 'USER_FEDERATION' | 'M2M', providerName: string, scopes: readonly string[]) => {
    const userHash = userHashOf(flow === 'M2M' ? undefined : USER);
    return {
      input: { resourceCredentialProviderName: providerName, scopes, oauth2Flow: flow },
      keys: {
        providerKey: oauth2ProviderKey(providerName),
        vault: keyOf({ workloadId, userHash, target: targetOf(flow, providerName, scopes) }),
      },
    };
  };
  const stored = oauth2('USER_FEDERATION', agent.providerName, SCOPES);
  const machine = oauth2('M2M', agent.providerName, ['a']);
  const bound = oauth2('M2M', DPOP_PROVIDER, ['a']);
  return [
    measured('GetResourceOauth2Token, a stored token of a user', 'GetResourceOauth2Token', stored.input, {
      ...stored.keys,
      of: USER,
    }),
    measured('GetResourceOauth2Token, M2M', 'GetResourceOauth2Token', machine.input, machine.keys),
    measured(
      'GetResourceApiKey',
      'GetResourceApiKey',
      { resourceCredentialProviderName: API_KEY_PROVIDER },
      { providerKey: apiKeyProviderKey(API_KEY_PROVIDER), vault: apiKeyKey(apiKeyProviderId) },
    ),
    measured(
      'GetResourceDpopProof',
      'GetResourceDpopProof',
      { ...bound.input, httpMethod: 'GET', httpUri: `${resource}/items` },
      bound.keys,
    ),
  ];
}

/** Creates the resources, and returns the measured calls. */
export async function prepareStage(world: World): Promise<Stage> {
  const { agent: principal } = world.local.principals;
  const agent = await world.agent('agent', undefined, { clientSecret: CLIENT_SECRET });
  const tokens = await tokenCalls(world, agent);
  const credentials = await credentialCalls(world, agent);
  const [stored] = credentials;
  const [, ofUserId] = tokens;
  const workloadIdentityToken = await agent.token({ userId: USER_ID });
  const userHash = userHashOf(USER);
  const grantId = {
    workloadId: agentIdIn(workloadIdentityToken),
    userHash,
    target: targetOf('USER_FEDERATION', agent.providerName, SCOPES),
  };
  if (!stored || !ofUserId) throw new Error('There are no calls to measure.');
  const listed: Plan = {
    directory: partiesOf(agent.name, USER),
    partition: grantPartition(grantId.workloadId, userHash),
  };
  return {
    world,
    measured: [...tokens, ...credentials],
    starts: [
      ofUserId,
      stored,
      { group: 'grants', call: callOf('ListResourceGrants', { workloadIdentityToken }, principal, listed) },
      { group: 'oauth-callback', call: callOf('Jwks', undefined, undefined, { directory: [] }) },
    ],
  };
}

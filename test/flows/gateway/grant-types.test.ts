/** The grant types of a target's OAuth credential, and an event that did not come through an API of gateways. */
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { createRequire } from 'node:module';
import { PassThrough } from 'node:stream';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import type { ResponseStream } from '../../../lambda/gate/response-stream';
import { createTargetCandidates } from '../../../lambda/adapters/dynamodb/gateway-target-store';
import { createDynamoDb } from '../../../lambda/adapters/dynamodb/sdk-client';
import { createTable } from '../../../lambda/adapters/dynamodb/table';
import { nameInGatewayId } from '../../../lambda/domain/gateway/manage/gateway';
import { localTableName } from '../../../lib/local/dynamodb';
import type * as Loaded from '../../../lib/local/handlers';
import { LOCAL_STAGE_VARIABLES } from '../../../lib/local/stage-secret';
import { exchangingAgent } from '../on-behalf-of/exchanging';
import { startExchangeServer, type ExchangeServer } from '../support/exchange-server';
import { World } from '../support/world';
import { callAs, callSigned, oauth, openGateway, type TestGateway } from './gateways';
import { TargetServer } from './target-server';

const world = World.ofFile();
const server = TargetServer.ofFile();
let exchanging: ExchangeServer;
let gateway: TestGateway;

beforeAll(async () => {
  exchanging = await startExchangeServer(world.issuer);
  gateway = await openGateway(world, 'CUSTOM_JWT');
});
afterAll(() => exchanging.close());

const NO_CONSENT = { defaultReturnUrl: undefined };

it('CLIENT_CREDENTIALS, which is the default, sends a token of the agent itself', async () => {
  const agent = await world.agent();
  const signing = await openGateway(world, 'AWS_IAM');
  const own = { ...NO_CONSENT, scopes: ['a'] };
  const urls = [
    await signing.target('stated', server.origin, {
      credential: oauth(agent.providerName, { ...own, grantType: 'CLIENT_CREDENTIALS' }),
    }),
    await signing.target('default', server.origin, {
      credential: oauth(agent.providerName, { ...own, grantType: undefined }),
    }),
  ];
  for (const url of urls) expect((await callSigned(world, url, await agent.token())).status).toBe(200);
  const token = String(world.provider.exchanges.at(-1)?.answer.access_token);
  expect(server.asked.map(({ headers }) => headers.authorization)).toEqual([
    `Bearer ${token}`,
    `Bearer ${token}`,
  ]);
});

it('TOKEN_EXCHANGE sends a token for the user, in exchange for the user token of the request', async () => {
  const agent = await exchangingAgent(world, exchanging, { grantType: 'TOKEN_EXCHANGE' });
  const url = await gateway.target('exchanged', server.origin, {
    credential: oauth(agent.providerName, { ...NO_CONSENT, scopes: ['a'], grantType: 'TOKEN_EXCHANGE' }),
  });
  const userToken = await world.issuer.token('ana', { scope: 'a b' });
  const answer = await callAs(world, url, { headers: { authorization: `Bearer ${userToken}` } });
  expect(answer.status).toBe(200);
  const { request, answer: issued } = exchanging.exchanges.at(-1) ?? {};
  expect(Object.fromEntries(request ?? [])).toMatchObject({ subject_token: userToken, scope: 'a' });
  expect(server.asked[0]?.headers.authorization).toBe(`Bearer ${String(issued?.access_token)}`);
});

describe('an event that a principal sends to the function directly', () => {
  let targets = 0;
  const gatewayFunction = () => {
    const { composeGateway, readGatewayEnvironment } = (
      createRequire(__filename)('../../../lib/local/handlers') as typeof Loaded
    ).GATEWAYS;
    const { endpoint, region, principals } = world.local;
    const { accessKeyId, secretAccessKey } = principals.gateway;
    return composeGateway({
      ...readGatewayEnvironment(),
      identity: { endpoint, region, credentials: { accessKeyId, secretAccessKey } },
    });
  };
  const sent = async (stageVariables: unknown, authorization: string): Promise<string> => {
    const url = await gateway.target(`direct-${(targets += 1)}`, server.origin);
    const { serve: handler } = gatewayFunction();
    const event = {
      resource: '/{gatewayId}/{targetName}',
      path: new URL(url).pathname,
      httpMethod: 'GET',
      pathParameters: { gatewayId: gateway.id, targetName: url.slice(url.lastIndexOf('/') + 1) },
      multiValueHeaders: { Authorization: [authorization] },
      multiValueQueryStringParameters: null,
      body: null,
      isBase64Encoded: false,
      stageVariables,
      requestContext: { requestId: 'request', authorizer: { principalId: 'ana' }, identity: {} },
    } as unknown as APIGatewayProxyEvent;
    const stream = Object.assign(new PassThrough(), { setContentType: () => undefined }) as ResponseStream &
      PassThrough;
    const handled = handler(event, stream, { getRemainingTimeInMillis: () => 60_000 });
    const chunks: Buffer[] = [];
    for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
    await handled;
    return Buffer.concat(chunks).toString('utf8');
  };

  it('cannot name a server from which tools are fetched, and which would get the credential', async () => {
    const target = { name: 'a', targetConfiguration: { mcp: { mcpServer: { endpoint: server.origin } } } };
    const event = { listTools: { gatewayId: gateway.id, candidateId: 'a', target } };
    await expect(gatewayFunction().calls(event)).rejects.toThrow('The invocation failed');
    expect(server.asked).toEqual([]);
  });

  it.each([
    [600, false],
    [300, true],
  ])(
    'can name a target that the control plane left behind for 10 minutes only: %d seconds',
    async (age, isFetched) => {
      const directory = createTable(createDynamoDb(new DynamoDB({})), localTableName('Directory'));
      await createTargetCandidates(directory).put(nameInGatewayId(gateway.id) ?? '', 'left', {
        gatewayId: gateway.id,
        name: 'left',
        targetConfiguration: { mcp: { mcpServer: { endpoint: server.origin } } },
        createdTime: Math.floor(Date.now() / 1000) - age,
      });
      const listed = gatewayFunction().calls({ listTools: { gatewayId: gateway.id, candidateId: 'left' } });
      await (isFetched ? listed : expect(listed).rejects.toThrow('The invocation failed'));
      expect(server.asked.length > 0).toBe(isFetched);
    },
  );

  it('is accepted with the stage secret and a valid token only', async () => {
    const valid = `Bearer ${await world.issuer.token('ana')}`;
    const forged = `Bearer ${await world.issuer.forged('unsigned', 'ana')}`;
    expect(await sent(null, valid)).toContain('"statusCode":403');
    expect(await sent(LOCAL_STAGE_VARIABLES, forged)).toContain('"statusCode":401');
    expect(server.asked).toEqual([]);
    expect(await sent(LOCAL_STAGE_VARIABLES, valid)).toContain('"statusCode":200');
  });
});

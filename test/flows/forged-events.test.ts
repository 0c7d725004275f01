/**
 * Events that a principal with `lambda:InvokeFunction` hands to the functions of the API itself, in the name of any caller.
 * Without the secret of the stage, none of them does anything.
 */
import { createRequire } from 'node:module';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import type { APIGatewayProxyResult } from 'aws-lambda';
import { TABLES, type TableName } from '../../lambda/model/table-keys';
import { OPERATIONS, type OperationName } from '../../lambda/operations';
import { ROUTED_GROUPS } from '../../lambda/operations/groups';
import { localTableName } from '../../lib/local/dynamodb';
import { lambdaContext, proxyEvent } from '../../lib/local/gateway-event';
import type * as Loaded from '../../lib/local/handlers';
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../../lib/local/principals';
import { LOCAL_STAGE_VARIABLES } from '../../lib/local/stage-secret';
import {
  AuditedService,
  NAMES,
  principalFor,
  routeOf,
  type Entry,
  type Input,
} from './support/audited-service';

let service: AuditedService;
let requests = 0;
beforeAll(async () => {
  service = await AuditedService.start();
});
afterAll(() => service.stop());

const handlers = (): typeof Loaded.HANDLERS =>
  (createRequire(__filename)('../../lib/local/handlers') as typeof Loaded).HANDLERS;

type Handler = (event: unknown, context: unknown) => Promise<APIGatewayProxyResult>;

/** Invokes the function of a group; the request ID is Lambda's. */
async function invoke(group: (typeof ROUTED_GROUPS)[number], event: unknown) {
  requests += 1;
  const requestId = `forged-${requests}`;
  const place = { accountId: LOCAL_ACCOUNT, region: LOCAL_REGION };
  const context = lambdaContext(group, { requestId, timeoutMs: 29_000 }, place);
  const { statusCode, body } = await (handlers()[group] as Handler)(event, context);
  return { requestId, statusCode, body, arn: context.invokedFunctionArn };
}

/** The event of API Gateway for the principal that is allowed to call the operation. */
function eventOf(name: OperationName, { body, resourceArn, query }: Input, stageVariables: unknown): object {
  const route = routeOf(name);
  const event = proxyEvent(
    {
      requestId: 'chosen',
      receivedAt: new Date(),
      method: route.method,
      path: route.path,
      query: new URLSearchParams(query).toString(),
      headers: [['user-agent', 'chosen']],
      body: Buffer.from(body ? JSON.stringify(body) : ''),
      sourceIp: 'chosen',
    },
    { route, parameters: resourceArn === undefined ? {} : { resourceArn } },
    { caller: service.world.local.principals[principalFor(name)] },
    { accountId: LOCAL_ACCOUNT, region: LOCAL_REGION },
  );
  return { ...event, stageVariables };
}

async function content(): Promise<unknown> {
  const client = new DynamoDB({});
  const tables = (Object.keys(TABLES) as TableName[]).map((name) =>
    client.scan({ TableName: localTableName(name) }),
  );
  return (await Promise.all(tables)).map(({ Items }) => Items);
}

const FORGED = { statusCode: 403, body: '{"__type":"AccessDeniedException","message":"Access denied"}' };

const inputOf = (name: OperationName): Input =>
  name in service.inputs ? service.inputs[name as keyof typeof service.inputs](`forged-${name}`) : {};

it('each operation rejects an event without the stage secret, and writes nothing', async () => {
  const before = await content();
  for (const name of NAMES) {
    const result = await invoke(routeOf(name).group, eventOf(name, inputOf(name), null));
    expect([name, result]).toMatchObject([name, FORGED]);
  }
  expect(await content()).toEqual(before);
});

it('each function records such an event, with nothing that the event states, and counts it', async () => {
  for (const group of ROUTED_GROUPS) {
    const name = NAMES.find((each) => routeOf(each).group === group) ?? 'Home';
    const { requestId, arn } = await invoke(group, eventOf(name, inputOf(name), null));
    const entry: Entry = await service.entryOf(requestId);
    expect(entry).toEqual({
      operation: 'ForgedEvent',
      outcome: 'denied',
      error: 'AccessDeniedException',
      reason: "the event does not have the secret of the API's stage",
      resource: arn,
      requestId,
    });
  }
  const metrics = (await service.world.logLines()).filter((line) => line.includes('"ForgedEvent":1'));
  expect(metrics.length).toBeGreaterThanOrEqual(ROUTED_GROUPS.length);
  expect(JSON.parse(metrics[0] ?? '{}')).toMatchObject({
    Deployment: 'agent-identity',
    _aws: {
      CloudWatchMetrics: ['ForgedEvent', 'Denial'].map((Name) => ({
        Dimensions: [['Deployment']],
        Metrics: [{ Name }],
      })),
    },
  });
});

it('the API key of an agent is returned with the stage secret, and not without it', async () => {
  const input = service.inputs.GetResourceApiKey('');
  const group = OPERATIONS.GetResourceApiKey.group;
  const through = await invoke(group, eventOf('GetResourceApiKey', input, LOCAL_STAGE_VARIABLES));
  expect(through).toMatchObject({ statusCode: 200, body: expect.stringContaining('apiKey') as string });
  expect(await invoke(group, eventOf('GetResourceApiKey', input, null))).toMatchObject(FORGED);
});

describe('the stage secret is not', () => {
  const { stageSecret } = LOCAL_STAGE_VARIABLES;
  it.each<[string, unknown]>([
    ['absent', undefined],
    ['a text', stageSecret],
    ['a list', [LOCAL_STAGE_VARIABLES]],
    ['an empty object', {}],
    ['in a list', { stageSecret: [stageSecret] }],
    ['an object', { stageSecret: { toString: 'x', length: stageSecret.length } }],
    ['empty', { stageSecret: '' }],
    ['another one', { stageSecret: 'A'.repeat(stageSecret.length) }],
    ['its beginning', { stageSecret: stageSecret.slice(0, -1) }],
    ['followed by something', { stageSecret: `${stageSecret}\u0000` }],
    ['of another case', { stageSecret: stageSecret.toUpperCase() }],
    ['its digest', { stageSecret: process.env.STAGE_SECRET_HASH }],
    ['in another variable', { secret: stageSecret }],
    ['in a variable of another case', { StageSecret: stageSecret }],
    ['in a prototype', JSON.parse(`{"__proto__":{"stageSecret":"${stageSecret}"}}`)],
    ['in a constructor', JSON.parse(`{"constructor":{"prototype":{"stageSecret":"${stageSecret}"}}}`)],
    ['a long text', { stageSecret: stageSecret.repeat(100_000) }],
    ['a number', { stageSecret: 1 }],
    ['null', { stageSecret: null }],
  ])('%s', async (_what, stageVariables) => {
    const event = eventOf('ListAllWorkloadIdentities', { body: {} }, stageVariables);
    expect(await invoke('operator', event)).toMatchObject(FORGED);
  });
});

it.each([[null], [undefined], [[]], ['text'], [1], [{}], [{ Records: [] }]])(
  'each function rejects the event %j',
  async (event) => {
    for (const group of ROUTED_GROUPS)
      expect([group, await invoke(group, event)]).toMatchObject([group, FORGED]);
  },
);

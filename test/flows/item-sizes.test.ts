/** The sizes of items and log lines in docs/scale-and-cost.md hold for what the service writes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DynamoDB, type AttributeValue } from '@aws-sdk/client-dynamodb';
import { RUN_LOG_BYTES } from '../../scripts/cost/endpoint';
import { CALL_LOG_BYTES } from '../../scripts/cost/gateway';
import { GRANT_KB, OPERATIONS, SESSION_KB } from '../../scripts/cost/operations';
import { PREFIX } from '../../lambda/model/table-keys';
import { AgentServer } from './gate/agent-server';
import { openEndpoint } from './gate/endpoints';
import { callSigned, oauth, openGateway } from './gateway/gateways';
import { TargetServer } from './gateway/target-server';
import { World, type TestAgent } from './support/world';

let agent: TestAgent;
let token: string;
/** A token for a user who has not consented. */
let strangersToken: string;
const target = TargetServer.ofFile();
const world = World.ofFile({ issueRefreshToken: () => Promise.resolve(true) });
beforeAll(async () => {
  agent = await world.agent();
  await agent.connect('ana');
  token = await agent.token({ userId: 'ana' });
  strangersToken = await agent.token({ userId: 'ben' });
  await world.control().createApiKeyCredentialProvider({ name: 'sized', apiKey: 'a-key' });
});

const stepOf = (row: string) => OPERATIONS.flatMap(({ steps }) => steps).find((step) => step.row === row);

/** Bytes that the service writes to its log during the call. */
async function logged(work: () => Promise<unknown>): Promise<number> {
  const log = () => readFileSync(join(world.dataDir, 'service.log')).length;
  const before = log();
  await work();
  return log() - before;
}

const apiKey = () =>
  agent.client.getResourceApiKey({ workloadIdentityToken: token, resourceCredentialProviderName: 'sized' });

it.each([
  ['workload access token', () => agent.token({ userId: 'ana' })],
  ['consent: authorization URL', () => agent.ask(strangersToken)],
  ['credential from the vault', () => agent.ask(token)],
  ['API key from the vault', () => apiKey()],
] as const)('a line of the audit trail with its metrics: %s', async (row, call) => {
  const assumed = stepOf(row)?.logBytes ?? 0;
  const bytes = await logged(call);
  expect(bytes).toBeLessThanOrEqual(assumed);
  expect(bytes).toBeGreaterThan(assumed * 0.6);
});

it('the lines of a run through an agent endpoint', async () => {
  const server = await AgentServer.start();
  const { discoveryUrl, audience } = world.issuer;
  const inbound = { kind: 'JWT' as const, discoveryUrl, allowedAudience: [audience] };
  const endpoint = await openEndpoint(world, { inbound, target: { kind: 'url', url: server.url } });
  try {
    const headers = { authorization: `Bearer ${await world.issuer.token('ana')}` };
    const run = async () =>
      (await fetch(endpoint.invocationUrl, { method: 'POST', body: '{}', headers })).text();
    // The service writes its own lines for the workload access token.
    const ofToken = await logged(() => endpoint.agent.token({ userId: 'ana' }));
    const bytes = (await logged(run)) - ofToken;
    expect(bytes).toBeLessThanOrEqual(RUN_LOG_BYTES);
    expect(bytes).toBeGreaterThan(RUN_LOG_BYTES * 0.6);
  } finally {
    await endpoint.close();
    await server.stop();
  }
});

it('the lines of a call through a gateway', async () => {
  const gateway = await openGateway(world, 'AWS_IAM');
  const url = await gateway.target('calendar', target.origin, { credential: oauth(agent.providerName) });
  // The service writes its own lines for the workload access token and the credential.
  const ofService =
    (await logged(() => agent.token({ userId: 'ana' }))) + (await logged(() => agent.ask(token)));
  const bytes = (await logged(() => callSigned(world, url, token))) - ofService;
  expect(bytes).toBeLessThanOrEqual(CALL_LOG_BYTES);
  expect(bytes).toBeGreaterThan(CALL_LOG_BYTES * 0.6);
});

/** Billed size of the item in kilobytes. Source: DynamoDB developer guide, "DynamoDB item sizes and formats". */
const kilobytes = (item: Record<string, AttributeValue>): number =>
  Math.ceil(JSON.stringify(item).length / 1024);

it('no item is larger than the documents assume', async () => {
  const client = new DynamoDB({});
  const { TableNames = [] } = await client.listTables({});
  const largest = new Map<string, number>();
  for (const TableName of TableNames) {
    const { Items = [] } = await client.scan({ TableName });
    for (const item of Items) {
      const kind = Object.values(PREFIX).find((prefix) => item.pk?.S?.startsWith(prefix)) ?? 'unknown';
      largest.set(kind, Math.max(largest.get(kind) ?? 0, kilobytes(item)));
    }
  }
  expect(largest.size).toBeGreaterThan(7);
  for (const [kind, size] of largest) {
    const written = { [PREFIX.grant]: GRANT_KB, [PREFIX.session]: SESSION_KB }[kind];
    // A read unit is four kilobytes.
    expect([kind, size <= (written ?? 4)]).toEqual([kind, true]);
  }
});

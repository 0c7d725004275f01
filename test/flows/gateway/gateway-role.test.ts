/** Targets that get requests with a signature of the gateway's role. */
import type { CredentialProviderConfiguration } from '@aws-sdk/client-bedrock-agentcore-control';
import { moveClock } from '../support/clock';
import { World } from '../support/world';
import { callAs, openGateway, sendRaw, type TestGateway } from './gateways';
import { TestMcpServer } from './mcp-server';
import { ROLE, RoleServer } from './role-server';
import { expectedSignature, signatureParts } from './signature';
import { TargetServer } from './target-server';

process.env.GATEWAY_TARGET_ROLES = JSON.stringify(['arn:aws:iam::123456789012:role/target-*']);

const world = World.ofFile();
const roles = RoleServer.ofFile();
const server = TargetServer.ofFile();
const mcp = TestMcpServer.ofFile('list');
let gateway: TestGateway;

const OWNER = 'arn:aws:iam::000000000000:role/agent';

const credential = (service = 'execute-api', region?: string): CredentialProviderConfiguration => ({
  credentialProviderType: 'GATEWAY_IAM_ROLE',
  credentialProvider: { iamCredentialProvider: { service, ...(region !== undefined && { region }) } },
});

beforeEach(async () => {
  roles.trust.clear();
  roles.trust.set(ROLE, OWNER);
  gateway = await openGateway(world, 'CUSTOM_JWT', { roleArn: ROLE });
});

const lastEntry = async (operation: string) =>
  (await world.audit()).findLast((entry) => entry.operation === operation);

/** What no response and no message has. */
const UNAVAILABLE = { type: 'urn:agent-identity:problem:credential-unavailable', status: 502 };

describe('a request', () => {
  it.each(['execute-api', 'lambda'])(
    'is signed for %s as it is sent, with a session of the role that names the gateway',
    async (service) => {
      const url = await gateway.target('orders', `${server.origin}/prod`, {
        credential: credential(service, 'eu-west-1'),
        metadataConfiguration: { allowedQueryParameters: ['tag', 'q'] },
        staticQueryParameters: { v: "it's 1+1" },
      });
      const send = () =>
        callAs(world, `${url}/a%20b/%C3%BC:c?tag=z&q=x%20y%26&tag=a`, {
          method: 'POST',
          body: '{"name":"Ana"}',
          headers: { 'content-type': 'application/json' },
        });
      expect([(await send()).status, (await send()).status]).toEqual([200, 200]);
      const [session, ...others] = roles.sessions;
      expect([session, others]).toMatchObject([
        { roleArn: ROLE, externalId: OWNER, sessionName: gateway.id, seconds: '900' },
        [],
      ]);
      const asked = server.asked[0]!;
      const parts = signatureParts(asked);
      expect(parts).toMatchObject({ service, region: 'eu-west-1', accessKeyId: session?.accessKeyId });
      expect(parts.names).toEqual(
        expect.arrayContaining(['content-type', 'host', 'x-amz-date', 'x-amz-security-token']),
      );
      expect(parts.signature).toBe(expectedSignature(asked, session?.secretAccessKey ?? ''));
      expect(asked.body).toBe('{"name":"Ana"}');
    },
  );

  it('of a caller with headers of AWS is signed with those of the gateway alone', async () => {
    const url = await gateway.target('orders', server.origin, { credential: credential() });
    const { host, pathname } = new URL(url);
    const answer = await sendRaw(url, {
      path: pathname,
      headers: {
        host,
        authorization: `Bearer ${await world.issuer.token('ana')}`,
        'x-amz-date': '20200101T000000Z',
        'x-amz-security-token': 'mine',
        'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
        'x-amz-target': 'Orders.DeleteAll',
      },
    });
    expect(answer.status).toBe(200);
    const [asked] = server.asked;
    expect(asked?.headers).toMatchObject({ 'x-amz-security-token': roles.sessions[0]?.sessionToken });
    expect(asked?.headers).not.toHaveProperty('x-amz-target');
    expect(JSON.stringify(asked?.headers)).not.toMatch(/20200101T|UNSIGNED|Bearer/);
    expect(signatureParts(asked!).region).toBe('us-east-1');
  });

  it('gets a response without the session that the target shows', async () => {
    const url = await gateway.target('orders', server.origin, { credential: credential() });
    const text = await (await callAs(world, url)).text();
    const { sessionToken = '' } = roles.sessions[0] ?? {};
    expect(text).toContain(`"x-amz-security-token":"${'*'.repeat(sessionToken.length)}"`);
    expect(text).not.toContain(sessionToken);
    expect(await lastEntry('GatewayResponse')).toMatchObject({ credentialEchoed: true });
  });

  it('gets a new session before the present one ends, and after the role was changed', async () => {
    const url = await gateway.target('orders', server.origin, { credential: credential() });
    const call = async () => (await callAs(world, url)).status;
    expect(await call()).toBe(200);
    moveClock(841);
    expect(await call()).toBe(200);
    jest.useRealTimers();
    expect(roles.sessions).toHaveLength(2);
    const { name, authorizerType, authorizerConfiguration } = await gateway.control.getGateway({
      gatewayIdentifier: gateway.id,
    });
    const updated = { gatewayIdentifier: gateway.id, name, authorizerType, authorizerConfiguration };
    const other = `${ROLE}-2`;
    await gateway.control.updateGateway({ ...updated, roleArn: other });
    expect(await call()).toBe(502);
    roles.trust.set(other, OWNER);
    expect(await call()).toBe(200);
    await gateway.control.updateGateway({ ...updated, roleArn: 'arn:aws:iam::123456789012:role/admin' });
    const refused = await callAs(world, url);
    expect([refused.status, await refused.json()]).toMatchObject([
      502,
      {
        ...UNAVAILABLE,
        detail: expect.stringContaining('the operator does not allow the roleArn') as string,
      },
    ]);
  });

  it('that the target rejects asks no user for consent', async () => {
    const url = await gateway.target('orders', server.origin, { credential: credential() });
    server.run = (response) => response.writeHead(403, { 'content-type': 'text/plain' }).end('not allowed');
    const forbidden = await callAs(world, url);
    expect([forbidden.status, await forbidden.text()]).toEqual([403, 'not allowed']);
    server.run = (response) =>
      response.writeHead(401, { 'www-authenticate': 'Bearer error="insufficient_scope"' }).end();
    const rejected = await callAs(world, url);
    expect([rejected.status, await rejected.json()]).toMatchObject([
      502,
      {
        type: 'urn:agent-identity:problem:credential-rejected',
        detail: expect.stringContaining('rejects the signature of the gateway') as string,
      },
    ]);
  });
});

describe('a role', () => {
  it('that trusts another owner is not assumed, and the caller learns nothing about it', async () => {
    const mallory = await openGateway(world, 'CUSTOM_JWT', { owner: 'operator', roleArn: ROLE });
    const url = await mallory.target('orders', server.origin, { credential: credential() });
    const refused = await callAs(world, url);
    const problem = JSON.stringify(await refused.json());
    expect([refused.status, JSON.parse(problem)]).toMatchObject([
      502,
      {
        ...UNAVAILABLE,
        detail: expect.stringMatching(/^The gateway cannot assume its role\. Ask the owner/) as string,
      },
    ]);
    expect(problem).not.toMatch(/arn:|AccessDenied|not for/);
    expect([server.asked, roles.sessions]).toEqual([[], []]);
    expect(await lastEntry('InvokeGateway')).toMatchObject({
      outcome: 'failed',
      reason: 'role of the gateway: AccessDenied',
      target: 'orders',
    });
  });

  it.each([
    ['failed', 400],
    ['did not respond', 'silence'],
  ] as const)('is assumed with the next request after AWS STS %s', async (_what, failure) => {
    const url = await gateway.target('orders', server.origin, { credential: credential() });
    roles.failure = failure;
    const failed = await callAs(world, url);
    expect([failed.status, await failed.json()]).toMatchObject([
      500,
      { detail: 'The role of the gateway could not be assumed. Try again shortly.' },
    ]);
    roles.failure = undefined;
    expect((await callAs(world, url)).status).toBe(200);
  });

  it('that the operator does not allow is refused when the target is created', async () => {
    const other = await openGateway(world, 'CUSTOM_JWT', { roleArn: 'arn:aws:iam::123456789012:role/admin' });
    await expect(other.target('orders', server.origin, { credential: credential() })).rejects.toThrow(
      'ask the operator to add it to the prop "gateways.targetRoles" of the service',
    );
  });

  it('signs no request with parameters of a signature that a caller could send', async () => {
    const metadataConfiguration = { allowedQueryParameters: ['X-Amz-Signature'] };
    await expect(
      gateway.target('orders', server.origin, { credential: credential(), metadataConfiguration }),
    ).rejects.toThrow('must not begin with X-Amz-, because the gateway signs the request');
  });
});

describe('an MCP server', () => {
  it('lists its tools for the owner, and calls them, with signed requests', async () => {
    const all = await openGateway(world, 'CUSTOM_JWT', { protocolType: 'MCP', roleArn: ROLE });
    await all.mcpServer('orders', mcp.endpoint, { credential: credential('bedrock-agentcore') });
    const called = await callAs(world, all.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'orders___list' },
      }),
    });
    expect(await called.text()).toContain('list done');
    expect(mcp.authorizations).toEqual(
      mcp.authorizations.map(
        () => expect.stringMatching(/^AWS4-HMAC-SHA256 .*\/bedrock-agentcore\//) as string,
      ),
    );
    expect(roles.sessions.map(({ sessionName }) => sessionName)).toEqual([all.id]);
  });

  it('is not added if the role cannot be assumed', async () => {
    const all = await openGateway(world, 'CUSTOM_JWT', { protocolType: 'MCP', roleArn: `${ROLE}-other` });
    await expect(all.mcpServer('orders', mcp.endpoint, { credential: credential() })).rejects.toThrow(
      'The gateway cannot assume its role. Ask the owner of the gateway to check roleArn',
    );
    expect(mcp.requests).toEqual([]);
  });
});

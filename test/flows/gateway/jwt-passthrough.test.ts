/** Targets that get the user token of the caller itself. */
import type { CredentialProviderConfiguration } from '@aws-sdk/client-bedrock-agentcore-control';
import { CALLING_AGENT_HEADER } from '../../../lambda/domain/gate/agent-request';
import { World } from '../support/world';
import { callAs, openGateway, type TestGateway } from './gateways';
import { TargetServer } from './target-server';

process.env.GATEWAY_JWT_PASSTHROUGH = 'true';

const world = World.ofFile();
const server = TargetServer.ofFile();
let gateway: TestGateway;
let url: string;

const credential: CredentialProviderConfiguration = { credentialProviderType: 'JWT_PASSTHROUGH' };

beforeAll(async () => {
  gateway = await openGateway(world, 'CUSTOM_JWT');
  url = await gateway.target('own', server.origin, { credential });
});

it('a target gets the token with which the user calls, which no response shows', async () => {
  const token = await world.issuer.token('ana');
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}`, 'x-other': 'mine' } });
  expect(server.asked[0]?.headers).toMatchObject({ authorization: `Bearer ${token}` });
  expect(server.asked[0]?.headers).not.toHaveProperty('x-other');
  const text = await answer.text();
  expect(text).toContain(`"authorization":"Bearer ${'*'.repeat(token.length)}"`);
  expect(text).not.toContain(token);
  const entry = (await world.audit()).findLast(({ operation }) => operation === 'GatewayResponse');
  expect(entry).toMatchObject({ target: 'own', credentialEchoed: true });
});

it('a target does not get a token that the gateway does not accept', async () => {
  const headers = { authorization: `Bearer ${await world.issuer.forged('unsigned', 'ana')}` };
  expect((await fetch(url, { headers })).status).toBe(401);
  expect(server.asked).toEqual([]);
});

it('an agent cannot call such a target in the name of its user', async () => {
  const agent = await world.agent();
  const workloadAccessToken = await agent.token({ userToken: await world.issuer.token('ana') });
  const refused = await callAs(world, url, { headers: { [CALLING_AGENT_HEADER]: workloadAccessToken } });
  expect([refused.status, await refused.json()]).toMatchObject([
    403,
    {
      detail: expect.stringMatching(
        /^This target gets the user token itself, so agents cannot call it\./,
      ) as string,
    },
  ]);
  expect(server.asked).toEqual([]);
});

it('a target that rejects the token asks for no consent', async () => {
  server.run = (response) => response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
  const rejected = await callAs(world, url);
  expect([rejected.status, await rejected.json()]).toMatchObject([
    502,
    {
      type: 'urn:agent-identity:problem:credential-rejected',
      detail: expect.stringMatching(/^The target rejects the user token\./) as string,
    },
  ]);
  expect(server.asked).toHaveLength(1);
});

it('a gateway without user tokens, and an MCP server, cannot have such a target', async () => {
  const signed = await openGateway(world, 'AWS_IAM');
  await expect(signed.target('own', server.origin, { credential })).rejects.toThrow(
    'only a gateway with the authorizerType CUSTOM_JWT gets user tokens',
  );
  const all = await openGateway(world, 'CUSTOM_JWT', { protocolType: 'MCP' });
  await expect(all.mcpServer('own', server.origin, { credential })).rejects.toThrow(
    'only targets with http.passthrough can get user tokens',
  );
});

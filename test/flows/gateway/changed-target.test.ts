/** What a target or a caller cannot change: the scopes of a credential, what is searched, and a stream that must end. */
import { World, type TestAgent } from '../support/world';
import { apiKeyOf, callSigned, oauth, openGateway, type TestGateway } from './gateways';
import { TargetServer } from './target-server';

const world = World.ofFile();
const server = TargetServer.ofFile();
let agent: TestAgent;
let signing: TestGateway;

beforeAll(async () => {
  agent = await world.agent();
  signing = await openGateway(world, 'AWS_IAM');
});

it('a target does not choose the scopes of a token that no user consents to', async () => {
  const url = await signing.target('greedy', server.origin, {
    credential: oauth(agent.providerName, {
      defaultReturnUrl: undefined,
      scopes: ['a'],
      grantType: 'CLIENT_CREDENTIALS',
    }),
  });
  server.run = (response) =>
    response.writeHead(403, { 'www-authenticate': 'Bearer error="insufficient_scope", scope="admin"' }).end();
  const before = world.provider.exchanges.length;
  expect((await callSigned(world, url, await agent.token())).status).toBe(403);
  expect(server.asked).toHaveLength(1);
  expect(world.provider.exchanges.slice(before).map(({ request }) => request.get('scope'))).toEqual(['a']);
});

it('a request for a part of a response gets all of it, because the credential is searched in the whole', async () => {
  const url = await signing.target('ranged', server.origin, {
    credential: await apiKeyOf(world, 'sk-0123456789abcdef', { credentialParameterName: 'X-Api-Key' }),
  });
  await callSigned(world, url, await agent.token(), { headers: { range: 'bytes=0-9' } });
  expect(server.asked[0]?.headers).not.toHaveProperty('range');
});

it('a response ends when its target is deleted', async () => {
  const url = await signing.target('deleted', server.origin);
  const started = new Promise<void>((resolve) => {
    server.run = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: one\n\n');
      resolve();
    };
  });
  const response = callSigned(world, url, await agent.token());
  await started;
  await signing.remove('deleted');
  expect((await response).body).toMatch(/access-ended/);
});

it.each(['%E2%82%AC', 'x%22%2c%20scope=%22evil', 'x%0d%0aset-cookie:a=b', '%2e%2e%2fother'])(
  'the challenge does not repeat the target name %s',
  async (name) => {
    const open = await openGateway(world, 'CUSTOM_JWT');
    const response = await fetch(`${open.url}/${name}`);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(
      new RegExp(`resource_metadata="[^"]+/${open.id}/unknown"$`),
    );
  },
);

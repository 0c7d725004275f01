/** A gateway whose callers send a user token over plain HTTP. */
import { CALLING_AGENT_HEADER } from '../../../lambda/domain/gate/agent-request';
import { RETURN_URL, World } from '../support/world';
import { apiKeyOf, callAs, oauth, openGateway, sendRaw, type TestGateway } from './gateways';
import { TargetServer } from './target-server';

const world = World.ofFile();
const server = TargetServer.ofFile();
let gateway: TestGateway;
let echo: string;

beforeAll(async () => {
  gateway = await openGateway(world, 'CUSTOM_JWT');
  echo = await gateway.target('echo', `${server.origin}/v1`);
});

const entries = async (operation: string) =>
  (await world.audit()).filter((entry) => entry.operation === operation);

describe('a request with a valid token', () => {
  it('reaches the target below its endpoint, with neither the token nor other headers', async () => {
    const answer = await callAs(world, `${echo}/users/7`, {
      method: 'POST',
      body: '{"name":"Ana"}',
      headers: { 'content-type': 'application/json', 'x-other': 'mine', cookie: 'a=b' },
    });
    expect(answer.status).toBe(200);
    const { headers, ...asked } = server.asked[0] ?? { headers: {} };
    expect(asked).toEqual({ method: 'POST', url: '/v1/users/7', body: '{"name":"Ana"}' });
    expect(headers).toEqual({
      host: new URL(server.origin).host,
      'content-type': 'application/json',
      accept: '*/*',
      'accept-language': '*',
      'accept-encoding': 'identity',
      'content-length': '14',
      'user-agent': 'agent-identity',
      connection: 'close',
    });
  });

  it.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'])('can use %s', async (method) => {
    const answer = await callAs(world, echo, { method });
    expect([answer.status, server.asked[0]?.method, server.asked[0]?.url]).toEqual([200, method, '/v1']);
  });

  it('can have a body of 4 MiB, and no larger one', async () => {
    const most = Buffer.alloc(4 * 1024 * 1024, 'a');
    const sent = (body: Buffer) => callAs(world, echo, { method: 'POST', body });
    expect((await sent(most)).status).toBe(200);
    expect(server.asked.splice(0)[0]?.body).toHaveLength(most.length);
    const refused = await sent(Buffer.concat([most, Buffer.from('a')]));
    expect(refused.headers.get('content-type')).toBe('application/problem+json');
    expect(await refused.json()).toMatchObject({
      status: 400,
      detail: expect.stringMatching(/^The body must/) as string,
    });
    expect(server.asked).toEqual([]);
  });

  it('has two audit entries, without the path', async () => {
    const answer = await callAs(world, `${echo}/users/ana@example.org`);
    await answer.text();
    const requestId = answer.headers.get('x-amzn-requestid');
    const own = (await world.audit()).filter((entry) => entry.requestId === requestId);
    const called = {
      resource: gateway.arn,
      workloadIdentity: expect.stringContaining(gateway.id) as string,
      target: 'echo',
      httpMethod: 'GET',
      user: expect.any(String) as string,
      jti: expect.any(String) as string,
    };
    expect(own).toEqual([
      expect.objectContaining({
        operation: 'InvokeGateway',
        outcome: 'allowed',
        ...called,
      }),
      expect.objectContaining({
        operation: 'GatewayResponse',
        outcome: 'allowed',
        ...called,
        status: 200,
        bytes: expect.any(Number) as number,
        firstByteMs: expect.any(Number) as number,
        durationMs: expect.any(Number) as number,
      }),
    ]);
    expect(JSON.stringify(own)).not.toContain('example.org');
  });

  it('gets the API key, which the caller never sees', async () => {
    const apiKey = 'sk-0123456789/abcdefghij+klm=';
    const url = await gateway.target('keyed', server.origin, {
      credential: await apiKeyOf(world, apiKey, { credentialParameterName: 'X-Api-Key' }),
    });
    const answer = await callAs(world, url, { headers: { 'x-api-key': 'mine' } });
    expect(server.asked[0]?.headers['x-api-key']).toBe(apiKey);
    expect(await answer.text()).toContain(`"x-api-key":"${'*'.repeat(apiKey.length)}"`);
    expect((await entries('GatewayResponse')).at(-1)).toMatchObject({ credentialEchoed: true });
  });
});

describe('a request that is refused', () => {
  afterEach(() => {
    expect(server.asked).toEqual([]);
  });

  it('without a token gets a challenge with the metadata of the gateway', async () => {
    const answer = await fetch(echo);
    expect(answer.status).toBe(401);
    const [, metadataUrl = ''] =
      /resource_metadata="([^"]+)"/.exec(answer.headers.get('www-authenticate') ?? '') ?? [];
    expect(await (await fetch(metadataUrl)).json()).toEqual({
      resource: gateway.url,
      authorization_servers: [world.issuer.issuer],
      bearer_methods_supported: ['header'],
      resource_name: expect.stringMatching(/^Gateway-/) as string,
    });
  });

  it('with a forged token gets the same challenge', async () => {
    const headers = { authorization: `Bearer ${await world.issuer.forged('unsigned', 'ana')}` };
    const [forged, missing] = await Promise.all([fetch(echo, { headers }), fetch(echo)]);
    expect(forged.status).toBe(401);
    expect(forged.headers.get('www-authenticate')).toBe(missing.headers.get('www-authenticate'));
  });

  it('without a scope gets a challenge that names it', async () => {
    const scoped = await openGateway(world, 'CUSTOM_JWT', { authorizer: { allowedScopes: ['calendar'] } });
    const answer = await callAs(world, await scoped.target('echo', server.origin));
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringMatching(/error="insufficient_scope", scope="calendar"/),
    ]);
    expect(await answer.json()).toMatchObject({
      message: expect.stringContaining('lacks a scope') as string,
    });
  });

  it('for a gateway or a target that does not exist gets a 404', async () => {
    expect((await callAs(world, `${gateway.url}/other`)).status).toBe(404);
    expect((await callAs(world, `${gateway.url.slice(0, -1)}/echo`)).status).toBe(404);
  });

  it('reaches no target that would get the token, because the operator does not allow such targets', async () => {
    await expect(
      gateway.target('own', server.origin, { credential: { credentialProviderType: 'JWT_PASSTHROUGH' } }),
    ).rejects.toThrow('the operator does not allow targets to get user tokens. Use TOKEN_EXCHANGE');
  });

  it('over the API of the other gateways gets a 404', async () => {
    const signing = await openGateway(world, 'AWS_IAM');
    const url = await signing.target('echo', server.origin);
    const { pathname } = new URL(url);
    expect((await callAs(world, `${world.local.gateways.CUSTOM_JWT}${pathname}`)).status).toBe(404);
  });

  it('with a query parameter that is not allowed gets its name', async () => {
    const answer = await callAs(world, `${echo}?admin=1`);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      type: 'about:blank',
      status: 400,
      detail: expect.stringContaining('query parameter "admin"') as string,
      __type: 'ValidationException',
    });
  });

  it.each(['/../admin', '/%2e%2e/admin', '/a%2f..%2fb', '/a//b', '/a;b', '//evil.example'])(
    'for the path %s gets a 400',
    async (path) => {
      const { pathname } = new URL(echo);
      const headers = {
        authorization: `Bearer ${await world.issuer.token('ana')}`,
        host: new URL(echo).host,
      };
      expect((await sendRaw(echo, { headers, path: `${pathname}${path}` })).status).toBe(400);
    },
  );
});

describe('a caller with a user token', () => {
  it('uses the grants of the agent whose token it has, for the same user only', async () => {
    const agent = await world.agent();
    const url = await gateway.target('granted-to-agent', server.origin, {
      credential: oauth(agent.providerName),
    });
    const tokenFor = async (user: string) => agent.token({ userToken: await world.issuer.token(user) });
    const ofAgent = async (user: string) => ({ [CALLING_AGENT_HEADER]: await tokenFor(user) });
    const { authorizationUrl } = await agent.ask(await tokenFor('ana'));
    await agent.complete(await agent.consent(authorizationUrl), {
      userToken: await world.issuer.token('ana'),
    });
    expect((await callAs(world, url, { headers: await ofAgent('ana') })).status).toBe(200);
    const entry = (await world.audit()).findLast(({ operation }) => operation === 'InvokeGateway');
    expect(entry).toMatchObject({ chain: [expect.stringContaining(agent.name)] });
    expect((await callAs(world, url, { headers: await ofAgent('ben') })).status).toBe(403);
    expect((await callAs(world, url)).status).toBe(403);
    expect(server.asked).toHaveLength(1);
    const headers = server.asked[0]?.headers;
    expect(headers?.authorization).toBe(
      `Bearer ${String(world.provider.exchanges.at(-1)?.answer.access_token)}`,
    );
    expect(headers).not.toHaveProperty(CALLING_AGENT_HEADER.toLowerCase());
  });

  it('and no agent uses the grant of the gateway and the user', async () => {
    const agent = await world.agent();
    const url = await gateway.target('granted', server.origin, { credential: oauth(agent.providerName) });
    const refused = (await (await callAs(world, url)).json()) as { authorizationUrl: string };
    await agent.complete(await agent.consent(refused.authorizationUrl), {
      userToken: await world.issuer.token('ana'),
    });
    expect((await callAs(world, url)).status).toBe(200);
    expect(server.asked[0]?.headers.authorization).toBe(
      `Bearer ${String(world.provider.exchanges.at(-1)?.answer.access_token)}`,
    );
    expect((await callAs(world, url, { user: 'ben' })).status).toBe(403);
  });

  it.each([{}, { oauth2callbackurl: RETURN_URL }])(
    'and no agent learns that the target needs a return URL, with the headers %j',
    async (headers) => {
      const gateway = await openGateway(world, 'CUSTOM_JWT');
      const { providerName } = await world.agent();
      const credential = oauth(providerName, { defaultReturnUrl: undefined });
      const refused = await callAs(world, await gateway.target('echo', server.origin, { credential }), {
        headers,
      });
      expect([refused.status, await refused.json()]).toMatchObject([
        400,
        {
          detail: expect.stringMatching(
            /^OAuth2CallbackUrl: .* set defaultReturnUrl of the target/,
          ) as string,
        },
      ]);
    },
  );
});

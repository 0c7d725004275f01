/**
 * An agent that signs its requests through a gateway: it uses the grants of its user, and holds none of the tokens. The
 * authorization server is a real one.
 */
import type { ServerResponse } from 'node:http';
import { startProvider, type TestProvider } from '../support/provider';
import { agentAt } from '../support/pushing-provider';
import { RETURN_URL, World, type TestAgent } from '../support/world';
import { apiKeyOf, callSigned, oauth, openGateway, type Received, type TestGateway } from './gateways';
import { TargetServer, type Asked } from './target-server';

const world = World.ofFile();
const server = TargetServer.ofFile();
const CHALLENGE = 'Bearer error="invalid_token", resource_metadata="https://evil.example/"';
let provider: TestProvider;
let gateway: TestGateway;
let agent: TestAgent;
let url: string;

const REFRESHED = { scopes: ['openid', 'offline_access'], customParameters: { prompt: 'consent' } };

beforeAll(async () => {
  provider = await startProvider({ features: { revocation: { enabled: true } } });
  gateway = await openGateway(world, 'AWS_IAM', { exceptionLevel: 'DEBUG' });
  agent = await agentAt(world, provider);
  url = await gateway.target('calendar', `${server.origin}/v1`, {
    credential: oauth(agent.providerName, REFRESHED),
  });
});
afterAll(() => provider.close());

const problemIn = ({ body }: Received) => JSON.parse(body) as Record<string, string>;

const bearerOf = ({ headers }: Asked): string => headers.authorization?.replace(/^Bearer /, '') ?? '';

function tokenOf(asked: Asked | undefined): string {
  if (!asked) throw new Error('the target was not asked');
  return bearerOf(asked);
}

const callFor = async (userId: string, choices: Parameters<typeof callSigned>[3] = {}, at = url) =>
  callSigned(world, at, await agent.token({ userId }), choices);

async function consent(userId: string, refused: Received, by = agent): Promise<void> {
  const back = await by.consent(problemIn(refused).authorizationUrl, userId);
  await by.complete(back, { userId });
}

/** The user grants access. */
async function connected(userId: string): Promise<string> {
  await consent(userId, await callFor(userId));
  expect((await callFor(userId)).status).toBe(200);
  return tokenOf(server.asked.splice(0).at(-1));
}

describe('without a grant of the user', () => {
  it('returns the authorization URL in a problem document, and forwards nothing', async () => {
    const refused = await callFor('ana');
    expect(refused.status).toBe(403);
    expect(refused.headers['content-type']).toBe('application/problem+json');
    expect(problemIn(refused)).toEqual({
      type: 'urn:agent-identity:problem:consent-required',
      title: 'The user has to grant access',
      status: 403,
      detail: expect.stringContaining('authorizationUrl') as string,
      authorizationUrl: expect.stringMatching(/^http/) as string,
      sessionUri: expect.stringMatching(/^urn:ietf:params:oauth:request_uri:/) as string,
      __type: 'AccessDeniedException',
    });
    expect(server.asked).toEqual([]);
    const entry = (await world.audit()).findLast(({ operation }) => operation === 'InvokeGateway');
    expect(entry).toMatchObject({ outcome: 'denied', result: 'consent-required', target: 'calendar' });
  });

  it('forwards the same request after the consent, and the agent does not see the token', async () => {
    await consent('ben', await callFor('ben'));
    const answer = await callFor('ben', { query: {}, method: 'GET' });
    expect(answer.status).toBe(200);
    const token = tokenOf(server.asked[0]);
    expect(provider.exchanges.at(-1)?.answer.access_token).toBe(token);
    expect(answer.body).toContain(`Bearer ${'*'.repeat(token.length)}`);
    expect(JSON.stringify(answer)).not.toContain(token);
    const entries = await world.audit();
    const [admission, end] = ['InvokeGateway', 'GatewayResponse'].map((name) =>
      entries.findLast(({ operation }) => operation === name),
    );
    expect(admission).toMatchObject({
      outcome: 'allowed',
      principal: 'arn:aws:iam::000000000000:role/agent',
      chain: [expect.stringContaining(agent.name)],
      user: expect.any(String) as string,
      jti: expect.any(String) as string,
      credentialProvider: expect.stringContaining(agent.providerName) as string,
    });
    const { principal, chain, user, jti } = admission ?? {};
    expect(end).toMatchObject({ principal, chain, user, jti });
  });

  it('needs a return URL of the request or of the target', async () => {
    const bare = await gateway.target('bare', server.origin, {
      credential: oauth(agent.providerName, { defaultReturnUrl: undefined }),
    });
    const refused = await callFor('cai', {}, bare);
    expect([refused.status, problemIn(refused).detail]).toEqual([
      400,
      expect.stringMatching(/^OAuth2CallbackUrl: must be the URL/),
    ]);
    const headers = { oauth2callbackurl: RETURN_URL };
    expect(problemIn(await callFor('cai', { headers }, bare)).authorizationUrl).toMatch(/^http/);
  });
});

describe('the grant of one agent', () => {
  it('is of no use to another agent of the same owner', async () => {
    await connected('dan');
    const other = await world.agent();
    const refused = await callSigned(world, url, await other.token({ userId: 'dan' }));
    expect([refused.status, problemIn(refused).type]).toEqual([
      403,
      'urn:agent-identity:problem:consent-required',
    ]);
    expect(server.asked).toEqual([]);
  });

  it('is of no use to an agent of another owner, which gets no authorization URL either', async () => {
    const other = await world.agent('stranger');
    const token = await other.token({ userId: 'ana' });
    const refused = await callSigned(world, url, token, { principal: 'stranger' });
    expect(refused.status).toBe(403);
    expect(problemIn(refused).authorizationUrl).toBeUndefined();
    expect(server.asked).toEqual([]);
  });

  it('is of no use to a principal that found the token of the agent', async () => {
    const refused = await callSigned(world, url, await agent.token({ userId: 'ana' }), {
      principal: 'stranger',
    });
    expect(refused.status).toBe(403);
    expect(problemIn(refused).authorizationUrl).toBeUndefined();
  });

  it('needs the token of the agent, and a signature', async () => {
    expect(problemIn(await callSigned(world, url, undefined)).detail).toContain('Identity-WAT: must be');
    expect((await fetch(url, { headers: { authorization: 'Bearer a.b.c' } })).status).toBe(403);
    expect(server.asked).toEqual([]);
  });
});

describe('a target that rejects the token', () => {
  /** Rejects the first token of a request, and accepts every other one. */
  const rejectFirst = (): void => {
    let first: string | undefined;
    server.run = (response: ServerResponse, asked: Asked) => {
      first ??= bearerOf(asked);
      if (bearerOf(asked) === first) response.writeHead(401, { 'www-authenticate': CHALLENGE }).end(first);
      else response.writeHead(200).end('accepted');
    };
  };

  it('gets a safe request again, with a renewed token', async () => {
    const token = await connected('eva');
    rejectFirst();
    const answer = await callFor('eva');
    expect([answer.status, answer.body]).toEqual([200, 'accepted']);
    expect(server.asked.map(bearerOf)).toEqual([token, expect.not.stringMatching(token)]);
  });

  it('gets an unsafe request from its caller only, who learns that the token was renewed', async () => {
    await connected('fay');
    rejectFirst();
    const refused = await callFor('fay', { method: 'POST', body: '{}' });
    expect([refused.status, refused.headers['retry-after'], problemIn(refused).type]).toEqual([
      503,
      '1',
      'urn:agent-identity:problem:credential-renewed',
    ]);
    expect(server.asked).toHaveLength(1);
    expect((await callFor('fay', { method: 'POST', body: '{}' })).body).toBe('accepted');
  });

  it('that was renewed too gets no third request, and its challenge does not pass', async () => {
    await connected('gil');
    server.run = (response) => response.writeHead(401, { 'www-authenticate': CHALLENGE }).end();
    const refused = await callFor('gil');
    expect([refused.status, problemIn(refused).type]).toEqual([
      502,
      'urn:agent-identity:problem:credential-rejected',
    ]);
    expect(JSON.stringify(refused)).not.toContain('evil.example');
    expect(server.asked).toHaveLength(2);
  });

  it('for a missing scope has the user asked for it', async () => {
    await connected('hal');
    const missing = (response: ServerResponse) =>
      response
        .writeHead(403, { 'www-authenticate': 'Bearer error="insufficient_scope", scope="a"' })
        .end('forbidden');
    server.run = missing;
    const refused = await callFor('hal');
    server.run = (response) => response.end();
    server.asked.length = 0;
    const { type, authorizationUrl = '' } = problemIn(refused);
    expect(type).toBe('urn:agent-identity:problem:consent-required');
    await consent('hal', refused);
    expect(authorizationUrl).not.toBe('');
    expect(provider.exchanges.at(-1)?.answer.scope).toMatch(/\ba\b/);
    await connected('hugo');
    server.run = missing;
    const unsafe = await callFor('hugo', { method: 'POST', body: '{}' });
    expect([unsafe.status, problemIn(unsafe).type]).toEqual([403, type]);
    expect(server.asked.splice(0)).toHaveLength(1);
  });

  it('is distinguished from one that forbids the request', async () => {
    await connected('ida');
    server.run = (response) => response.writeHead(403).end('not yours');
    expect(await callFor('ida')).toMatchObject({ status: 403, body: 'not yours' });
  });

  it('with an API key, or without a credential, is a problem of its owner', async () => {
    server.run = (response) => response.writeHead(401, { 'www-authenticate': CHALLENGE }).end('who?');
    const keyed = await gateway.target('keyed', server.origin, {
      credential: await apiKeyOf(world, 'a-key-that-the-target-rejects'),
    });
    const open = await gateway.target('open', server.origin);
    for (const at of [keyed, open]) {
      const refused = await callFor('ana', {}, at);
      expect([refused.status, problemIn(refused).type]).toEqual([
        502,
        'urn:agent-identity:problem:credential-rejected',
      ]);
      expect(JSON.stringify(refused)).not.toContain('evil.example');
    }
  });
});

describe('a response that is streaming', () => {
  const SSE = { 'content-type': 'text/event-stream' };

  /** Starts a response whose events the test sends. */
  const streaming = (headers: Record<string, string>) =>
    new Promise<ServerResponse>((started) => {
      server.run = (response) => {
        response.writeHead(200, headers).write('data: one\n\n');
        started(response);
      };
    });

  it('ends when the user revokes the grant, with an error event', async () => {
    await connected('jan');
    const started = streaming(SSE);
    const answer = callFor('jan');
    await started;
    const workloadIdentityToken = await agent.token({ userId: 'jan' });
    await world.post('RevokeResourceGrant', {
      workloadIdentityToken,
      resourceCredentialProviderName: agent.providerName,
    });
    expect((await answer).body).toMatch(
      /^data: one\n\nevent: error\ndata: \{"type":"urn:agent-identity:problem:access-ended".*\}\n\n$/,
    );
    await server.gone;
    const entry = (await world.audit()).findLast(({ operation }) => operation === 'GatewayResponse');
    expect(entry).toMatchObject({ outcome: 'denied', error: 'AccessDeniedException', status: 200 });
  });

  it('without a credential ends when the agent is suspended, and is not taken for complete', async () => {
    const suspended = await world.agent();
    const open = await gateway.target('stream', server.origin);
    const started = streaming({ 'content-type': 'text/plain' });
    const answer = callSigned(world, open, await suspended.token({ userId: 'ana' }));
    await started;
    await world.operate('SuspendWorkloadIdentity', { name: suspended.name });
    await expect(answer).rejects.toThrow('aborted');
    await server.gone;
    const entry = (await world.audit()).findLast(({ operation }) => operation === 'GatewayResponse');
    expect(entry).toMatchObject({
      outcome: 'denied',
      error: 'AccessDeniedException',
      chain: [expect.stringContaining(suspended.name)],
      reason: expect.stringMatching(/^access ended: /) as string,
    });
  });
});

it('forwards nothing if the decision cannot be recorded', async () => {
  const open = await gateway.target('unrecorded', server.origin);
  const token = await agent.token({ userId: 'ana' });
  const log = globalThis.console;
  const full = (line: unknown): void => {
    if (String(line).includes('InvokeGateway')) throw new Error('the disk is full');
    log.info(line);
  };
  globalThis.console = Object.assign(Object.create(log) as Console, { info: full });
  try {
    expect((await callSigned(world, open, token)).status).toBe(500);
  } finally {
    globalThis.console = log;
  }
  expect(server.asked).toEqual([]);
});

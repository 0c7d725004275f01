/**
 * An endpoint whose callers send a user token over plain HTTP. Each fault of a token has its own reason in the audit log
 * and the same response, from which a client learns where to get a token.
 */
import { TEAM_IS_BLUE } from '../../domain/gate/endpoints';
import { LOCAL_STAGE_VARIABLES } from '../../../lib/local/stage-secret';
import { FORGERIES, startIssuer, type TestIssuer } from '../support/issuer';
import { World } from '../support/world';
import { AgentServer } from './agent-server';
import { sendToGate } from './direct-event';
import { claimsOf, openEndpoint, type Opened } from './endpoints';

const world = World.ofFile();
const server = AgentServer.ofFile();
/** Trusted by the endpoint and by its workload identity. */
let issuer: TestIssuer;
let endpoint: Opened;

beforeAll(async () => {
  issuer = await startIssuer();
  endpoint = await openEndpoint(
    world,
    {
      inbound: {
        kind: 'JWT',
        discoveryUrl: issuer.discoveryUrl,
        allowedAudience: [issuer.audience],
        allowedClients: ['web'],
        allowedScopes: ['invoke'],
        advertisedScopeMapping: { invoke: 'api://travel/invoke' },
        customClaims: [TEAM_IS_BLUE],
      },
      target: { kind: 'url', url: server.url },
    },
    issuer,
  );
});
afterAll(async () => {
  await endpoint.close();
  await issuer.close();
});

type Header = Parameters<TestIssuer['token']>[2];

/** A valid token, except for the given claims and header members. */
const token = (claims: object = {}, header?: Header) =>
  issuer.token('ana', { client_id: 'web', scope: 'openid invoke', team: 'blue', ...claims }, header);

/** One call with this token, if any. */
const call = (bearer?: string, more: RequestInit = {}, url = endpoint.invocationUrl): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    body: '{"prompt":"hello"}',
    ...more,
    headers: { ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }), ...more.headers },
  });

const invocations = async () =>
  (await world.audit()).filter(({ operation }) => operation === 'InvokeAgentRuntime');

const metadataUrl = () => `${endpoint.baseUrl}/.well-known/oauth-protected-resource`;

describe('with a valid token', () => {
  it('invokes the agent for the user, and does not forward the token', async () => {
    const userToken = await token();
    const answer = await call(userToken);
    expect([answer.status, await answer.json()]).toEqual([200, { echo: '{"prompt":"hello"}' }]);
    const claims = claimsOf(server.asked[0]?.headers.workloadaccesstoken);
    expect(claims.sub).toBe(`${issuer.issuer}#ana`);
    expect(claims.act).toMatchObject({ sub: expect.stringContaining(endpoint.agent.name) as string });
    expect(JSON.stringify(server.asked[0]?.headers)).not.toContain(userToken.split('.')[2]);
    expect((await invocations()).at(-1)).toMatchObject({
      outcome: 'allowed',
      user: expect.any(String) as string,
      jti: claims.jti,
      requestId: answer.headers.get('x-amzn-requestid'),
      sourceIp: '127.0.0.1',
    });
  });

  it('accepts the ARN with a decoded slash, too', async () => {
    const url = `${endpoint.baseUrl}/runtimes/${endpoint.agentRuntimeArn}/invocations`;
    expect((await call(await token(), {}, url)).status).toBe(200);
  });

  it('forwards the token if the header allow-list contains it', async () => {
    const open = await openEndpoint(
      world,
      {
        inbound: { kind: 'JWT', discoveryUrl: issuer.discoveryUrl, allowedAudience: [issuer.audience] },
        target: { kind: 'url', url: server.url },
        requestHeaderAllowlist: ['Authorization'],
      },
      issuer,
    );
    const userToken = await token();
    expect((await call(userToken, {}, open.invocationUrl)).status).toBe(200);
    expect(server.asked[0]?.headers.authorization).toBe(`Bearer ${userToken}`);
    await open.close();
  });

  it('ignores another user that the caller names', async () => {
    const headers = { 'x-amzn-bedrock-agentcore-runtime-user-id': 'ben' };
    const answer = await call(await token(), { headers });
    expect([answer.status, await answer.json()]).toMatchObject([400, { __type: 'ValidationException' }]);
    expect(server.asked).toEqual([]);
  });

  it('does not invoke another agent', async () => {
    const url = endpoint.invocationUrl.replace('agent_', 'other_');
    expect((await call(await token(), {}, url)).status).toBe(404);
    expect((await call(await token(), {}, `${endpoint.invocationUrl}?qualifier=v2`)).status).toBe(404);
    expect(server.asked).toEqual([]);
  });

  it.each(['GET', 'DELETE'])('rejects %s, and names the allowed method', async (method) => {
    const answer = await call(await token(), { method, body: null });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
    expect(server.asked).toEqual([]);
    const requestId = answer.headers.get('x-amzn-requestid');
    const entries = (await world.audit()).filter((entry) => entry.requestId === requestId);
    expect(entries).toEqual([
      expect.objectContaining({
        operation: 'UnknownRoute',
        outcome: 'denied',
        reason: 'the method is not POST',
        resource: endpoint.agentRuntimeArn,
        user: expect.any(String) as string,
        sourceIp: '127.0.0.1',
      }),
    ]);
  });
});

const now = () => Math.floor(Date.now() / 1000);

/** The response for every token that is not valid. */
async function unauthorized(answer: Response): Promise<void> {
  expect(answer.status).toBe(401);
  expect(answer.headers.get('www-authenticate')).toBe(
    `Bearer error="invalid_token", resource_metadata="${metadataUrl()}", scope="api://travel/invoke"`,
  );
  expect(answer.headers.get('x-amzn-errortype')).toBe('UnauthorizedException');
  expect(await answer.json()).toEqual({
    __type: 'UnauthorizedException',
    message:
      'The bearer token is missing or not valid. Sign in again, and send the new token as a bearer token.',
  });
  expect(server.asked).toEqual([]);
}

/** Expects one audit entry too, with the reason and without the token. */
async function refused(bearer: string, reason: string): Promise<void> {
  const before = (await invocations()).length;
  await unauthorized(await call(bearer));
  const entries = (await invocations()).slice(before);
  expect(entries).toMatchObject([
    { outcome: 'denied', error: 'UnauthorizedException', reason: `user token: ${reason}` },
  ]);
  expect(JSON.stringify(entries)).not.toContain(bearer.split('.')[2]);
}

describe('returns a 401 without the reason for a token', () => {
  it.each<[what: string, token: () => Promise<string>, reason: string]>([
    ['that has expired', () => token({ exp: now() - 300 }), 'expired'],
    ['not valid yet', () => token({ nbf: now() + 300 }), 'not valid yet'],
    // The deployment trusts this issuer; the endpoint does not.
    [
      'of another issuer',
      () =>
        world.issuer.token('ana', { aud: issuer.audience, client_id: 'web', scope: 'invoke', team: 'blue' }),
      'issuer not trusted',
    ],
    [
      'that another issuer has signed',
      () => world.issuer.token('ana', { iss: issuer.issuer, aud: issuer.audience, scope: 'invoke' }),
      'signature',
    ],
    ['for another audience', () => token({ aud: 'https://other.example' }), 'audience not allowed'],
    ['of another client', () => token({ client_id: 'other' }), 'client not allowed'],
    ['with malformed scopes', () => token({ scope: ['invoke', 7] }), 'claim scope is malformed'],
    ['bound to a key', () => token({ cnf: { jkt: 'thumbprint' } }), 'bound to a key (cnf)'],
    ['issued in the future', () => token({ iat: now() + 3600 }), 'issued in the future (iat)'],
    ['with another claim value', () => token({ team: 'red' }), 'claim team does not match'],
    [
      'with an algorithm that does not match its key',
      () => token({}, { kid: 'user-tokens-ES256' }),
      'algorithm is not the one of the key',
    ],
    ['without a key ID', () => token({}, { kid: undefined }), 'names no signing key'],
    ['without a subject', () => token({ sub: undefined }), 'iss, sub or exp is missing'],
    ['that is not a JWT', () => Promise.resolve('bm90.YQ.dG9rZW4'), 'not a JWT'],
    ['with padding', async () => `${await token()}=`, 'not a JWT'],
    ['that expired within the clock tolerance', () => token({ exp: now() - 30 }), 'expired'],
    [
      'for a token request (ID-JAG)',
      () => token({ client_id: 'app', jti: 'a' }, { typ: 'oauth-id-jag+jwt' }),
      'typ names another kind of token',
    ],
    ['for a logout', () => token({}, { typ: 'logout+jwt' }), 'typ names another kind of token'],
  ])('%s', async (_what, bearer, reason) => {
    await refused(await bearer(), reason);
  });

  const FORGED: Record<(typeof FORGERIES)[number], string> = {
    unsigned: 'algorithm none',
    'public key as secret': 'algorithm is an HMAC',
    'signed with another key': 'signature',
    'under an unknown key': 'signing key unknown',
  };
  it.each(FORGERIES)('that is forged: %s', async (forgery) => {
    await refused(await issuer.forged(forgery, 'ana'), FORGED[forgery]);
  });

  it('in another authentication scheme', async () => {
    await unauthorized(await call(undefined, { headers: { authorization: `Basic ${await token()}` } }));
  });
});

it('returns the link to the resource metadata for a request without a token', async () => {
  await unauthorized(await call());
});

describe('a token that lacks the scope', () => {
  it('returns the required scope to the client', async () => {
    const answer = await call(await token({ scope: 'openid' }));
    expect(answer.status).toBe(403);
    expect(answer.headers.get('www-authenticate')).toBe(
      `Bearer error="insufficient_scope", scope="api://travel/invoke", resource_metadata="${metadataUrl()}"`,
    );
    expect(await answer.json()).toMatchObject({ __type: 'AccessDeniedException' });
    expect(server.asked).toEqual([]);
    expect((await invocations()).at(-1)).toMatchObject({
      outcome: 'denied',
      reason: 'user token: scope not allowed',
      user: expect.any(String) as string,
    });
  });

  it('does not reveal the scope if the token is not valid for another reason', async () => {
    await refused(await token({ scope: 'openid', client_id: 'other' }), 'client not allowed');
    await refused(await token({ scope: 'openid', team: 'red' }), 'claim team does not match');
  });
});

describe('the protected-resource metadata', () => {
  it('is public at the URL of the challenge', async () => {
    const answer = await fetch(metadataUrl());
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await answer.json()).toEqual({
      resource: endpoint.invocationUrl,
      authorization_servers: [issuer.issuer],
      scopes_supported: ['api://travel/invoke'],
      bearer_methods_supported: ['header'],
      resource_name: endpoint.agent.name,
    });
  });

  it('is also at the path for the resource, and at no other path', async () => {
    const { pathname } = new URL(endpoint.invocationUrl);
    expect((await fetch(`${metadataUrl()}${pathname}`)).status).toBe(200);
    expect((await fetch(`${metadataUrl()}${pathname}/more`)).status).toBe(404);
  });
});

it('returns a 500 when the keys of the issuer are unavailable', async () => {
  const gone = await startIssuer();
  const cut = await openEndpoint(world, {
    inbound: { kind: 'JWT', discoveryUrl: gone.discoveryUrl, allowedAudience: [gone.audience] },
    target: { kind: 'url', url: server.url },
  });
  const bearer = await gone.token('ana');
  await gone.close();
  const answer = await call(bearer, {}, cut.invocationUrl);
  expect([answer.status, await answer.json()]).toMatchObject([500, { __type: 'InternalServerException' }]);
  expect(answer.headers.get('www-authenticate')).toBeNull();
  expect((await invocations()).at(-1)).toMatchObject({ outcome: 'failed' });
  expect(server.asked).toEqual([]);
  await cut.close();
});

it('does not act for a user if only the endpoint trusts the token', async () => {
  // The workload identity has no issuer, and the deployment does not trust this one.
  const trusting = await openEndpoint(world, {
    inbound: { kind: 'JWT', discoveryUrl: issuer.discoveryUrl, allowedAudience: [issuer.audience] },
    target: { kind: 'url', url: server.url },
  });
  const answer = await call(await token(), {}, trusting.invocationUrl);
  expect([answer.status, await answer.json()]).toMatchObject([
    403,
    { message: expect.stringContaining('issuer that is not trusted') as string },
  ]);
  expect((await invocations()).at(-1)).toMatchObject({
    reason: expect.stringMatching(/^identity service: UnauthorizedException: /) as string,
  });
  expect(server.asked).toEqual([]);
  await trusting.close();
});

describe('an event that a principal sends to the gate directly', () => {
  const handed = (
    multiValueHeaders: Record<string, string[]>,
    stageVariables: unknown = LOCAL_STAGE_VARIABLES,
  ): Promise<string> =>
    sendToGate(
      world,
      endpoint,
      {
        inbound: { kind: 'JWT', discoveryUrl: issuer.discoveryUrl, allowedAudience: [issuer.audience] },
        target: { kind: 'url', url: server.url },
      },
      {
        multiValueHeaders,
        stageVariables,
        requestContext: {
          requestId: 'request',
          authorizer: { principalId: 'ana' },
          identity: { userArn: world.local.principals.operator.arn },
        },
      },
    );

  it('is rejected without a valid token, whatever authorizer and caller it claims', async () => {
    expect(await handed({})).toContain('"statusCode":401');
    expect(await handed({ Authorization: [`Bearer ${await issuer.forged('unsigned', 'ana')}`] })).toContain(
      '"statusCode":401',
    );
    expect(server.asked).toEqual([]);
  });

  it('is rejected without the stage secret, also with a valid token', async () => {
    expect(await handed({ Authorization: [`Bearer ${await token()}`] }, null)).toContain('"statusCode":403');
    expect(server.asked).toEqual([]);
  });

  it('is accepted with the stage secret and a valid token', async () => {
    expect(await handed({ Authorization: [`Bearer ${await token()}`] })).toContain('"statusCode":200');
    expect(server.asked).toHaveLength(1);
  });
});

/** The configuration of an valid configurations, and the error message for each mistake. */
import {
  invocationUrl,
  parseAgentEndpoint,
  invocationTimeoutMs,
  trustedIssuerOf,
  type AgentEndpointConfiguration,
} from '../../../lambda/domain/gate/agent-endpoint';
import { APPLICATION, ARN, BY_IAM, BY_JWT, endpointOf, ISSUER, TEAM_IS_BLUE } from './endpoints';

const DEPLOYED = { loopback: false };
const LOCAL = { loopback: true };

const parse = (value: unknown, policy = DEPLOYED): AgentEndpointConfiguration =>
  parseAgentEndpoint(JSON.stringify(value), policy);

describe('a valid configuration', () => {
  it.each([
    ['with IAM', endpointOf(BY_IAM)],
    ['with principals that can name a user', endpointOf({ kind: 'IAM', userIdPrincipals: [APPLICATION] })],
    ['with user tokens', endpointOf(BY_JWT)],
    [
      'with all settings for user tokens',
      endpointOf({
        ...BY_JWT,
        allowedAudience: ['app'],
        allowedClients: ['web'],
        allowedScopes: ['invoke', 'read'],
        advertisedScopeMapping: { invoke: 'api://agent/invoke' },
        customClaims: [TEAM_IS_BLUE],
      }),
    ],
    [
      'with a function as the agent',
      endpointOf(BY_IAM, {
        target: { kind: 'lambda', functionArn: 'arn:aws:lambda:us-east-1:123456789012:function:agent:live' },
      }),
    ],
    [
      'with headers for the agent',
      endpointOf(BY_JWT, {
        requestHeaderAllowlist: ['authorization', 'X-Amzn-Bedrock-AgentCore-Runtime-Custom-Tenant'],
      }),
    ],
    [
      'with origins of web pages',
      endpointOf(BY_JWT, {
        allowedOrigins: ['https://app.example', 'https://app.example:8443', 'http://[::1]:5173'],
      }),
    ],
    ['with an invocation timeout', endpointOf(BY_IAM, { invocationTimeout: 30 })],
  ])('is accepted %s', (_what, value) => {
    expect(parse(value)).toEqual(value);
  });

  it('is accepted with loopback addresses if the deployment allows them', () => {
    const local = endpointOf(BY_IAM, {
      baseUrl: 'http://127.0.0.1:4610',
      target: { kind: 'url', url: 'http://localhost:8080/invocations' },
    });
    expect(parse(local, LOCAL)).toEqual(local);
    expect(() => parse(local)).toThrow('baseUrl must be https');
  });
});

describe('an invalid configuration', () => {
  const claims = { allowedScopes: ['invoke'] };
  it.each<[what: string, value: unknown, message: string]>([
    ['another ARN', { ...endpointOf(BY_IAM), agentRuntimeArn: `${ARN}x` }, 'agentRuntimeArn must be like'],
    ['a bad name', { ...endpointOf(BY_IAM), workloadName: 'a b' }, 'workloadName must be the name'],
    [
      'a trailing slash',
      { ...endpointOf(BY_IAM), baseUrl: 'https://a.example/' },
      'baseUrl must not end in a slash',
    ],
    [
      'a base that is not a URL',
      { ...endpointOf(BY_IAM), baseUrl: 'a.example' },
      'baseUrl must be an absolute https URL',
    ],
    ...[
      'https://app.example/',
      'https://app.example:443',
      'https://App.example',
      'https://*.example',
      'http://app.example',
      'http://localhost.evil.example',
      "https://a'b.example",
      'null',
      '*',
      '',
      'app.example',
      'https://app.example:99999',
    ].map((origin): [string, unknown, string] => [
      `the origin ${JSON.stringify(origin)}`,
      endpointOf(BY_JWT, { allowedOrigins: [origin] }),
      'allowedOrigins[0] must be an origin as browsers send it',
    ]),
    [
      'no origin in the list',
      endpointOf(BY_JWT, { allowedOrigins: [] }),
      'allowedOrigins must have an origin',
    ],
    [
      'an origin twice',
      endpointOf(BY_JWT, { allowedOrigins: ['https://a.example', 'https://a.example'] }),
      'allowedOrigins must not name an origin twice',
    ],
    ['another protocol', { ...endpointOf(BY_IAM), protocol: 'A2A' }, 'protocol must be one of HTTP, MCP'],
    ['no inbound authorization', { ...endpointOf(BY_IAM), inbound: undefined }, 'inbound'],
    [
      'both kinds of inbound authorization',
      endpointOf({ ...BY_JWT, userIdPrincipals: [] } as never),
      'userIdPrincipals',
    ],
    [
      'a session as principal',
      endpointOf({
        kind: 'IAM',
        userIdPrincipals: ['arn:aws:sts::123456789012:assumed-role/web/session'],
      }),
      'inbound.userIdPrincipals[0] must be the ARN of an IAM role',
    ],
    [
      'every principal',
      endpointOf({ kind: 'IAM', userIdPrincipals: ['*'] }),
      'inbound.userIdPrincipals[0] must be the ARN of an IAM role',
    ],
    [
      'no discovery URL',
      endpointOf({ kind: 'JWT', discoveryUrl: 'https://issuer.example' }),
      'inbound.discoveryUrl must end in',
    ],
    [
      'a discovery URL by http',
      endpointOf({ ...BY_JWT, discoveryUrl: BY_JWT.discoveryUrl.replace('https', 'http') }),
      'inbound.discoveryUrl must be https',
    ],
    [
      'a mapping of a scope that is not allowed',
      endpointOf({ ...BY_JWT, ...claims, advertisedScopeMapping: { read: 'a' } }),
      'inbound.advertisedScopeMapping must map scopes that allowedScopes names',
    ],
    [
      'a mapping without any scope',
      endpointOf({ ...BY_JWT, advertisedScopeMapping: { read: 'a' } }),
      'inbound.advertisedScopeMapping must map scopes that allowedScopes names',
    ],
    [
      "a scope that would end the header's value",
      endpointOf({ ...BY_JWT, ...claims, advertisedScopeMapping: { invoke: 'a", error="b' } }),
      'inbound.advertisedScopeMapping.invoke must be one scope',
    ],
    [
      'an internal target',
      endpointOf(BY_IAM, { target: { kind: 'url', url: 'http://agent.internal/invocations' } }),
      'target.url must be https',
    ],
    [
      'a target of both kinds',
      endpointOf(BY_IAM, { target: { kind: 'url', url: 'https://a.example', functionArn: 'x' } as never }),
      'target.functionArn',
    ],
    [
      'a function name instead of an ARN',
      endpointOf(BY_IAM, { target: { kind: 'lambda', functionArn: 'agent' } }),
      'target.functionArn must be the ARN of a function',
    ],
    [
      'the signature as a header for the agent',
      endpointOf(BY_IAM, { requestHeaderAllowlist: ['AUTHORIZATION'] }),
      'requestHeaderAllowlist can contain Authorization only with JWT inbound',
    ],
    [
      "the gate's own header as a header for the agent",
      endpointOf(BY_JWT, { requestHeaderAllowlist: ['WorkloadAccessToken'] }),
      'requestHeaderAllowlist[0] must be Authorization or',
    ],
    [
      'a repeated header',
      endpointOf(BY_JWT, { requestHeaderAllowlist: ['Authorization', 'authorization'] }),
      'requestHeaderAllowlist must not name a header twice',
    ],
    [
      'an invocation timeout that is too long',
      endpointOf(BY_IAM, { invocationTimeout: 901 }),
      'invocationTimeout must be 900 seconds or less',
    ],
    [
      'a callback URL that no header can contain',
      endpointOf(BY_IAM, { oauth2CallbackUrl: 'https://app.example/→' }),
      'oauth2CallbackUrl must contain only characters of a URL',
    ],
    [
      'a return URL that no workload identity can have',
      endpointOf(BY_IAM, { oauth2CallbackUrl: 'intent://app.example' }),
      'oauth2CallbackUrl must begin with https://',
    ],
    [
      'an invocation timeout of 0',
      endpointOf(BY_IAM, { invocationTimeout: 0 }),
      'invocationTimeout must be 1 second or more',
    ],
    ['an unknown member', { ...endpointOf(BY_IAM), timeout: 3 }, 'timeout'],
    ['a list', [], 'the configuration must be an object'],
  ])('is rejected with an error that names the member: %s', (_what, value, message) => {
    expect(() => parse(value)).toThrow(message);
  });

  it('is rejected if it is not JSON', () => {
    expect(() => parseAgentEndpoint('{', DEPLOYED)).toThrow('the configuration must be JSON');
  });
});

it('the invocation URL is the URL that callers sign and request tokens for', () => {
  expect(invocationUrl(endpointOf(BY_IAM))).toBe(
    'https://gate.example/prod/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Ftravel-0123456789/invocations',
  );
});

it('tokens must be for the endpoint itself unless the configuration names an audience or a client', () => {
  const trustOf = (change: object) => trustedIssuerOf(endpointOf(BY_JWT), { ...BY_JWT, ...change });
  expect(trustOf({})).toMatchObject({
    discoveryUrl: `${ISSUER}/.well-known/openid-configuration`,
    allowedAudience: [invocationUrl(endpointOf(BY_JWT))],
  });
  expect(trustOf({ allowedAudience: ['app'] }).allowedAudience).toEqual(['app']);
  // Access tokens of some issuers name a client and no audience.
  expect(trustOf({ allowedClients: ['web'] }).allowedAudience).toBeUndefined();
  const others = { customClaims: [], allowedScopes: ['a'], acceptBoundTokens: true, caCertificates: 'PEM' };
  expect(trustOf(others)).toMatchObject(others);
});

it('the invocation timeout is the time that API Gateway streams for, unless the configuration sets a shorter one', () => {
  expect(invocationTimeoutMs(endpointOf(BY_IAM))).toBe(900_000);
  expect(invocationTimeoutMs(endpointOf(BY_IAM, { invocationTimeout: 5 }))).toBe(5_000);
});

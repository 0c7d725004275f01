/** The configuration of an agent endpoint: what may stand in it, and what each mistake is told. */
import {
  invocationUrl,
  parseAgentEndpoint,
  runMilliseconds,
  trustedIssuerOf,
  type AgentEndpointConfiguration,
} from '../../../lambda/domain/gate/agent-endpoint';
import { APPLICATION, ARN, BY_IAM, BY_JWT, endpointOf, ISSUER, TEAM_IS_BLUE } from './endpoints';

const DEPLOYED = { loopback: false };
const LOCAL = { loopback: true };

const parse = (value: unknown, policy = DEPLOYED): AgentEndpointConfiguration =>
  parseAgentEndpoint(JSON.stringify(value), policy);

describe('is taken', () => {
  it.each([
    ['with IAM', endpointOf(BY_IAM)],
    ['with principals who may name a user', endpointOf({ kind: 'IAM', userIdPrincipals: [APPLICATION] })],
    ['with user tokens', endpointOf(BY_JWT)],
    [
      'with all that there is to say of tokens',
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
    ['with a limit to its runs', endpointOf(BY_IAM, { runSeconds: 30 })],
  ])('%s', (_what, value) => {
    expect(parse(value)).toEqual(value);
  });

  it('at a loopback address, where the deployment lets those in', () => {
    const local = endpointOf(BY_IAM, {
      baseUrl: 'http://127.0.0.1:4610',
      target: { kind: 'url', url: 'http://localhost:8080/invocations' },
    });
    expect(parse(local, LOCAL)).toEqual(local);
    expect(() => parse(local)).toThrow('baseUrl: must be https');
  });
});

describe('is refused, with the member and what it must be', () => {
  const claims = { allowedScopes: ['invoke'] };
  it.each<[what: string, value: unknown, message: string]>([
    ['another ARN', { ...endpointOf(BY_IAM), agentRuntimeArn: `${ARN}x` }, 'agentRuntimeArn: must be like'],
    ['a bad name', { ...endpointOf(BY_IAM), workloadName: 'a b' }, 'workloadName: must be the name'],
    [
      'a trailing slash',
      { ...endpointOf(BY_IAM), baseUrl: 'https://a.example/' },
      'baseUrl: must not end in a slash',
    ],
    [
      'a base that is no URL',
      { ...endpointOf(BY_IAM), baseUrl: 'a.example' },
      'baseUrl: must be an absolute https URL',
    ],
    ['another protocol', { ...endpointOf(BY_IAM), protocol: 'A2A' }, 'protocol: '],
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
      'inbound.userIdPrincipals.0: must be the ARN of an IAM role',
    ],
    [
      'every principal',
      endpointOf({ kind: 'IAM', userIdPrincipals: ['*'] }),
      'inbound.userIdPrincipals.0: must be the ARN of an IAM role',
    ],
    [
      'no discovery URL',
      endpointOf({ kind: 'JWT', discoveryUrl: 'https://issuer.example' }),
      'inbound.discoveryUrl: must end in',
    ],
    [
      'a discovery URL by http',
      endpointOf({ ...BY_JWT, discoveryUrl: BY_JWT.discoveryUrl.replace('https', 'http') }),
      'inbound.discoveryUrl: must be https',
    ],
    [
      'a mapping of a scope that is not allowed',
      endpointOf({ ...BY_JWT, ...claims, advertisedScopeMapping: { read: 'a' } }),
      'inbound: advertisedScopeMapping must map scopes that allowedScopes names',
    ],
    [
      'a mapping without any scope',
      endpointOf({ ...BY_JWT, advertisedScopeMapping: { read: 'a' } }),
      'inbound: advertisedScopeMapping must map scopes that allowedScopes names',
    ],
    [
      "a scope that would end the header's value",
      endpointOf({ ...BY_JWT, ...claims, advertisedScopeMapping: { invoke: 'a", error="b' } }),
      'inbound.advertisedScopeMapping.invoke: must be one scope',
    ],
    [
      'a target inside',
      endpointOf(BY_IAM, { target: { kind: 'url', url: 'http://agent.internal/invocations' } }),
      'target.url: must be https',
    ],
    [
      'a target of both kinds',
      endpointOf(BY_IAM, { target: { kind: 'url', url: 'https://a.example', functionArn: 'x' } as never }),
      'target.functionArn',
    ],
    [
      'a function by its name',
      endpointOf(BY_IAM, { target: { kind: 'lambda', functionArn: 'agent' } }),
      'target.functionArn: must be the ARN of a function',
    ],
    [
      'the signature as a header for the agent',
      endpointOf(BY_IAM, { requestHeaderAllowlist: ['AUTHORIZATION'] }),
      'requestHeaderAllowlist can name Authorization with JWT inbound only',
    ],
    [
      "the gate's own header as a header for the agent",
      endpointOf(BY_JWT, { requestHeaderAllowlist: ['WorkloadAccessToken'] }),
      'requestHeaderAllowlist.0: must be Authorization or',
    ],
    [
      'a header twice',
      endpointOf(BY_JWT, { requestHeaderAllowlist: ['Authorization', 'authorization'] }),
      'requestHeaderAllowlist: must not name a header twice',
    ],
    ['a run without end', endpointOf(BY_IAM, { runSeconds: 901 }), 'runSeconds: must be 900 seconds or less'],
    [
      'a way back that no header holds',
      endpointOf(BY_IAM, { oauth2CallbackUrl: 'https://app.example/→' }),
      'oauth2CallbackUrl: must be printable ASCII',
    ],
    ['a run of no time', endpointOf(BY_IAM, { runSeconds: 0 }), 'runSeconds: must be 1 second or more'],
    ['a member that there is not', { ...endpointOf(BY_IAM), timeout: 3 }, 'timeout'],
    ['a list', [], 'agent endpoint: '],
  ])('%s', (_what, value, message) => {
    expect(() => parse(value)).toThrow(message);
  });

  it('what is not JSON', () => {
    expect(() => parseAgentEndpoint('{', DEPLOYED)).toThrow('agent endpoint: not JSON');
  });
});

it('has the invocation URL that its callers sign or get tokens for', () => {
  expect(invocationUrl(endpointOf(BY_IAM))).toBe(
    'https://gate.example/prod/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Ftravel-0123456789/invocations',
  );
});

it('requires tokens for itself unless the configuration names an audience or a client', () => {
  const judged = (change: object) => trustedIssuerOf(endpointOf(BY_JWT), { ...BY_JWT, ...change });
  expect(judged({})).toMatchObject({
    discoveryUrl: `${ISSUER}/.well-known/openid-configuration`,
    allowedAudience: [invocationUrl(endpointOf(BY_JWT))],
  });
  expect(judged({ allowedAudience: ['app'] }).allowedAudience).toEqual(['app']);
  // Access tokens of some issuers have a client and no audience.
  expect(judged({ allowedClients: ['web'] }).allowedAudience).toBeUndefined();
});

it('lets a run take what API Gateway streams for, or less', () => {
  expect(runMilliseconds(endpointOf(BY_IAM))).toBe(900_000);
  expect(runMilliseconds(endpointOf(BY_IAM, { runSeconds: 5 }))).toBe(5_000);
});

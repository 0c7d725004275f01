/** Props that synthesis rejects, because the endpoint could not be deployed or would reject every call. */
import { Duration } from 'aws-cdk-lib';
import { AgentTarget, Inbound } from '../../lib';
import { consumerStack } from './consumer';
import { agentFunction, endpointWith, ISSUER } from './endpoint';

const LAYER_ARN = 'arn:aws:lambda:eu-central-1:111122223333:layer:travel';

describe('synthesis rejects', () => {
  it.each<[string, Parameters<typeof endpointWith>[0], string | RegExp]>([
    [
      'a target that is not https',
      { target: AgentTarget.url('http://agent.example') },
      /^Consumer\/Travel: target\.url must be an https URL$/,
    ],
    [
      'a loopback target',
      { target: AgentTarget.url('http://127.0.0.1/x') },
      /^Consumer\/Travel: target\.url must be an https URL$/,
    ],
    [
      'a target that is not a function',
      { target: AgentTarget.lambda(agentFunction(consumerStack(), LAYER_ARN)) },
      'target.functionArn must be the ARN of a function',
    ],
    [
      'all functions',
      {
        target: AgentTarget.lambda(
          agentFunction(consumerStack(), 'arn:aws:lambda:eu-central-1:111122223333:function:*'),
        ),
      },
      'target.functionArn must be the ARN of a function',
    ],
    [
      'all roles as callers that name users',
      { inbound: Inbound.iam({ userIdPrincipals: ['arn:aws:iam::111122223333:role/*'] }) },
      'Consumer/Travel: inbound.userIdPrincipals',
    ],
    [
      'an issuer without metadata',
      { inbound: Inbound.jwt({ ...ISSUER, discoveryUrl: 'https://idp.example' }) },
      'inbound.discoveryUrl must end in /.well-known/openid-configuration',
    ],
    [
      'an advertised name for a scope that is not required',
      { inbound: Inbound.jwt({ ...ISSUER, advertisedScopeMapping: { a: 'b' } }) },
      'advertisedScopeMapping must map scopes that allowedScopes names',
    ],
    [
      'a scope that API Gateway cannot write into a header',
      { inbound: Inbound.jwt({ ...ISSUER, allowedScopes: ["it's"] }) },
      'Consumer/Travel: The header WWW-Authenticate must not contain a single quote, which API Gateway cannot return',
    ],
    [
      'a role with its path, which would never match',
      { inbound: Inbound.iam({ userIdPrincipals: ['arn:aws:iam::111122223333:role/apps/backend'] }) },
      'must be the ARN of an IAM role without its path',
    ],
    [
      'a header that callers must not send',
      { requestHeaderAllowlist: ['WorkloadAccessToken'] },
      'must be Authorization or X-Amzn-Bedrock-AgentCore-Runtime-Custom-…',
    ],
    ['every origin', { allowedOrigins: ['*'] }, 'Consumer/Travel: allowedOrigins[0] must be an origin'],
    [
      'passing the signature to the agent',
      { inbound: Inbound.iam(), requestHeaderAllowlist: ['Authorization'] },
      'a signature is of no use to an agent',
    ],
    [
      'an invocation timeout longer than API Gateway allows',
      { invocationTimeout: Duration.minutes(16) },
      'invocationTimeout must be 900 seconds or less',
    ],
    [
      'a name that AWS does not accept',
      { agentRuntimeName: '1st' },
      /agentRuntimeName must be a letter, .*, not "1st"$/,
    ],
    [
      'a limit that does not exist',
      { throttle: { rate: 5 } as object },
      'Consumer/Travel: throttle: rate is not a prop',
    ],
    [
      'a domain without its certificate',
      { domain: { domainName: 'a.example' } as never },
      'Consumer/Travel: domain: certificate is required',
    ],
    [
      'a function with too little memory',
      { functions: { authorizer: { memorySize: 1 } } },
      'Consumer/Travel: functions.authorizer.memorySize must be a whole number from 128 to 10240',
    ],
  ])('%s', (_, props, message) => {
    expect(() => endpointWith(props)).toThrow(message);
  });

  it('an invalid target, with an error that names the endpoint', () => {
    expect(() => endpointWith({ target: AgentTarget.url('ftp://a') })).toThrow(/^Consumer\/Travel: /);
  });
});

/**
 * The properties of workload identities and credential providers in a template, as the service receives them: names
 * and issuers. No template ever contains a secret.
 */
import { CfnParameter, Lazy, SecretValue, Stack } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import {
  AgentIdentity,
  ApiKeyCredentialProvider,
  OAuth2CredentialProvider,
  ProviderSecret,
  WorkloadIdentity,
  type ApiKeyCredentialProviderProps,
  type IAgentIdentity,
  type TrustedIssuer,
} from '../../lib';
import { consumerStack, OWNER, propertiesOf, statementsOf, templateOf, written } from './consumer';
import { API_KEY, IDENTITY, weatherIn } from './resources';
import { resourcesOf } from './synthesis';

let stack: Stack;
let identity: IAgentIdentity;
beforeEach(() => {
  stack = consumerStack();
  identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', { restApiId: 'abc123' });
});

const secretNamed = (id: string) => new Secret(stack, id);

const weatherOf = (props?: Partial<ApiKeyCredentialProviderProps>) => weatherIn(stack, identity, props);

describe('a secret', () => {
  const SECRET = 'sk-live-0123456789';

  it.each([
    ['clear text', () => SecretValue.unsafePlainText(SECRET)],
    ['a parameter', () => SecretValue.cfnParameter(new CfnParameter(stack, 'P', { noEcho: true }))],
    ['Systems Manager', () => SecretValue.ssmSecure('/weather/key')],
  ])('in %s is rejected, and the error does not repeat it', (_, apiKey) => {
    const make = () => weatherOf({ apiKey: apiKey() });
    expect(make).toThrow('must be in AWS Secrets Manager');
    expect(make).not.toThrow(SECRET);
  });

  it('is named in the template, which contains neither the secret nor a dynamic reference to it', () => {
    // A name that looks like the end of a complete ARN.
    const secret = Secret.fromSecretNameV2(stack, 'Named', 'weather/the-secret');
    weatherOf({ apiKey: secret.secretValueFromJson('key') });
    const template = templateOf(stack);
    expect(JSON.stringify(template)).not.toContain('{{resolve:');
    expect(propertiesOf(template, API_KEY).secret).toEqual({
      source: 'MANAGED',
      secretId: 'weather/the-secret',
      jsonKey: 'key',
    });
    const read = statementsOf(template, 'AgentIdentityResourcesRole').find(({ Action }) =>
      Action.includes('secretsmanager:GetSecretValue'),
    );
    expect(read?.Resource).toBe(
      'arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:weather/the-secret-??????',
    );
  });

  const ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:weather/key';
  it.each([
    ['by name', () => SecretValue.secretsManager('weather'), { secretId: 'weather' }],
    ['by its complete ARN', () => SecretValue.secretsManager(`${ARN}-AbCdEf`), { secretId: `${ARN}-AbCdEf` }],
    ['by its partial ARN', () => SecretValue.secretsManager(ARN), { secretId: 'weather/key' }],
    [
      'in one version',
      () => SecretValue.secretsManager('weather', { jsonField: 'k', versionId: 'v-1' }),
      { secretId: 'weather', jsonKey: 'k', versionId: 'v-1' },
    ],
    [
      'in one stage',
      () => SecretValue.secretsManager('weather', { versionStage: 'AWSPREVIOUS' }),
      { secretId: 'weather', versionStage: 'AWSPREVIOUS' },
    ],
    [
      'of the same stack',
      () => secretNamed('Mine').secretValueFromJson('k'),
      { secretId: '<Mine>', jsonKey: 'k' },
    ],
  ])('is referred to %s', (_, apiKey, expected) => {
    weatherOf({ apiKey: apiKey() });
    expect(propertiesOf(templateOf(stack), API_KEY).secret).toEqual({ source: 'MANAGED', ...expected });
  });

  it("can be external: then it is tagged for the provider's owner, and the function cannot read it", () => {
    const secret = secretNamed('Mine');
    weatherOf({ apiKey: ProviderSecret.external(secret, 'key') });
    const template = templateOf(stack);
    expect(propertiesOf(template, API_KEY).secret).toEqual({
      source: 'EXTERNAL',
      secretId: '<Mine>',
      jsonKey: 'key',
    });
    const mine = resourcesOf(template, 'AWS::SecretsManager::Secret').find(([id]) => id.startsWith('Mine'));
    expect(written(mine?.[1].Properties.Tags)).toEqual([{ Key: 'agent-identity:owner', Value: OWNER }]);
    const statements = statementsOf(template, 'AgentIdentityResourcesRole');
    expect(JSON.stringify(statements)).not.toContain('secretsmanager');
  });

  it('is read again if its version changes', () => {
    weatherOf({ secretVersion: '2026-11' });
    expect(propertiesOf(templateOf(stack), API_KEY)).toMatchObject({ secretVersion: '2026-11' });
  });
});

describe('a resource in a stack', () => {
  const stackIn = (id: string, region?: string) =>
    new Stack(stack.node.root, id, region === undefined ? {} : { env: { region } });
  const here = (region?: string) =>
    AgentIdentity.fromAgentIdentityAttributes(stackIn(`In-${region ?? 'any'}`, region), 'Identity', {
      restApiId: 'abc123',
    });

  it('of another Region than the service is rejected at synthesis', () => {
    const far = stackIn('Far', 'us-east-1');
    expect(() => new WorkloadIdentity(far, 'Agent', { identity: here('eu-central-1') })).toThrow(
      'Far/Agent: the stack is in us-east-1, and In-eu-central-1/Identity in eu-central-1. Put the resource into a stack in eu-central-1.',
    );
  });

  it.each([
    ['us-east-1', 'us-east-1'],
    [undefined, 'us-east-1'],
    ['us-east-1', undefined],
  ])('of %s can be at a service in %s', (region, ofService) => {
    const agent = new WorkloadIdentity(stackIn('Near', region), 'Agent', { identity: here(ofService) });
    expect(agent.workloadIdentityName).toBeDefined();
  });
});

describe('names', () => {
  it('are derived from the path, within the limits of the service', () => {
    const long = 'A'.repeat(200);
    new WorkloadIdentity(stack, long, { identity });
    weatherOf();
    const template = templateOf(stack);
    expect(propertiesOf(template, IDENTITY).name).toMatch(/^[A-Za-z0-9-]{3,255}$/);
    expect(propertiesOf(template, API_KEY).name).toMatch(/^Consumer-?Weather-?[0-9A-F]{8}$/);
  });

  it('that the service does not accept are rejected at synthesis', () => {
    expect(() => new WorkloadIdentity(stack, 'A', { identity, workloadIdentityName: 'a b' })).toThrow(
      'the service does not accept the name "a b": it must contain only letters, digits,',
    );
    expect(() => weatherOf({ credentialProviderName: 'a.b' })).toThrow(
      'the service does not accept the name "a.b"',
    );
  });

  it('that two resources of a type have at a service are rejected at synthesis', () => {
    const named = (id: string, at = identity) =>
      new WorkloadIdentity(stack, id, { identity: at, workloadIdentityName: 'travel' });
    named('A');
    weatherOf({ credentialProviderName: 'travel' });
    named('B', AgentIdentity.fromAgentIdentityAttributes(stack, 'Second', { restApiId: 'second' }));
    expect(() => named('C')).toThrow('Consumer/C: Consumer/A already has the name "travel"');
    const other = new Stack(stack.node.root, 'OtherTeam');
    expect(() => new WorkloadIdentity(other, 'D', { identity, workloadIdentityName: 'travel' })).toThrow(
      'OtherTeam/D: Consumer/A already has the name "travel"',
    );
  });

  it('of existing resources determine their ARNs', () => {
    const theirs = OAuth2CredentialProvider.fromCredentialProviderName(stack, 'Theirs', 'calendar');
    expect(written(stack.resolve(theirs.credentialProviderArn))).toBe(
      'arn:<AWS::Partition>:bedrock-agentcore:<AWS::Region>:<AWS::AccountId>:token-vault/default/oauth2credentialprovider/calendar',
    );
    expect(
      ApiKeyCredentialProvider.fromCredentialProviderName(stack, 'Key', 'weather').credentialProviderName,
    ).toBe('weather');
  });
});

describe('a workload identity', () => {
  it('that the service does not accept is rejected at synthesis', () => {
    const make = (url: string, id = 'A') =>
      new WorkloadIdentity(stack, id, { identity, allowedResourceOauth2ReturnUrls: [url] });
    expect(() => make('no url')).toThrow(/^Consumer\/A: allowedResourceOauth2ReturnUrls\.0 must be .* URL/);
    expect(() => make('intent://app.example', 'B')).toThrow(
      /^Consumer\/B: allowedResourceOauth2ReturnUrls\.0 must begin with https/,
    );
    expect(() => make(`https://${Lazy.string({ produce: () => 'app.example' })}/back`, 'C')).not.toThrow();
  });

  it.each<[what: string, authorizer: TrustedIssuer, message: RegExp]>([
    ['another address', { discoveryUrl: 'https://login.example' }, /A: authorizer\.discoveryUrl must /],
    [
      'no audience',
      { discoveryUrl: 'https://login.example/.well-known/openid-configuration', allowedAudience: [] },
      /A: authorizer\.allowedAudience must have 1 or more entries/,
    ],
  ])('whose issuer has %s is rejected by the name of the prop', (_what, authorizer, message) => {
    expect(() => new WorkloadIdentity(stack, 'A', { identity, authorizer })).toThrow(message);
  });

  const authorizer = {
    discoveryUrl: 'https://idp.example/.well-known/openid-configuration',
    allowedClients: ['app'],
  };

  const PREFIX = 'arn:aws:bedrock-agentcore:eu-central-1:111122223333:workload-identity-directory/default';

  it('can list agents that can call it, also the other way around', () => {
    const travel = new WorkloadIdentity(stack, 'Travel', { identity });
    const arn = `${PREFIX}/workload-identity/mail-agent`;
    const imported = WorkloadIdentity.fromWorkloadIdentityArn(stack, 'Imported', arn);
    const allowedWorkloadIdentities = [travel, imported];
    new WorkloadIdentity(stack, 'Agent', {
      identity,
      workloadIdentityName: 'calendar-agent',
      authorizer,
      allowedWorkloadIdentities,
    });
    const { configuration } = identityNamed('calendar-agent');
    // The name, and no reference to the resource.
    expect(JSON.parse(String(configuration))).toMatchObject({
      authorizerConfiguration: {
        customJWTAuthorizer: {
          ...authorizer,
          allowedWorkloadConfiguration: { workloadIdentities: [travel._givenName, 'mail-agent'] },
        },
      },
    });
  });

  it('can list an agent by a name that is known only at deployment', () => {
    const later = WorkloadIdentity.fromWorkloadIdentityName(stack, 'Later', 'mail-agent');
    new WorkloadIdentity(stack, 'Agent', {
      identity,
      workloadIdentityName: 'calendar-agent',
      authorizer,
      allowedWorkloadIdentities: [later],
    });
    const { configuration } = identityNamed('calendar-agent');
    expect(String(configuration)).not.toContain('known-at-deployment');
  });

  /** The properties of the workload identity with this name. */
  const identityNamed = (name: string): Record<string, unknown> => {
    const all = resourcesOf(templateOf(stack), 'Custom::AgentIdentityWorkloadIdentity').map(
      ([, { Properties }]) => written(Properties) as Record<string, unknown>,
    );
    return all.find((each) => each.name === name) ?? {};
  };

  it('that lists no agent, too many, or has no authorizer is rejected by the name of the prop', () => {
    const imported = WorkloadIdentity.fromWorkloadIdentityName(stack, 'Imported', 'mail-agent');
    const listing = (id: string, count: number) =>
      new WorkloadIdentity(stack, id, {
        identity,
        authorizer,
        allowedWorkloadIdentities: Array.from({ length: count }, () => imported),
      });
    for (const count of [0, 11]) {
      expect(() => listing(`Of${count}`, count)).toThrow(/: allowedWorkloadIdentities must /);
    }
    expect(
      () => new WorkloadIdentity(stack, 'Open', { identity, allowedWorkloadIdentities: [imported] }),
    ).toThrow(/allowedWorkloadIdentities needs authorizer/);
    const elsewhere = new WorkloadIdentity(new Stack(stack.node.root, 'Other'), 'Caller', { identity });
    expect(
      () =>
        new WorkloadIdentity(stack, 'Called', {
          identity,
          authorizer,
          allowedWorkloadIdentities: [elsewhere],
        }),
    ).toThrow('Consumer/Called: allowedWorkloadIdentities: Other/Caller is in another stack');
  });

  it('can trust its own issuer', () => {
    const discoveryUrl = 'https://login.example/.well-known/openid-configuration';
    new WorkloadIdentity(stack, 'A', { identity, authorizer: { discoveryUrl, allowedAudience: ['app'] } });
    expect(JSON.parse(String(propertiesOf(templateOf(stack), IDENTITY).configuration))).toEqual({
      allowedResourceOauth2ReturnUrls: [],
      authorizerConfiguration: { customJWTAuthorizer: { discoveryUrl, allowedAudience: ['app'] } },
    });
  });

  it('is rejected for a service address over http, because secrets would be sent to it', () => {
    const elsewhere = AgentIdentity.fromAgentIdentityAttributes(stack, 'Elsewhere', {
      restApiId: 'abc123',
      endpoint: 'http://identity.example.com',
    });
    expect(() => new WorkloadIdentity(stack, 'A', { identity: elsewhere })).toThrow(
      'AgentIdentityResources: endpoint: must be https',
    );
  });

  it('uses the stated address of the service', () => {
    const elsewhere = AgentIdentity.fromAgentIdentityAttributes(stack, 'Elsewhere', {
      restApiId: 'abc123',
      endpoint: 'https://identity.example.com',
    });
    new WorkloadIdentity(stack, 'A', { identity: elsewhere, importExisting: true });
    expect(propertiesOf(templateOf(stack), IDENTITY)).toMatchObject({
      endpoint: 'https://identity.example.com',
      importExisting: 'true',
    });
  });
});

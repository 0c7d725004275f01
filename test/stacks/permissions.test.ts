/** The permissions of each function: the whole policy of its role, statement by statement, and its environment. */
import { FUNCTION_GROUPS, type FunctionGroup, ROUTED_GROUPS } from '../../lambda/operations/groups';
import { expectedStatements, logicalId, type Statement } from './expected-statements';
import { POLLED_ISSUER, plain, resourcesOf, standardSynthesis } from './synthesis';

const synthesis = standardSynthesis();
const { stateful, stateless } = synthesis;

/** Returns the only resource of a type with this logical ID, apart from the hash. */
function resource(type: string, id: string): Readonly<Record<string, unknown>> {
  const found = resourcesOf(stateless, type).filter(([candidate]) =>
    new RegExp(`^${id}[0-9A-F]{8}$`).test(candidate),
  );
  expect(found).toHaveLength(1);
  return plain(found[0]?.[1].Properties, synthesis) as Readonly<Record<string, unknown>>;
}

const policiesOf = (group: FunctionGroup) =>
  resource('AWS::IAM::Role', logicalId(group, 'role')).Policies as {
    PolicyName: string;
    PolicyDocument: { Statement: Statement[] };
  }[];

const environmentOf = (group: FunctionGroup): Readonly<Record<string, string>> => {
  const { Environment } = resource('AWS::Lambda::Function', logicalId(group));
  return (Environment as { Variables: Record<string, string> }).Variables;
};

describe.each(FUNCTION_GROUPS)('the role of %s', (group) => {
  it('has exactly the expected statements', () => {
    expect(policiesOf(group)).toEqual([
      {
        PolicyName: group,
        PolicyDocument: { Version: '2012-10-17', Statement: expectedStatements(group) },
      },
    ]);
  });

  it('has no managed policy, and only Lambda can assume it', () => {
    const role = resource('AWS::IAM::Role', logicalId(group, 'role'));
    expect(Object.keys(role).sort()).toEqual(['AssumeRolePolicyDocument', 'Description', 'Policies']);
    expect(role.AssumeRolePolicyDocument).toEqual({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } },
      ],
    });
  });

  it('belongs to the function, which has its own log group', () => {
    expect(resource('AWS::Lambda::Function', logicalId(group))).toMatchObject({
      Role: `<${logicalId(group, 'role')}.Arn>`,
      LoggingConfig: { LogGroup: `<${logicalId(group, 'logs')}>` },
    });
  });

  it('has no wildcard actions, and uses keys only for a purpose, through DynamoDB, or with the owner tag', () => {
    for (const { Action, Condition } of policiesOf(group).flatMap(
      ({ PolicyDocument }) => PolicyDocument.Statement,
    )) {
      const actions = [Action].flat();
      expect(actions.join()).not.toContain('*');
      if (actions.some((action) => action.startsWith('kms:'))) {
        expect(JSON.stringify(Condition)).toMatch(
          /^{"StringEquals":{"kms:(EncryptionContext:purpose|ViaService)":[^}]+}}$|^{"Null":{"aws:ResourceTag\/agent-identity:owner":"false"}}$/,
        );
      }
    }
  });
});

it('the stacks attach no further policies to the roles', () => {
  for (const template of [stateful, stateless]) {
    const types = Object.values(template.Resources).map(({ Type }) => Type);
    expect(types.filter((type) => /^AWS::IAM::.*Policy$|ResourcePolicy$/.test(type))).toEqual([]);
  }
  const roles = resourcesOf(stateless, 'AWS::IAM::Role').map(([, { Properties }]) => Properties.Policies);
  // The other role writes API Gateway's access logs and has no policy of this package.
  expect(roles.filter(Boolean)).toHaveLength(FUNCTION_GROUPS.length);
  expect(roles).toHaveLength(FUNCTION_GROUPS.length + 1);
});

it('Lambda tries an asynchronous invocation once, within 60 seconds, and repeats only the verification of a portal', () => {
  const configured = resourcesOf(stateless, 'AWS::Lambda::EventInvokeConfig');
  const ofAlias = (name: string) => ({
    FunctionName: `<${name}>`,
    // The last part of the ARN of the alias.
    Qualifier: { 'Fn::Select': [7, { 'Fn::Split': [':', `<${name}live>`] }] },
  });
  const once = { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 };
  expect(configured.map(([, { Properties }]) => plain(Properties, synthesis))).toEqual([
    { ...ofAlias('revocation'), ...once },
    { ...ofAlias('providerclient'), ...once },
    { ...ofAlias('connections'), MaximumEventAgeInSeconds: 3600, MaximumRetryAttempts: 2 },
    { ...ofAlias('eventpoll'), ...once },
  ]);
});

/** Delegates access to IAM. */
const leftToIam = {
  Effect: 'Allow',
  Action: 'kms:*',
  Principal: { AWS: 'arn:<AWS::Partition>:iam::<AWS::AccountId>:root' },
  Resource: '*',
};

it('the key policy of the encryption key delegates to IAM, and allows no AWS service', () => {
  const [key] = resourcesOf(stateful, 'AWS::KMS::Key');
  expect(plain(key?.[1].Properties.KeyPolicy, synthesis)).toEqual({
    Version: '2012-10-17',
    Statement: [leftToIam],
  });
});

it("the key policy of the log key allows CloudWatch Logs for this account's log groups", () => {
  const [key] = resourcesOf(stateless, 'AWS::KMS::Key');
  expect(key?.[1]).toMatchObject({
    DeletionPolicy: 'RetainExceptOnCreate',
    Properties: { EnableKeyRotation: true },
  });
  expect(plain(key?.[1].Properties.KeyPolicy, synthesis)).toEqual({
    Version: '2012-10-17',
    Statement: [
      leftToIam,
      {
        Sid: 'CloudWatchLogs',
        Effect: 'Allow',
        Action: ['kms:Decrypt', 'kms:Describe*', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
        Principal: { Service: 'logs.<AWS::Region>.amazonaws.com' },
        Resource: '*',
        Condition: {
          ArnLike: {
            'kms:EncryptionContext:aws:logs:arn':
              'arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:*',
          },
        },
      },
    ],
  });
});

describe('the environment', () => {
  const everywhere = {
    ARN_PREFIX: 'arn:<AWS::Partition>:bedrock-agentcore:<AWS::Region>:<AWS::AccountId>',
    DEPLOYMENT_NAME: 'AgentIdentityStateless',
  };
  const address = {
    BASE_URL: 'https://<ApiRestApi>.execute-api.<AWS::Region>.<AWS::URLSuffix>/prod',
  };
  const directory = { DIRECTORY_TABLE: '<DirectoryTable>' };
  const keys = { KEYS_TABLE: '<KeysTable>' };
  const sessions = { SESSIONS_TABLE: '<SessionsTable>' };
  const vault = { VAULT_TABLE: '<VaultTable>' };
  const issuers = { TRUSTED_ISSUERS: JSON.stringify([POLLED_ISSUER]) };
  const lifetimes = { LIFETIMES: '{"workloadAccessToken":900,"consentSession":600,"vaultKey":7776000}' };
  const providerClient = { PROVIDER_CLIENT_FUNCTION: '<providerclient>:live' };
  const revocation = { REVOCATION_FUNCTION: '<revocation>:live' };
  const connections = { CONNECTIONS_FUNCTION: '<connections>:live' };
  const revocations = { REVOCATIONS_TABLE: '<RevocationsTable>', REVOCATION_FUNCTION: '<revocation>:live' };
  const quotas =
    '{"workloadIdentities":1000,"oauth2CredentialProviders":50,"apiKeyCredentialProviders":50,"consentPortals":50,"gateways":1000,"policyEngines":1000,"targetsPerGateway":100}';

  it.each<[FunctionGroup, Record<string, string>]>([
    [
      'control-plane',
      {
        ...address,
        ...directory,
        ...keys,
        ...vault,
        ...revocations,
        ...connections,
        ...providerClient,
        QUOTAS: quotas,
      },
    ],
    ['token-exchange', { ...address, ...directory, ...keys, ...sessions, ...issuers, ...lifetimes }],
    [
      'credential-retrieval',
      {
        ...address,
        ...directory,
        ...keys,
        ...sessions,
        ...vault,
        ...issuers,
        ...lifetimes,
        ...providerClient,
        ...revocation,
      },
    ],
    ['oauth-callback', { ...address, ...directory, ...keys, ...sessions, ...providerClient }],
    ['provider-client', { ...address, ...directory, ...keys, ...vault, ...lifetimes, ...revocation }],
    [
      'revocation',
      {
        ...directory,
        ...keys,
        ...vault,
        ...lifetimes,
        REVOCATIONS_TABLE: '<RevocationsTable>',
      },
    ],
    [
      'connections',
      {
        ...address,
        ...directory,
        ...keys,
        ...sessions,
        ...vault,
        ...issuers,
        ...lifetimes,
        ...revocations,
      },
    ],
    ['portal', { ...address, CONNECTIONS_FUNCTION: '<connections>:live' }],
    ['key-rotation', { ...directory, ...keys, URL_SUFFIX: '<AWS::URLSuffix>' }],
    ['token-vault', { ...directory, ...keys }],
    ['grants', { ...address, ...directory, ...vault, ...revocations }],
    ['operator', { ...directory, ...vault, ...revocations }],
  ])('of %s contains only the resources that it can use', (group, expected) => {
    const key = group === 'portal' ? {} : { KMS_KEY_ARN: '<EncryptionKey.Arn>' };
    const isRouted = ROUTED_GROUPS.some((routed) => routed === group);
    const ofApi = isRouted ? { STAGE_SECRET_HASH: '<StageSecret.Hash>' } : {};
    expect(environmentOf(group)).toEqual({ ...everywhere, ...key, ...ofApi, ...expected });
  });

  it('never allows providers on loopback', () => {
    expect(JSON.stringify([stateful, stateless])).not.toContain('LOOPBACK_PROVIDERS');
  });
});

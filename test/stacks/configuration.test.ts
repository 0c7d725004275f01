/** The configuration file of a deployment: where it is found, what it configures, and the message for each mistake. */
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync, spawnSync } from 'node:child_process';
import { ConfigurationError, withConfigurationErrors, readConfiguration } from '../../bin/configuration/file';
import { MEMBERS, propsOf } from '../../bin/configuration/members';
import type { DeploymentConfiguration } from '../../bin/configuration';
import { IdentityServiceStack } from '../../lib';
import { addIdentityState } from '../../lib/constructs/identity-state';
import { casesToRun } from '../all-cases';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agent-identity-configuration-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const write = (name: string, content: string): void => {
  writeFileSync(join(folder, name), content);
};

const issuers = [
  { discoveryUrl: 'https://idp.example/.well-known/openid-configuration', allowedAudience: ['app'] },
];

describe('the file', () => {
  it('can be missing: the deployment then has the defaults', () => {
    expect(readConfiguration(folder, {})).toEqual({});
  });

  it.each([
    ['ts', 'const consentPage: boolean = true; export default { consentPage, runbook: undefined };'],
    ['js', 'module.exports = { consentPage: true };'],
    ['json', '{"consentPage":true}'],
  ])('can be agent-identity.config.%s', (extension, content) => {
    write(`agent-identity.config.${extension}`, content);
    expect(readConfiguration(folder, {})).toEqual({ consentPage: true });
  });

  it.each(casesToRun(['ts', 'mts', 'js', 'mjs']))(
    'of the extension %s can be an ES module under tsx',
    (extension) => {
      write(`agent-identity.config.${extension}`, 'export default { consentPage: true };');
      const program = `const { readConfiguration } = require('./bin/configuration/file.ts'); process.stdout.write(JSON.stringify(readConfiguration(${JSON.stringify(folder)}, {})));`;
      const root = join(__dirname, '../..');
      const output = execFileSync('node', ['--require', 'tsx/cjs', '--eval', program], { cwd: root });
      expect(JSON.parse(output.toString())).toEqual({ consentPage: true });
    },
  );

  it('can be elsewhere, named by the context', () => {
    write('prod.json', '{"consentPage":true}');
    expect(readConfiguration(folder, { config: 'prod.json' })).toEqual({ consentPage: true });
  });

  it('has members replaced by those of the context, as JSON or as a value of cdk.json', () => {
    write('agent-identity.config.json', '{"consentPage":true,"cloudWatchRole":true}');
    const context = { cloudWatchRole: 'false', trustedIssuers: JSON.stringify(issuers), functions: {} };
    expect(readConfiguration(folder, context)).toEqual({
      consentPage: true,
      cloudWatchRole: false,
      trustedIssuers: issuers,
      functions: {},
    });
  });
});

const messageOf = (context: Readonly<Record<string, unknown>> = {}): string => {
  try {
    readConfiguration(folder, context);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }
  return 'accepted';
};

describe('a mistake is reported', () => {
  it.each<[string, object, string]>([
    [
      'a misspelled member',
      { trustedIsuers: [] },
      'trustedIsuers is not a member of this configuration. Did you mean trustedIssuers?',
    ],
    [
      'a string in place of a list',
      { trustedIssuers: [{ ...issuers[0], allowedClients: 'app' }] },
      'trustedIssuers[0].allowedClients must be an array of strings',
    ],
    [
      'an alias in place of a key',
      { encryptionKeyArn: 'alias/vault' },
      'encryptionKeyArn must be the ARN of a KMS key',
    ],
    [
      'an ARN of another service',
      { alarmsTopicArn: 'arn:aws:sqs:eu-central-1:111122223333:queue' },
      'alarmsTopicArn must be the ARN of a topic (arn:aws:sns:…)',
    ],
    ...[90, '90 days', 'P1Y', 'P2W'].map((vaultKey): [string, object, string] => [
      `${JSON.stringify(vaultKey)} in place of a duration`,
      { lifetimes: { vaultKey } },
      'lifetimes.vaultKey must be an ISO 8601 duration, such as PT15M (15 minutes) or P90D (90 days), without years, months, and weeks',
    ]),
    ...[365, 'P1Y', 'PT36H'].map((retention): [string, object, string] => [
      `${JSON.stringify(retention)} in place of whole days`,
      { auditTrail: { retention } },
      'auditTrail.retention must be an ISO 8601 duration of whole days, such as P365D, without years, months, and weeks',
    ]),
    ['days that CloudWatch does not have', { logRetention: 100 }, 'logRetention must be one of 1, 3, 5, '],
    ['an IP version', { ipAddressType: 'ipv6' }, 'ipAddressType must be one of ipv4, dualstack'],
    [
      'a domain without a certificate',
      { domain: { domainName: 'a.example' } },
      'domain.certificateArn is required',
    ],
    [
      'a subnet without its form',
      { network: { vpcId: 'vpc-1', subnetIds: ['a'] } },
      'network.subnetIds[0] must be the ID of a subnet (subnet-…)',
    ],
    ['another policy', { removalPolicy: 'snapshot' }, 'removalPolicy must be one of retain, destroy'],
    [
      'a function that does not exist',
      { functions: { tokenExchang: {} } },
      'functions.tokenExchang is not a member of this configuration. Did you mean tokenExchange?',
    ],
    [
      'an endpoint of another form',
      { privateApi: { vpcEndpointIds: ['a'] } },
      'privateApi.vpcEndpointIds[0] must be',
    ],
    [
      'a web ACL by its name',
      { webAcl: { name: 'acl' } },
      'webAcl must have arn, requestsPerFiveMinutes, or no member',
    ],
    ['a list', [], 'must export an object by default'],
    [
      'a URL in place of a domain name',
      {
        domain: {
          domainName: 'https://a.example',
          certificateArn: 'arn:aws:acm:eu-central-1:111122223333:c/1',
        },
      },
      'domain.domainName must be a domain name in lowercase',
    ],
    [
      'a deployment configuration without its prefix',
      { deploymentConfig: 'LambdaCanary10Percent10Minutes' },
      'deploymentConfig must be one of CodeDeployDefault.LambdaAllAtOnce, CodeDeployDefault.LambdaCanary',
    ],
    [
      'the name of a constant of CDK',
      { deploymentConfig: 'CANARY_10PERCENT_10MINUTES' },
      'deploymentConfig must be one of CodeDeployDefault.LambdaAllAtOnce, CodeDeployDefault.LambdaCanary',
    ],
    [
      'a misspelled deployment configuration',
      { deploymentConfig: 'CodeDeployDefault.LambdaCanary10Percent10Minute' },
      'deploymentConfig must be one of',
    ],
    ['a tag of AWS', { tags: { 'aws:x': 'a' } }, 'tags must not have a name that begins with "aws:"'],
    [
      'an alias for the token vault',
      { tokenVaultKeys: ['arn:aws:kms:eu-central-1:111122223333:alias/vault'] },
      'tokenVaultKeys[0] must be the ARN of a KMS key',
    ],
  ])('with the file, the member, and what to do: %s', (_what, configuration, message) => {
    write('agent-identity.config.json', JSON.stringify(configuration));
    expect(messageOf()).toMatch(/^agent-identity\.config\.json/);
    expect(messageOf()).toContain(message);
  });

  it('together with all others, a line for each', () => {
    write('agent-identity.config.json', '{"consentPage":1,"runbok":"a"}');
    expect(messageOf()).toBe(
      'agent-identity.config.json:\n  runbok is not a member of this configuration. Did you mean runbook?\n  consentPage must be true or false',
    );
  });

  it('for a file that does not exist, is not JSON, or throws', () => {
    expect(messageOf({ config: 'prod.ts' })).toContain('config: no file "prod.ts". Write the path');
    write('agent-identity.config.json', '{');
    expect(messageOf()).toMatch(/^agent-identity\.config\.json cannot be read: /);
    write('throws.js', "throw new Error('no such file')");
    expect(messageOf({ config: 'throws.js' })).toBe('throws.js cannot be read: no such file');
  });

  it('for a file with named exports only', () => {
    write('agent-identity.config.ts', 'export const config = { consentPage: true };');
    expect(messageOf()).toMatch(/^agent-identity\.config\.ts must export an object by default/);
  });

  it('for a member that the context cannot state', () => {
    expect(messageOf({ consentPage: 'true' })).toBe(
      'context: consentPage is read only from the configuration file. Write it into agent-identity.config.ts.',
    );
  });

  it('for two files', () => {
    write('agent-identity.config.ts', '');
    write('agent-identity.config.json', '{}');
    expect(messageOf()).toContain('agent-identity.config.ts and agent-identity.config.json are both');
  });

  it('for a member of the context, without its value', () => {
    expect(messageOf({ trustedIssuers: '[sesame' })).toBe(
      "context: trustedIssuers must be JSON, in quotes of the shell: -c trustedIssuers='…'",
    );
    expect(messageOf({ cloudWatchRole: 'null' })).toBe('context: cloudWatchRole must be true or false');
  });
});

/** Makes both stacks as bin/app.ts does. */
function programStacks(configuration: DeploymentConfiguration) {
  const app = new App({ context: { 'aws:cdk:disable-asset-staging': true } });
  const stack = new Stack(app, 'AgentIdentityStateful', configuration.env && { env: configuration.env });
  const props = propsOf(configuration, stack);
  const state = addIdentityState(stack, props);
  const service = new IdentityServiceStack(app, 'AgentIdentityStateless', {
    ...props,
    ...(configuration.env && { env: configuration.env }),
    state,
  });
  return { stack, service };
}

/** Synthesizes both stacks. */
function templatesOf(configuration: DeploymentConfiguration) {
  const { stack, service } = programStacks(configuration);
  return { state: Template.fromStack(stack), service: Template.fromStack(service) };
}

it('each member without an object of the CDK is the prop of its name', () => {
  const value = {} as never;
  const stated = Object.entries(MEMBERS).filter(([, { props }]) => !props);
  for (const [name] of stated) expect(propsOf({ [name]: value }, new Stack())).toEqual({ [name]: value });
});

const OWN = { account: '111122223333', region: 'eu-central-1' };

it.each<[string, DeploymentConfiguration, string]>([
  ['the name', { deploymentName: 'two words' }, 'deploymentName must be a letter or digit'],
  ['memory', { functions: { grants: { memorySize: 64 } } }, 'functions.grants.memorySize must be'],
  ['a lifetime', { lifetimes: { workloadAccessToken: 'PT3H' } }, 'lifetimes.workloadAccessToken must be'],
  ['callers', { callers: {} }, 'callers must have accountIds'],
  ['the own account', { callers: { accountIds: [OWN.account] } }, 'callers.accountIds[0] must not be'],
  [
    'a Region',
    { replicas: [{ region: OWN.region, encryptionKeyArn: 'a' }] },
    'replicas[0].region must differ',
  ],
])('a value that a construct rejects is reported with the file: %s', (_what, configuration, message) => {
  write('agent-identity.config.json', '{}');
  const make = () => withConfigurationErrors(folder, {}, () => programStacks({ ...configuration, env: OWN }));
  expect(make).toThrow(ConfigurationError);
  expect(make).toThrow(new RegExp(`^agent-identity\\.config\\.json: ${message.replace(/[[\].]/g, '\\$&')}`));
});

it('a value of the context that a construct rejects is reported with the context', () => {
  const functions = { grants: { memorySize: 64 } };
  expect(() => withConfigurationErrors(folder, { functions }, () => programStacks({ functions }))).toThrow(
    /^context: functions\.grants\.memorySize must be/,
  );
});

const runApp = () =>
  spawnSync('node', ['--require', require.resolve('tsx/cjs'), join(__dirname, '../../bin/app.ts')], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, CDK_OUTDIR: join(folder, 'cdk.out') },
  });

it('bin/app.ts prints one line, without a stack trace', () => {
  write('agent-identity.config.json', '{"deploymentName":"two words"}');
  const { stderr, status } = runApp();
  expect(stderr).toMatch(/^agent-identity\.config\.json: deploymentName must be a letter or digit[^\n]*\n$/);
  expect(status).toBe(1);
});

it('bin/app.ts names the file for an environment that is too large, which only finished stacks show', () => {
  // References keep the issuers out of a Lambda layer.
  const file = `const { Fn } = require(${JSON.stringify(require.resolve('aws-cdk-lib'))});
    const trustedIssuers = Array.from({ length: 20 }, (_, index) => ({
      discoveryUrl: \`https://idp\${index}.example/.well-known/openid-configuration\`,
      allowedAudience: [Fn.importValue('Audience')],
    }));
    module.exports = { trustedIssuers };`;
  write('agent-identity.config.js', file);
  const { stderr, status } = runApp();
  expect(stderr).toMatch(
    /^agent-identity\.config\.js: \[AgentIdentityStateless\/\w[\w-]*\] The environment of this function [^\n]*\n$/,
  );
  expect(status).toBe(1);
});

it('the example is valid, and configures both stacks', () => {
  const example = readConfiguration(join(__dirname, '../../examples/configuration'), {});
  const { state, service } = templatesOf(example);
  state.resourceCountIs('AWS::KMS::Key', 0);
  service.hasResourceProperties('AWS::ApiGateway::DomainName', { DomainName: 'identity.example.com' });
  service.hasResourceProperties('AWS::Route53::RecordSet', { HostedZoneId: 'Z0123456789ABCDEFGHIJ' });
  service.hasResourceProperties('AWS::CloudWatch::Alarm', {
    AlarmActions: ['arn:aws:sns:eu-central-1:111122223333:on-call'],
  });
  service.hasResourceProperties('AWS::Lambda::Alias', {
    ProvisionedConcurrencyConfig: { ProvisionedConcurrentExecutions: 2 },
  });
  service.hasResourceProperties('AWS::WAFv2::WebACL', {});
  service.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 731 });
});

/** Returns the service's template with the configuration in a page of the documents. */
function templateOfDocument(page: string) {
  const document = readFileSync(join(__dirname, '../../docs', page), 'utf8');
  const blocks = [...document.matchAll(/^```ts\n(.*?)^```/gms)].map(([, block = '']) => block);
  const file = blocks.find((block) => block.includes('defineConfig(')) ?? '';
  const configuration = join(__dirname, '../../bin/configuration');
  write('agent-identity.config.ts', file.replace('./bin/configuration', configuration));
  return templatesOf(readConfiguration(folder, {})).service;
}

it('the configuration in docs/private-networks.md has functions in the VPC, with their private destinations', () => {
  templateOfDocument('private-networks.md').hasResourceProperties('AWS::Lambda::Function', {
    Description: 'agent-identity: token-exchange',
    VpcConfig: {
      SubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
      SecurityGroupIds: ['sg-0123456789abcdef0'],
    },
    Environment: {
      Variables: {
        PRIVATE_DESTINATIONS: '[{"host":"keycloak.corp.example","port":8443},{"cidr":"10.1.0.0/16"}]',
      },
    },
  });
});

it('the configuration in docs/deploying.md gives the API the domain, and disables its own address', () => {
  const service = templateOfDocument('deploying.md');
  service.hasResourceProperties('AWS::ApiGateway::RestApi', { DisableExecuteApiEndpoint: true });
  service.hasResourceProperties('AWS::ApiGateway::DomainName', {
    DomainName: 'identity.example.com',
    EndpointConfiguration: { Types: ['REGIONAL'] },
  });
  service.hasResourceProperties('AWS::Route53::RecordSet', { Name: 'identity.example.com.' });
});

it('an audit trail has the retention and the mode of the file', () => {
  const { service } = templatesOf({ auditTrail: { retention: 'P30D', mode: 'COMPLIANCE' } });
  service.hasResourceProperties('AWS::Lambda::Function', {
    Environment: { Variables: { RETENTION_MODE: 'COMPLIANCE', RETENTION_DAYS: '30' } },
  });
});

it('an audit trail is in the existing bucket of the file', () => {
  const { service } = templatesOf({ auditTrail: { bucketName: 'audit-archive' } });
  service.resourceCountIs('AWS::S3::Bucket', 0);
  service.hasResourceProperties('AWS::KinesisFirehose::DeliveryStream', {
    ExtendedS3DestinationConfiguration: {
      BucketARN: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':s3:::audit-archive']] },
    },
  });
});

it('CodeDeploy shifts callers with the deployment configuration of the file', () => {
  const name = 'CodeDeployDefault.LambdaCanary10Percent10Minutes';
  const { service } = templatesOf({ deploymentConfig: name });
  service.hasResourceProperties('AWS::CodeDeploy::DeploymentGroup', { DeploymentConfigName: name });
});

it('the API accepts IPv6 with the type of the file', () => {
  const { service } = templatesOf({ ipAddressType: 'dualstack' });
  service.hasResourceProperties('AWS::ApiGateway::RestApi', {
    EndpointConfiguration: { IpAddressType: 'dualstack' },
  });
});

it('a private API, an existing web ACL, replicas, and removal need no lookup of the account', () => {
  const acl = 'arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/acl/1234abcd';
  const key = 'arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab';
  const { state, service } = templatesOf({
    privateApi: {
      vpcEndpointIds: ['vpce-0123456789abcdef0'],
      vpcEndpointIdsOfOtherAccounts: ['vpce-0123456789abcdef1'],
    },
    webAcl: { arn: acl },
    replicas: [{ region: 'eu-west-1', encryptionKeyArn: key }],
    removalPolicy: 'destroy',
    lifetimes: { vaultKey: 'P30D' },
  });
  service.hasResourceProperties('AWS::WAFv2::WebACLAssociation', { WebACLArn: acl });
  service.hasResourceProperties('AWS::ApiGateway::RestApi', {
    EndpointConfiguration: { Types: ['PRIVATE'], VpcEndpointIds: ['vpce-0123456789abcdef0'] },
  });
  expect(JSON.stringify(service)).toContain(
    '{"aws:SourceVpce":["vpce-0123456789abcdef0","vpce-0123456789abcdef1"]}',
  );
  expect(JSON.stringify(service)).toContain('\\"vaultKey\\":2592000');
  state.hasResource('AWS::DynamoDB::GlobalTable', { DeletionPolicy: 'Delete' });
});

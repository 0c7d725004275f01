/** The aliases through which callers invoke the functions, and gradual deployments with them. */
import { LambdaDeploymentConfig } from 'aws-cdk-lib/aws-codedeploy';
import { FUNCTION_GROUPS } from '../../lambda/operations/groups';
import { plain, resourcesOf, standardSynthesis, synthesize, withoutHash, type Synthesis } from './synthesis';

const standard = standardSynthesis();

const propertiesOf = ({ stateless }: Synthesis, type: string, synthesis: Synthesis = standard) =>
  resourcesOf(stateless, type).map(([id, { Properties }]) => ({
    id: withoutHash(id),
    properties: plain(Properties, synthesis) as Record<string, unknown>,
  }));

const names = FUNCTION_GROUPS.map((group) => group.replaceAll('-', ''));
const aliases = names.map((name) => `${name}live`).sort();

describe('the alias', () => {
  it('of every function names its newest version', () => {
    const found = propertiesOf(standard, 'AWS::Lambda::Alias');
    expect(found.map(({ id }) => id).sort()).toEqual(aliases);
    for (const { id, properties } of found) {
      const name = id.replace(/live$/, '');
      expect(properties).toEqual({
        FunctionName: `<${name}>`,
        FunctionVersion: expect.stringMatching(`^<${name}CurrentVersion`) as string,
        Name: 'live',
      });
    }
  });

  it('is all that API Gateway and EventBridge can invoke', () => {
    const permissions = propertiesOf(standard, 'AWS::Lambda::Permission');
    expect(permissions.length).toBeGreaterThan(0);
    for (const { properties } of permissions)
      expect(aliases).toContain(String(properties.FunctionName).slice(1, -1));
    const methods = JSON.stringify(propertiesOf(standard, 'AWS::ApiGateway::Method'));
    for (const name of names) expect(methods).not.toContain(`<${name}.Arn>`);
  });

  it('is all that another function can invoke, by its name in the environment', () => {
    const environments = JSON.stringify(propertiesOf(standard, 'AWS::Lambda::Function'));
    for (const name of ['providerclient', 'revocation', 'connections']) {
      expect(environments).toContain(`"<${name}>:live"`);
      expect(environments).not.toContain(`"<${name}>"`);
    }
  });

  it('can go back to the version before, which is kept except after a failed deployment', () => {
    const versions = resourcesOf(standard.stateless, 'AWS::Lambda::Version');
    expect(versions).toHaveLength(FUNCTION_GROUPS.length);
    for (const [, version] of versions) {
      expect(version).toMatchObject({
        DeletionPolicy: 'RetainExceptOnCreate',
        UpdateReplacePolicy: 'Retain',
      });
    }
  });
});

it('the stack of the functions stays below the limits of CloudFormation, with a gradual deployment too', () => {
  const { stateless } = synthesize({ deploymentConfig: LambdaDeploymentConfig.CANARY_10PERCENT_10MINUTES });
  // CloudFormation user guide, "Understand CloudFormation quotas": 500 resources, and 1 MB in a template.
  expect(Object.keys(stateless.Resources).length).toBeLessThan(450);
  expect(JSON.stringify(stateless).length).toBeLessThan(800_000);
});

describe('the digest of the audit trail', () => {
  const { stateless } = synthesize({
    auditTrail: {},
    deploymentConfig: LambdaDeploymentConfig.CANARY_10PERCENT_10MINUTES,
  });
  const idOf = (type: string, part: string) =>
    resourcesOf(stateless, type)
      .map(([id]) => id)
      .find((id) => id.includes(part));

  it('starts through the alias of its function, and CodeDeploy shifts it, too', () => {
    const alias = idOf('AWS::Lambda::Alias', 'auditdigestlive');
    expect(alias).toBeDefined();
    const rule = resourcesOf(stateless, 'AWS::Events::Rule').find(([id]) => id.includes('DigestSchedule'));
    expect(rule?.[1].Properties).toMatchObject({ Targets: [{ Arn: { Ref: alias } }] });
    expect(idOf('AWS::CodeDeploy::DeploymentGroup', 'auditdigest')).toBeDefined();
  });

  it('leaves the stack of the functions below the limits of CloudFormation', () => {
    expect(Object.keys(stateless.Resources).length).toBeLessThan(450);
  });
});

describe('without deploymentConfig', () => {
  it('all callers get the new version immediately', () => {
    expect(propertiesOf(standard, 'AWS::CodeDeploy::DeploymentGroup')).toEqual([]);
  });
});

describe('with deploymentConfig', () => {
  const gradual = synthesize({ deploymentConfig: LambdaDeploymentConfig.CANARY_10PERCENT_10MINUTES });

  it('CodeDeploy shifts the alias of every function', () => {
    const policies = resourcesOf(gradual.stateless, 'AWS::Lambda::Alias').map(
      ([id, resource]) => [withoutHash(id), resource] as const,
    );
    expect(policies.map(([id]) => id).sort()).toEqual(aliases);
    for (const [, resource] of policies) {
      expect(plain((resource as { UpdatePolicy?: unknown }).UpdatePolicy, gradual)).toMatchObject({
        CodeDeployLambdaAliasUpdate: {
          ApplicationName: '<GradualDeploymentApplication>',
          DeploymentGroupName: expect.stringMatching(/^<GradualDeployment/) as string,
        },
      });
    }
  });

  it('an alarm about errors, keys, or signatures restores the version before', () => {
    const groups = propertiesOf(gradual, 'AWS::CodeDeploy::DeploymentGroup', gradual);
    expect(groups).toHaveLength(FUNCTION_GROUPS.length);
    for (const { properties } of groups) {
      expect(properties).toMatchObject({
        DeploymentConfigName: 'CodeDeployDefault.LambdaCanary10Percent10Minutes',
        AutoRollbackConfiguration: {
          Enabled: true,
          Events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_ALARM'],
        },
        AlarmConfiguration: {
          Enabled: true,
          Alarms: [
            { Name: '<Alarmsfunctionerrors>' },
            { Name: '<Alarmsinternalfunctionerrors>' },
            { Name: '<Alarmsunexpectederrors>' },
            { Name: '<Alarmskeyfailures>' },
            { Name: '<Alarmssigningfailures>' },
          ],
        },
      });
    }
  });

  it('its role can move the aliases of these functions, and nothing else', () => {
    const roles = propertiesOf(gradual, 'AWS::IAM::Role', gradual);
    const role = roles.find(({ id }) => id === 'GradualDeploymentRole');
    const arns = FUNCTION_GROUPS.length * 2;
    expect(role?.properties).toMatchObject({
      Policies: [
        {
          PolicyDocument: {
            Statement: [
              {
                Action: ['lambda:GetAlias', 'lambda:GetProvisionedConcurrencyConfig', 'lambda:UpdateAlias'],
                Effect: 'Allow',
                Resource: expect.arrayContaining(
                  names.flatMap((name) => [`<${name}.Arn>`, `<${name}.Arn>:live`]),
                ) as string[],
              },
              { Action: 'cloudwatch:DescribeAlarms', Effect: 'Allow', Resource: '*' },
            ],
          },
        },
      ],
    });
    expect(role?.properties).not.toHaveProperty('ManagedPolicyArns');
    const [{ PolicyDocument } = { PolicyDocument: { Statement: [] } }] = (role?.properties.Policies ??
      []) as {
      PolicyDocument: { Statement: { Resource: string[] }[] };
    }[];
    expect(PolicyDocument.Statement[0]?.Resource).toHaveLength(arns);
  });
});

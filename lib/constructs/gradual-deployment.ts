/**
 * A gradual deployment: AWS CodeDeploy shifts the callers of each function to its new version step by step. An alarm
 * ends the deployment: every alias goes back to its version before, and CloudFormation rolls the stack back.
 *
 * Roles, tables, and the API change together, and each function shifts by itself. Both versions of a function therefore
 * work with the same records, and with the internal events of both versions of the others.
 */
import { Validations } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import {
  LambdaApplication,
  LambdaDeploymentGroup,
  type ILambdaDeploymentConfig,
} from 'aws-cdk-lib/aws-codedeploy';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { liveAliasOf } from './live-alias';
import type { PublishedFunction } from './service-function';

/** The alarms that end a deployment: failures that a new version can cause. CodeDeploy accepts up to 10 alarms. */
const ALARMS: readonly string[] = [
  'function-errors',
  'internal-function-errors',
  'gateway-function-errors',
  'unexpected-errors',
  'key-failures',
  'signing-failures',
];

export interface GradualDeploymentProps {
  readonly deploymentConfig: ILambdaDeploymentConfig;
  readonly functions: readonly PublishedFunction[];
  /** All alarms of the deployment. */
  readonly alarms: readonly Alarm[];
}

/**
 * The role can move these aliases, and nothing else.
 * Source: CodeDeploy user guide, "Create a service role for CodeDeploy", the policy AWSCodeDeployRoleForLambdaLimited.
 */
function deploymentRole(scope: Construct, functions: readonly PublishedFunction[]) {
  const role = new Role(scope, 'Role', {
    description: 'agent-identity: shifts callers to new versions of the functions',
    assumedBy: new ServicePrincipal('codedeploy.amazonaws.com'),
    inlinePolicies: {
      deployment: new PolicyDocument({
        statements: [
          new PolicyStatement({
            actions: ['lambda:GetAlias', 'lambda:GetProvisionedConcurrencyConfig', 'lambda:UpdateAlias'],
            resources: functions.flatMap((fn) => [fn.functionArn, liveAliasOf(fn).functionArn]),
          }),
          new PolicyStatement({ actions: ['cloudwatch:DescribeAlarms'], resources: ['*'] }),
        ],
      }),
    },
  });
  Validations.of(role).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason: 'CodeDeploy describes the alarms of a deployment in one request, which names no single alarm.',
  });
  return role.withoutPolicyUpdates();
}

/** @param scope gets the child `GradualDeployment` */
export function addGradualDeployment(
  scope: Construct,
  { deploymentConfig, functions, alarms }: GradualDeploymentProps,
): void {
  const deployment = new Construct(scope, 'GradualDeployment');
  const application = new LambdaApplication(deployment, 'Application');
  const role = deploymentRole(deployment, functions);
  for (const { alias, node } of functions) {
    new LambdaDeploymentGroup(deployment, node.id, {
      application,
      alias,
      deploymentConfig,
      role,
      alarms: alarms.filter(({ node: { id } }) => ALARMS.includes(id)),
    });
  }
}

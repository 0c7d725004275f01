/**
 * The secret of an API's stage (lambda/model/stage-secret.ts). AWS CloudFormation computes no digest, so a function
 * creates the secret and returns both.
 *
 * The secret does not change with deployments: otherwise, the stage and the versions of functions that are behind an alias
 * would have different ones during each deployment and rollback, and the API would reject every request. The resource
 * therefore has no properties, so that CloudFormation never updates it. It is retained, because there is nothing to delete.
 */
import { CustomResource, Duration, RemovalPolicy, type CfnResource } from 'aws-cdk-lib';
import type { Construct, IDependable } from 'constructs';
import { STAGE_SECRET_TYPE, type StageSecret } from '../../lambda/model/stage-secret';
import { measureAs } from './full-length';

/** What the API and its functions have of a secret. */
export interface SharedStageSecret {
  readonly secret: string;
  /** SHA-256 digest, base64url. */
  readonly hash: string;
}

/** 32 bytes in base64url. */
const FULL_LENGTH = 'x'.repeat(43);

const nameOf = (attribute: keyof StageSecret): string => attribute;

/**
 * @param scope gets the child `StageSecret`
 * @param functionArn ARN of the function that creates it
 * @param vpcEndpoints created first, because the function responds to AWS CloudFormation through them
 */
export function addStageSecret(
  scope: Construct,
  functionArn: string,
  vpcEndpoints?: IDependable,
): SharedStageSecret {
  const resource = new CustomResource(scope, 'StageSecret', {
    resourceType: STAGE_SECRET_TYPE,
    serviceToken: functionArn,
    serviceTimeout: Duration.minutes(5),
    removalPolicy: RemovalPolicy.RETAIN,
  });
  if (vpcEndpoints) resource.node.addDependency(vpcEndpoints);
  const values = { Secret: FULL_LENGTH, Hash: FULL_LENGTH } satisfies StageSecret;
  measureAs(resource.node.defaultChild as CfnResource, values);
  return {
    secret: resource.getAttString(nameOf('Secret')),
    hash: resource.getAttString(nameOf('Hash')),
  };
}

/**
 * The role with which the gateway function invokes agents. Nothing allows it anything but the resource-based policies of
 * functions, which name it, and only for the owner that the tag of the function names.
 */
import {
  ArnPrincipal,
  Effect,
  PolicyDocument,
  PolicyStatement,
  Role,
  SessionTagsPrincipal,
} from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { SESSION_OWNER_TAGS } from '../../lambda/model/session-owner-tags';
import { OWNER_TAG } from '../../lambda/domain/ownership';

/** @param gatewayRoleArn role of the gateway function, which alone assumes it */
export function addAgentsRole(scope: Construct, gatewayRoleArn: string): Role {
  const ownerOfSession = Object.values(SESSION_OWNER_TAGS).map((name) => `\${aws:PrincipalTag/${name}}`);
  return new Role(scope, 'agents-role', {
    description: 'agent-identity: invokes the agents behind gateways',
    assumedBy: new SessionTagsPrincipal(new ArnPrincipal(gatewayRoleArn)),
    inlinePolicies: {
      agents: new PolicyDocument({
        statements: [
          new PolicyStatement({
            effect: Effect.DENY,
            notActions: ['lambda:InvokeFunction'],
            resources: ['*'],
          }),
          new PolicyStatement({
            effect: Effect.DENY,
            actions: ['lambda:InvokeFunction'],
            resources: ['*'],
            // Also for a function without the tag.
            conditions: { StringNotEquals: { [`aws:ResourceTag/${OWNER_TAG}`]: ownerOfSession } },
          }),
        ],
      }),
    },
  });
}

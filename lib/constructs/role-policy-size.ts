/** Checks at synthesis that the whole policy of a role fits into IAM. AWS CloudFormation would find out during a deployment. */
import type { CfnRole, Role } from 'aws-cdk-lib/aws-iam';
import { atFullLength } from './full-length';

/** Of all inline policies of a role, without white space. Source: IAM user guide, "IAM and AWS STS quotas". */
const MAX_POLICY_CHARACTERS = 10_240;

export function validatePolicySize(role: Role): void {
  role.node.addValidation({
    validate: () => {
      const { policies = [] } = role.node.defaultChild as CfnRole;
      const documents = atFullLength(role, policies) as { policyDocument: object }[];
      const size = documents
        .map(({ policyDocument }) => JSON.stringify(policyDocument).length)
        .reduce((sum, length) => sum + length, 0);
      if (size <= MAX_POLICY_CHARACTERS) return [];
      return [
        `The policy of this role can have ${size.toLocaleString('en-US')} characters at deployment, and IAM accepts ${MAX_POLICY_CHARACTERS.toLocaleString('en-US')}. Name fewer keys in tokenVaultKeys, or give the stack a shorter name, which the ARNs of its tables contain.`,
      ];
    },
  });
}

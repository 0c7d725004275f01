/** Names for roles that policies of other stacks name. All other roles have names that CloudFormation generates. */
import { Names, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** The rest of the 64 characters is for the Region, because names of roles are unique in an account. */
const WITHOUT_REGION = { maxLength: 47, separator: '-', allowedSpecialCharacters: '-' };

/** Returns the name of a role of this construct. It has the stack's name, which is unique in an account and Region. */
export const roleNameOf = (scope: Construct): string =>
  `${Names.uniqueResourceName(scope, WITHOUT_REGION)}-${Stack.of(scope).region}`;

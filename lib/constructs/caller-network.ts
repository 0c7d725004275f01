/** Where callers of a private API run, the functions among them. */
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { FunctionOptions } from 'aws-cdk-lib/aws-lambda';

export interface CallerNetwork {
  readonly vpc: IVpc;
  /**
   * @default - the private subnets of the VPC
   */
  readonly vpcSubnets?: SubnetSelection;
  /**
   * @default - one is made, which lets everything out and nothing in
   */
  readonly securityGroups?: readonly ISecurityGroup[];
}

/** Where the callers of an API must be; `unstated` of a private one whose operator did not say. */
export type CallersAre = CallerNetwork | 'internet' | 'unstated';

/**
 * Where a function must run to call an API.
 *
 * @param caller the function, as the message has it
 * @throws Error in plain words when it was not stated
 */
export function networkOf(callers: CallersAre, caller: string): CallerNetwork | 'internet' {
  if (callers !== 'unstated') return callers;
  throw new Error(`The API is private: give privateApi.network, where ${caller} runs.`);
}

/** A function's settings for its network. */
export const within = (network: CallerNetwork | 'internet'): Partial<FunctionOptions> =>
  network === 'internet'
    ? {}
    : {
        vpc: network.vpc,
        ...(network.vpcSubnets && { vpcSubnets: network.vpcSubnets }),
        ...(network.securityGroups && { securityGroups: [...network.securityGroups] }),
      };

/** The network interfaces of a function in a VPC. Source: Lambda developer guide, "Required IAM permissions". */
export const attaching = (network: CallerNetwork | 'internet'): PolicyStatement[] =>
  network === 'internet'
    ? []
    : [
        new PolicyStatement({
          actions: [
            'ec2:CreateNetworkInterface',
            'ec2:DescribeNetworkInterfaces',
            'ec2:DescribeSubnets',
            'ec2:DeleteNetworkInterface',
            'ec2:AssignPrivateIpAddresses',
            'ec2:UnassignPrivateIpAddresses',
          ],
          resources: ['*'],
        }),
      ];

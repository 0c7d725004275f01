/** An API that only VPC endpoints can reach. Its resource policy denies all other requests. */
import type { IInterfaceVpcEndpoint } from 'aws-cdk-lib/aws-ec2';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CALLER_NETWORK_PROPS, checkNetwork, type CallerNetwork } from './caller-network';
import { checkPropNames, type PropNames } from './prop-names';

/** An API that only VPC endpoints can reach. */
export interface PrivateApi {
  /** Interface endpoints of the account for `execute-api`, with private DNS. Agents, applications, and browsers use them. */
  readonly vpcEndpoints: IInterfaceVpcEndpoint[];
  /**
   * IDs of such endpoints in other accounts, for `callers`. With a `domain`, these accounts associate their endpoints with
   * the name themselves (docs/private-networks.md).
   * @default - none
   */
  readonly vpcEndpointIdsOfOtherAccounts?: string[];
  /**
   * The network of the function behind `WorkloadIdentity`, `OAuth2CredentialProvider`, and `ApiKeyCredentialProvider`,
   * and of the gates of agent endpoints. These functions call the API. In this network they must reach AWS Secrets
   * Manager, and Amazon S3 for responses to AWS CloudFormation.
   * @default - the `network` of the service's own functions; without one, these constructs cannot be used with the API
   */
  readonly network?: CallerNetwork;
}

/** The AWS services that functions in `network` call: those behind resources, and the gates of agents on AWS Lambda. */
export const CALLER_SERVICES = ['execute-api', 'lambda', 's3', 'secretsmanager'];

const PRIVATE_API_PROPS: PropNames<PrivateApi> = {
  vpcEndpoints: 'required',
  vpcEndpointIdsOfOtherAccounts: 'optional',
  network: 'optional',
};

/** @throws Error for a prop that does not exist, or is missing, and for a network without subnets */
export function checkPrivateApi(privateApi: PrivateApi): void {
  checkPropNames('privateApi', privateApi, PRIVATE_API_PROPS);
  if (privateApi.network) checkNetwork('privateApi.network', privateApi.network, CALLER_NETWORK_PROPS);
}

/**
 * Denies every request that does not come through one of the VPC endpoints.
 *
 * @throws Error without VPC endpoints
 */
export function vpcEndpointStatement({
  vpcEndpoints,
  vpcEndpointIdsOfOtherAccounts = [],
}: PrivateApi): PolicyStatement {
  if (vpcEndpoints.length === 0) {
    throw new Error('privateApi.vpcEndpoints needs at least one VPC endpoint: nothing else reaches the API');
  }
  const ids = [...vpcEndpoints.map(({ vpcEndpointId }) => vpcEndpointId), ...vpcEndpointIdsOfOtherAccounts];
  return new PolicyStatement({
    sid: 'DenyOtherVpcEndpoints',
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    actions: ['execute-api:Invoke'],
    resources: ['execute-api:/*'],
    conditions: { StringNotEquals: { 'aws:SourceVpce': ids } },
  });
}

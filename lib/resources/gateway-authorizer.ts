/** How a gateway authorizes its callers, with the names of the AWS constructs of AgentCore Gateway. */
import type { GatewayAuthorizerType } from '../../lambda/model/gateway/gateway-configuration';
import type { WorkloadAuthorizer } from './workload-identity';

/** Which callers a gateway accepts. */
export class GatewayAuthorizer {
  /**
   * Callers that sign their requests, and send the workload access token of an agent. `gateway.grantInvoke` allows a role to
   * call.
   */
  static usingAwsIam(): GatewayAuthorizer {
    return new GatewayAuthorizer('AWS_IAM');
  }

  /**
   * Callers with a user token of one issuer. Without `allowedAudience` and `allowedClients`, the audience must be the URL of
   * the gateway.
   */
  static usingCustomJwt(issuer: WorkloadAuthorizer): GatewayAuthorizer {
    return new GatewayAuthorizer('CUSTOM_JWT', issuer);
  }

  private constructor(
    /** @internal */
    readonly _type: GatewayAuthorizerType,
    /** @internal */
    readonly _issuer?: WorkloadAuthorizer,
  ) {}
}

/** What the operator lets targets use in addition to the credentials of credential providers: nothing, by default. */
import * as v from 'valibot';
import { RoleArnPatternSchema } from '../../../model/gateway/gateway-configuration';
import type { CredentialProviderConfiguration } from '../../../model/gateway/target-configuration';
import type { Gateway } from '../../../model/records/gateway';
import { matchesArn } from '../../policy/wildcard';

export interface TargetCredentialPolicy {
  /** ARNs of the roles that gateways can assume, with the wildcards of IAM. */
  readonly targetRoles: readonly string[];
  /** Whether targets can get the user token of the caller. */
  readonly jwtPassthrough: boolean;
}

/** @throws Error with what is wrong */
export const parseTargetRoles = (json: string): string[] =>
  v.parse(v.array(RoleArnPatternSchema), JSON.parse(json));

/** What of a gateway decides which credentials its targets can use. */
export type CredentialUser = Pick<Gateway, 'roleArn' | 'authorizerType' | 'protocolType'>;

function userTokenDenial(
  { jwtPassthrough }: TargetCredentialPolicy,
  { authorizerType, protocolType }: CredentialUser,
): string | undefined {
  if (authorizerType !== 'CUSTOM_JWT')
    return 'only a gateway with the authorizerType CUSTOM_JWT gets user tokens';
  if (protocolType === 'MCP')
    return 'only targets with http.passthrough can get user tokens. Use TOKEN_EXCHANGE';
  return jwtPassthrough
    ? undefined
    : 'the operator does not allow targets to get user tokens. Use TOKEN_EXCHANGE, or ask the operator to set the prop "gateways.jwtPassthrough" of the service';
}

/** Returns why the gateway cannot use a credential; undefined if it can. */
export function credentialDenial(
  policy: TargetCredentialPolicy,
  gateway: CredentialUser,
  { credentialProviderType: type }: CredentialProviderConfiguration,
): string | undefined {
  if (type === 'JWT_PASSTHROUGH') return userTokenDenial(policy, gateway);
  const isAllowed = (pattern: string): boolean => matchesArn(pattern, gateway.roleArn);
  return type !== 'GATEWAY_IAM_ROLE' || policy.targetRoles.some(isAllowed)
    ? undefined
    : 'the operator does not allow the roleArn of this gateway. Set roleArn to a role for its targets, and ask the operator to add it to the prop "gateways.targetRoles" of the service';
}

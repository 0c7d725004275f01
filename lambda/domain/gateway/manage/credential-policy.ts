/** What the operator lets targets use in addition to the credentials of credential providers: nothing, by default. */
import * as v from 'valibot';
import { RoleArnPatternSchema } from '../../../model/gateway/gateway-configuration';
import type { CredentialProviderConfiguration } from '../../../model/gateway/target-configuration';
import type { Gateway } from '../../../model/records/gateway';
import { matchesArn } from '../../policy/wildcard';

export interface TargetCredentialPolicy {
  /** ARNs of the roles that gateways can assume, with the wildcards of IAM. */
  readonly targetRoles: readonly string[];
}

/** @throws Error with what is wrong */
export const parseTargetRoles = (json: string): string[] =>
  v.parse(v.array(RoleArnPatternSchema), JSON.parse(json));

/** Returns why the gateway cannot use a credential; undefined if it can. */
export function credentialDenial(
  { targetRoles }: TargetCredentialPolicy,
  { roleArn }: Pick<Gateway, 'roleArn'>,
  { credentialProviderType: type }: CredentialProviderConfiguration,
): string | undefined {
  if (type !== 'GATEWAY_IAM_ROLE' || targetRoles.some((pattern) => matchesArn(pattern, roleArn)))
    return undefined;
  return 'the operator does not allow the roleArn of this gateway. Set roleArn to a role for its targets, and ask the operator to add it to the prop "gateways.targetRoles" of the service';
}

/** Audit entries of a request to a gateway: one before it is forwarded, or refused, and one at the end of its response. */
import type { AuditEntry } from '../audit';
import { workloadIdentityArn } from '../identity/workload-identity';
import type { Gateway, GatewayTarget } from '../../model/records/gateway';
import type { TargetAgent } from './manage/target-agent';

/** The AWS name of the operation. */
export const OPERATION = 'InvokeGateway';

/** The end of a response. */
export const RESPONSE_OPERATION = 'GatewayResponse';

const identityOf = ({ arn }: Pick<Gateway, 'arn'>, name: string): string =>
  workloadIdentityArn(arn.slice(0, arn.indexOf(':gateway/')), name);

/** Returns the gateway that is called, and its workload identity. */
export const gatewayEntry = (gateway: Pick<Gateway, 'arn' | 'id'>): Partial<AuditEntry> => ({
  resource: gateway.arn,
  workloadIdentity: identityOf(gateway, gateway.id),
});

/** Returns the workload identity of the agent that is invoked, in the place of that of the gateway. */
export const agentEntry = (
  gateway: Pick<Gateway, 'arn'>,
  { workloadName }: TargetAgent,
): Partial<AuditEntry> => ({ workloadIdentity: identityOf(gateway, workloadName) });

/** Returns the target, with its credential provider. The path is omitted, because it can name people. */
export function targetEntry(
  { name, credential }: Pick<GatewayTarget, 'name' | 'credential'>,
  httpMethod: string,
): Partial<AuditEntry> {
  const called = { target: name, httpMethod };
  if (credential?.credentialProviderType === 'OAUTH') {
    const { providerArn, scopes } = credential.credentialProvider.oauthCredentialProvider;
    return { ...called, credentialProvider: providerArn, scopes };
  }
  if (credential?.credentialProviderType === 'API_KEY') {
    return {
      ...called,
      credentialProvider: credential.credentialProvider.apiKeyCredentialProvider.providerArn,
    };
  }
  return called;
}

/** A typical call of each function, and the resources that the call needs. */
import {
  BedrockAgentCoreControlClient,
  CreateApiKeyCredentialProviderCommand,
  CreateWorkloadIdentityCommand,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { BedrockAgentCoreClient, GetWorkloadAccessTokenCommand } from '@aws-sdk/client-bedrock-agentcore';
import type { Invocation } from '../../lambda/contract/provider-client-event';
import type { ConnectionsEvent } from '../../lambda/contract/connections-event';
import type { EventPollEvent } from '../../lambda/contract/event-poll-event';
import type { KeyRotation } from '../../lambda/contract/key-rotation-event';
import type { RevocationEvent } from '../../lambda/contract/revocation-event';
import type { FunctionGroup } from '../../lambda/contract/operations';
import type { LocalService } from '../../lib/local/start';
import { gatewayEvent } from './stage';

/** The measured call of each function group. */
export const MEASURED: Readonly<Record<FunctionGroup, string>> = {
  'control-plane': 'UpdateApiKeyCredentialProvider',
  'token-exchange': 'GetWorkloadAccessTokenForUserId',
  'credential-retrieval': 'GetResourceApiKey',
  'oauth-callback': 'Jwks',
  'token-vault': 'GetTokenVault',
  grants: 'ListResourceGrants',
  operator: 'SuspendUser',
  'security-events': 'a request for an unknown issuer',
  portal: 'Favicon',
  'provider-client': 'a renewal that is already complete',
  revocation: 'a sweep with nothing due',
  connections: 'a view of an unknown portal',
  'key-rotation': 'a check for due keys',
  'event-poll': 'a run with nothing to poll',
};

const workloadName = 'measured-agent';
const providerName = 'measured-provider';

/** Creates the resources, and returns the event for each group. */
export async function prepareCalls(service: LocalService): Promise<Record<FunctionGroup, object>> {
  const { agent } = service.principals;
  const { arn, accessKeyId, secretAccessKey } = agent;
  const { endpoint, region } = service;
  const settings = { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
  const control = new BedrockAgentCoreControlClient(settings);
  await control.send(new CreateWorkloadIdentityCommand({ name: workloadName }));
  await control.send(
    new CreateApiKeyCredentialProviderCommand({ name: providerName, apiKey: 'measured-api-key' }),
  );
  const { workloadAccessToken } = await new BedrockAgentCoreClient(settings).send(
    new GetWorkloadAccessTokenCommand({ workloadName }),
  );

  const renewal: Invocation = {
    renew: {
      ...{ principal: arn, workloadName, providerName, holder: 'none', flow: 'M2M' },
      grantId: { workloadId: 'none', userHash: 'none', target: 'none' },
      ...{ scopes: [], resources: [], audiences: [] },
    },
  };
  const sweep: RevocationEvent = { sweep: true };
  const view: ConnectionsEvent = { view: { portalId: 'measured-0123456789' } };
  const poll: EventPollEvent = { poll: 'security-events' };
  const due: KeyRotation = { prepare: 'signing-keys' };
  return {
    'control-plane': gatewayEvent(
      'UpdateApiKeyCredentialProvider',
      { name: providerName, apiKey: 'measured-api-key' },
      agent,
    ),
    'token-exchange': gatewayEvent('GetWorkloadAccessTokenForUserId', { workloadName, userId: 'ana' }, agent),
    'credential-retrieval': gatewayEvent(
      'GetResourceApiKey',
      { workloadIdentityToken: workloadAccessToken, resourceCredentialProviderName: providerName },
      agent,
    ),
    'oauth-callback': gatewayEvent('Jwks', undefined),
    'token-vault': gatewayEvent('GetTokenVault', {}, agent),
    grants: gatewayEvent('ListResourceGrants', { workloadIdentityToken: workloadAccessToken }, agent),
    'security-events': gatewayEvent('ReceiveSecurityEvents', undefined),
    operator: gatewayEvent('SuspendUser', { user: { userId: 'measured-user' } }, agent),
    portal: gatewayEvent('Favicon', undefined),
    'provider-client': renewal,
    revocation: sweep,
    connections: view,
    'key-rotation': due,
    'event-poll': poll,
  };
}

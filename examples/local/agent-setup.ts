/** What is done once for each agent, here at every start: who it is, and which provider it may ask. */
import {
  ConflictException,
  CreateOauth2CredentialProviderCommand,
  CreateWorkloadIdentityCommand,
  GetOauth2CredentialProviderCommand,
  GetWorkloadIdentityCommand,
  type BedrockAgentCoreControlClient,
} from '@aws-sdk/client-bedrock-agentcore-control';
import type { CalendarProvider } from './calendar-provider';

export interface AgentIdentity {
  readonly workloadName: string;
  readonly credentialProviderName: string;
}

/** Creates a resource, or takes note that an earlier start has created it. */
async function createUnlessThere(create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (!(error instanceof ConflictException)) throw error;
  }
}

/**
 * Creates the agent's workload identity and credential provider where they are absent, and registers the
 * callback URL at the calendar provider.
 *
 * @param ports of the application and the calendar provider. They are part of the names, since the return
 * URL and the issuer are part of what is created: on other ports, these are other resources.
 * @throws when a resource of that name is there and does not fit, and the service's own errors.
 */
export async function setUpAgent(
  control: BedrockAgentCoreControlClient,
  calendar: CalendarProvider,
  returnUrl: string,
  ports: { readonly application: number; readonly calendar: number },
): Promise<AgentIdentity> {
  const workloadName = `calendar-agent-${ports.application}`;
  const credentialProviderName = `almanac-${ports.calendar}`;

  await createUnlessThere(() =>
    control.send(
      new CreateWorkloadIdentityCommand({
        name: workloadName,
        allowedResourceOauth2ReturnUrls: [returnUrl],
      }),
    ),
  );
  await createUnlessThere(() =>
    control.send(
      new CreateOauth2CredentialProviderCommand({
        name: credentialProviderName,
        credentialProviderVendor: 'CustomOauth2',
        oauth2ProviderConfigInput: {
          customOauth2ProviderConfig: {
            oauthDiscovery: { discoveryUrl: calendar.discoveryUrl },
            clientId: calendar.clientId,
            clientSecret: calendar.clientSecret,
          },
        },
      }),
    ),
  );

  const identity = await control.send(new GetWorkloadIdentityCommand({ name: workloadName }));
  if (identity.allowedResourceOauth2ReturnUrls?.includes(returnUrl) !== true) {
    throw new Error(
      `The workload identity ${workloadName} exists and does not allow the return URL ${returnUrl}.`,
    );
  }
  const provider = await control.send(
    new GetOauth2CredentialProviderCommand({ name: credentialProviderName }),
  );
  if (provider.callbackUrl === undefined) {
    throw new Error(`The credential provider ${credentialProviderName} has no callback URL.`);
  }
  await calendar.registerAgentClient(provider.callbackUrl);
  return { workloadName, credentialProviderName };
}

/**
 * Sets up the consent portal of the example: the credential provider by which people sign in, and the portal itself, with
 * the appearance of the organization and the connections that people can make. Repeatable.
 */
import {
  CreateConsentPortalCommand,
  CreateOauth2CredentialProviderCommand,
  GetConsentPortalCommand,
  GetOauth2CredentialProviderCommand,
  paginateListConsentPortals,
  type BedrockAgentCoreControlClient,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { setTimeout } from 'node:timers/promises';
import { createUnlessThere } from './agent-setup';
import type { RunningAgent } from './agents';
import type { IdentityProvider } from './identity-provider';
import { FERNHILL, FERNHILL_ID } from './page';

export interface PortalOptions {
  /** Address of the identity service. */
  readonly endpoint: string;
  readonly identityProvider: IdentityProvider;
  /** Part of resource names, because resources for one set of ports do not fit another set. */
  readonly ports: { readonly application: number; readonly identityProvider: number };
  readonly agents: readonly RunningAgent[];
}

/** AWS requires a role, which this service does not use. */
const UNUSED_ROLE = 'arn:aws:iam::000000000000:role/consent-portal';

const LOGO = `data:image/svg+xml;base64,${Buffer.from(
  FERNHILL.mark.source
    .replace('<svg', '<svg xmlns="http://www.w3.org/2000/svg"')
    .replaceAll('currentColor', '#1f6f4a')
    .replaceAll('"Canvas"', '"#ffffff"'),
).toString('base64')}`;

/** What people see: members beyond the AWS API, which AWS clients do not send. */
const appearance = (agents: readonly RunningAgent[]) => ({
  branding: { name: 'Fernhill', color: '#1f6f4a', logo: LOGO },
  connections: agents.map(({ workloadName, credentialProviderName }) => ({
    workloadName,
    credentialProviderName,
    scopes: ['calendar.read'],
    purpose: 'Tells you what is on your calendar.',
  })),
});

/** Adds members to the body of a request, before the client signs it. */
function withMembers(command: CreateConsentPortalCommand, members: object): CreateConsentPortalCommand {
  command.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { body: string };
      request.body = JSON.stringify({ ...(JSON.parse(request.body) as object), ...members });
      return next(args);
    },
    { step: 'build', priority: 'high' },
  );
  return command;
}

/** Creates the credential provider of the sign-in if it is absent; returns its ARN. */
async function setUpSignIn(
  control: BedrockAgentCoreControlClient,
  { identityProvider, ports }: PortalOptions,
): Promise<string | undefined> {
  const name = `fernhill-id-${ports.identityProvider}`;
  const { discoveryUrl, portalClient } = identityProvider;
  const get = () => control.send(new GetOauth2CredentialProviderCommand({ name }));
  await createUnlessThere(
    () =>
      control.send(
        new CreateOauth2CredentialProviderCommand({
          name,
          tags: { displayName: FERNHILL_ID.name },
          credentialProviderVendor: 'CustomOauth2',
          oauth2ProviderConfigInput: {
            customOauth2ProviderConfig: { ...portalClient, oauthDiscovery: { discoveryUrl } },
          },
        }),
      ),
    get,
  );
  const provider = await get();
  return provider.credentialProviderArn;
}

async function idOf(control: BedrockAgentCoreControlClient, name: string): Promise<string> {
  for await (const { consentPortals = [] } of paginateListConsentPortals({ client: control }, {})) {
    const found = consentPortals.find((portal) => portal.name === name);
    if (found?.consentPortalId !== undefined) return found.consentPortalId;
  }
  throw new Error(`The consent portal ${name} is missing.`);
}

const MAX_POLLS = 100;
const POLL_MILLISECONDS = 50;

/** Waits until the service has verified the portal; returns its address. */
async function addressOf(control: BedrockAgentCoreControlClient, id: string): Promise<string> {
  for (let poll = 0; poll < MAX_POLLS; poll += 1) {
    const portal = await control.send(new GetConsentPortalCommand({ consentPortalIdentifier: id }));
    // At an https address, the service omits the scheme, as AWS does.
    if (portal.status === 'ACTIVE' && portal.portalUrl !== undefined)
      return new URL(portal.portalUrl.replace(/^(?!http)/, 'https://')).href;
    if (portal.status?.endsWith('FAILED')) {
      throw new Error(`The consent portal ${id} does not work: ${portal.statusReason ?? 'no reason'}`);
    }
    await setTimeout(POLL_MILLISECONDS);
  }
  throw new Error(`The consent portal ${id} did not become active.`);
}

/**
 * Creates the portal if it is absent, and registers its redirect URI at the identity provider.
 *
 * @returns its address
 * @throws the service's errors.
 */
export async function setUpPortal(
  control: BedrockAgentCoreControlClient,
  options: PortalOptions,
): Promise<{ readonly url: string }> {
  const { agents, ports, identityProvider } = options;
  const credentialProviderArn = await setUpSignIn(control, options);
  // An earlier start might have run without the Python agent, and a portal's agents belong to it.
  const name = `fernhill-${ports.application}${agents.length > 1 ? '-both' : ''}`;
  const command = new CreateConsentPortalCommand({
    name,
    executionRoleArn: UNUSED_ROLE,
    idpConfig: { credentialProviderArn, scopes: ['profile'] },
    sources: agents.map(({ workloadName: identifier }) => ({
      // AWS has only gateways.
      type: 'workload-identity' as never,
      identifier,
    })),
  });
  await createUnlessThere(
    () => control.send(withMembers(command, appearance(agents))),
    () => idOf(control, name),
  );
  const url = await addressOf(control, await idOf(control, name));
  await identityProvider.registerPortalClient(`${url}/callback`);
  return { url };
}

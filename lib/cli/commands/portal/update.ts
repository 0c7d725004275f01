/** `agent-identity portal update`: replaces what the options name, and keeps the rest. */
import { buildCommand } from '@stricli/core';
import { OPERATIONS } from '../../../../lambda/operations';
import { CONNECTION_FLAGS, flag, optionalTexts, type ConnectionFlags } from '../../connection-flags';
import type { CliContext } from '../../context';
import { usageError } from '../../failure';
import { namingOptions } from '../../option-names';
import { printAside } from '../../output';
import { connect, type Service } from '../../service';
import {
  brandingOf,
  MEMBER_OPTIONS,
  PORTAL_FLAGS,
  providerArn,
  sourcesOf,
  type Branding,
  type PortalFlags,
} from './config';
import { conclude, findPortal, getPortal, ONE_PORTAL, type Portal, type PortalSummary } from './portals';

interface UpdateFlags extends ConnectionFlags, PortalFlags {
  readonly noBranding: boolean;
  readonly noConnections: boolean;
  readonly accept?: readonly string[];
}

const NOTHING = () =>
  usageError(
    'Set what changes.',
    'For example, --agent replaces the agents. To verify the portal again, run agent-identity portal verify.',
  );

/** Returns the sign-in after the update. */
async function changedSignIn(
  service: Service,
  { idpConfig }: Portal,
  { signIn, scope, audience }: UpdateFlags,
): Promise<object> {
  return {
    ...idpConfig,
    ...(signIn !== undefined && { credentialProviderArn: await providerArn(service, signIn) }),
    ...(scope && { scopes: scope }),
    ...(audience !== undefined && { audience }),
  };
}

/** Returns the members that the options name. */
async function changes(
  service: Service,
  portal: Portal,
  branding: Branding,
  flags: UpdateFlags,
): Promise<object> {
  const { signIn, scope, audience, description, connection, noBranding, noConnections, accept } = flags;
  const changesSignIn = [signIn, scope, audience].some((option) => option !== undefined);
  const changesBranding = noBranding || Object.keys(branding).length > 0;
  return {
    ...(description !== undefined && { description }),
    ...(changesSignIn && { idpConfig: await changedSignIn(service, portal, flags) }),
    ...((flags.agent ?? flags.gateway) && { sources: await sourcesOf(service, flags, portal.sources) }),
    ...(changesBranding && { branding: { ...(noBranding ? {} : portal.branding), ...branding } }),
    ...((connection ?? noConnections) && { connections: connection ?? [] }),
    ...(accept && { acceptedResourceIds: accept }),
  };
}

/** An ID that the status reason lacks can be a typing error, or belong to a resource that the reason had no room for. */
function warnOfOtherIds(
  context: CliContext,
  { name, statusReason = '' }: Portal,
  accepted: readonly string[],
): void {
  for (const id of accepted) {
    if (statusReason.includes(`(ID ${id})`)) continue;
    printAside(
      context,
      `Warning: The portal's status reason did not contain the ID ${id}, so --accept might have had no effect. If a resource is still left out, run agent-identity portal get ${name} for its ID.`,
    );
  }
}

export const update = buildCommand({
  docs: {
    brief: 'Change a consent portal',
    fullDescription: [
      'Changes what the options name, and keeps the rest. --agent, --gateway, --scope, and --connection replace all that the portal has.',
      'Waits until the service has verified the portal. Its address stays.',
      'With another sign-in client, the sessions of the users end.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      ...PORTAL_FLAGS,
      noBranding: flag('Remove the display name, the color, and the logo that the portal has'),
      noConnections: flag('Remove all connections that users can make'),
      accept: optionalTexts(
        'id',
        'ID of a resource that another owner created again, as portal get shows it; set the option again for each further one',
      ),
    },
    positional: ONE_PORTAL,
  },
  async func(this: CliContext, flags: UpdateFlags, named: string) {
    if (flags.noConnections && flags.connection) {
      throw usageError('Set --connection or --no-connections, not both.');
    }
    const branding = brandingOf(flags);
    const service = await connect(this, flags);
    const { consentPortalId } = await findPortal(service, named);
    const portal = await getPortal(service, consentPortalId);
    const members = await changes(service, portal, branding, flags);
    if (Object.keys(members).length === 0) throw NOTHING();
    const begun = await namingOptions(MEMBER_OPTIONS, () =>
      service.call<PortalSummary>(OPERATIONS.UpdateConsentPortal, {
        consentPortalIdentifier: consentPortalId,
        ...members,
      }),
    );
    warnOfOtherIds(this, portal, flags.accept ?? []);
    await conclude(this, service, begun, flags);
  },
});

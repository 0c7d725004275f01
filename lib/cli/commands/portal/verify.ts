/** `agent-identity portal verify`. */
import { buildCommand } from '@stricli/core';
import { OPERATIONS } from '../../../../lambda/operations';
import { CONNECTION_FLAGS, type ConnectionFlags } from '../../connection-flags';
import type { CliContext } from '../../context';
import { connect } from '../../service';
import { conclude, findPortal, ONE_PORTAL, type PortalSummary } from './portals';

export const verify = buildCommand({
  docs: {
    brief: 'Verify a consent portal again',
    fullDescription:
      'Has the service verify a portal again, for example after a change of an agent, and waits for the result. The pages are unavailable until then.',
  },
  parameters: { flags: CONNECTION_FLAGS, positional: ONE_PORTAL },
  async func(this: CliContext, flags: ConnectionFlags, named: string) {
    const service = await connect(this, flags);
    const { consentPortalId } = await findPortal(service, named);
    // A change that accepts no resource changes nothing, and the service verifies the portal.
    const begun = await service.call<PortalSummary>(OPERATIONS.UpdateConsentPortal, {
      consentPortalIdentifier: consentPortalId,
      acceptedResourceIds: [],
    });
    await conclude(this, service, begun, flags);
  },
});

/** `agent-identity portal verify`. */
import { buildCommand } from '@stricli/core';
import { OPERATIONS } from '../../../../lambda/contract/operations';
import { CONNECTION_FLAGS, type ConnectionFlags } from '../../connection-flags';
import type { CliContext } from '../../context';
import { printAside } from '../../output';
import { connect } from '../../service';
import { conclude, findPortal, ONE_PORTAL, type PortalSummary } from './portals';

export const verify = buildCommand({
  docs: {
    brief: 'Verify a consent portal again',
    fullDescription:
      'Has the service verify a portal again whose verification failed or ended with a warning, and waits for the result. A portal that works without a warning stays as it is: to verify it after a change of an agent, state its agents with portal update.',
  },
  parameters: { flags: CONNECTION_FLAGS, positional: ONE_PORTAL },
  async func(this: CliContext, flags: ConnectionFlags, named: string) {
    const service = await connect(this, flags);
    const { consentPortalId } = await findPortal(service, named);
    const begun = await service.call<PortalSummary>(OPERATIONS.UpdateConsentPortal, {
      consentPortalIdentifier: consentPortalId,
    });
    await conclude(this, service, begun, flags);
    if (begun.status === 'ACTIVE') {
      printAside(
        this,
        'The portal had no warning, so the service did not verify it again. To verify it after a change of an agent, state its agents again with agent-identity portal update.',
      );
    }
  },
});

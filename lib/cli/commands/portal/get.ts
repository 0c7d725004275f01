/** `agent-identity portal get`. */
import { buildCommand } from '@stricli/core';
import { CONNECTION_FLAGS, type ConnectionFlags } from '../../connection-flags';
import type { CliContext } from '../../context';
import { connect } from '../../service';
import { findPortal, getPortal, ONE_PORTAL, showPortal } from './portals';

export const get = buildCommand({
  docs: { brief: 'Show a consent portal' },
  parameters: { flags: CONNECTION_FLAGS, positional: ONE_PORTAL },
  async func(this: CliContext, flags: ConnectionFlags, named: string) {
    const service = await connect(this, flags);
    const { consentPortalId } = await findPortal(service, named);
    const portal = await getPortal(service, consentPortalId);
    showPortal(this, portal, flags);
  },
});

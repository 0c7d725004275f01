/** `agent-identity gateway get`. */
import { buildCommand } from '@stricli/core';
import { CONNECTION_FLAGS, type ConnectionFlags } from '../../connection-flags';
import type { CliContext } from '../../context';
import { connect } from '../../service';
import { findGateway, ONE_GATEWAY, showGateway } from './gateways';

export const get = buildCommand({
  docs: { brief: 'Show a gateway' },
  parameters: { flags: CONNECTION_FLAGS, positional: ONE_GATEWAY },
  async func(this: CliContext, flags: ConnectionFlags, named: string) {
    const service = await connect(this, flags);
    showGateway(this, await findGateway(service, named), flags);
  },
});

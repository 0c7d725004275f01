/** `agent-identity gateway target get`. */
import { buildCommand } from '@stricli/core';
import { CONNECTION_FLAGS, type ConnectionFlags } from '../../../connection-flags';
import type { CliContext } from '../../../context';
import { connect } from '../../../service';
import { findTarget, GATEWAY_FLAG, ONE_TARGET, showTarget } from './targets';

interface GetFlags extends ConnectionFlags {
  readonly gateway: string;
}

export const get = buildCommand({
  docs: { brief: 'Show a target of a gateway' },
  parameters: { flags: { ...CONNECTION_FLAGS, ...GATEWAY_FLAG }, positional: ONE_TARGET },
  async func(this: CliContext, flags: GetFlags, named: string) {
    const service = await connect(this, flags);
    const { gateway, target } = await findTarget(service, { gateway: flags.gateway, target: named });
    showTarget(this, gateway, target, flags);
  },
});

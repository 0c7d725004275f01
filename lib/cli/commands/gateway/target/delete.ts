/** `agent-identity gateway target delete`. */
import { buildCommand } from '@stricli/core';
import { OPERATIONS } from '../../../../../lambda/operations';
import { CONNECTION_FLAGS, flag, type ConnectionFlags } from '../../../connection-flags';
import type { CliContext } from '../../../context';
import { print, printJson } from '../../../output';
import { confirmOrCancel } from '../../../prompt';
import { connect } from '../../../service';
import { findTarget, GATEWAY_FLAG, ONE_TARGET } from './targets';

interface DeleteFlags extends ConnectionFlags {
  readonly gateway: string;
  readonly yes: boolean;
}

export const remove = buildCommand({
  docs: { brief: 'Delete a target of a gateway', fullDescription: 'Deletes a target. Grants stay.' },
  parameters: {
    flags: { ...CONNECTION_FLAGS, ...GATEWAY_FLAG, yes: flag('Delete without a question') },
    positional: ONE_TARGET,
  },
  async func(this: CliContext, flags: DeleteFlags, named: string) {
    const service = await connect(this, flags);
    const { gateway, target } = await findTarget(service, { gateway: flags.gateway, target: named });
    const { name, targetId } = target;
    await confirmOrCancel(this, {
      yes: flags.yes,
      question: `Delete the target "${name}" of the gateway "${gateway.name}"?`,
      done: 'deleted',
    });
    await service.call(OPERATIONS.DeleteGatewayTarget, {
      gatewayIdentifier: gateway.gatewayId,
      targetId,
    });
    if (flags.json) printJson(this, { name, targetId, deleted: true });
    else print(this, `The target "${name}" is deleted.`);
  },
});

/** `agent-identity gateway delete`. */
import { buildCommand } from '@stricli/core';
import { OPERATIONS } from '../../../../lambda/operations';
import { CONNECTION_FLAGS, flag, type ConnectionFlags } from '../../connection-flags';
import type { CliContext } from '../../context';
import { print, printJson } from '../../output';
import { confirmOrCancel } from '../../prompt';
import { connect, deleteWholly } from '../../service';
import { findGateway, ONE_GATEWAY } from './gateways';

interface DeleteFlags extends ConnectionFlags {
  readonly yes: boolean;
}

export const remove = buildCommand({
  docs: {
    brief: 'Delete a gateway',
    fullDescription:
      'Deletes a gateway with its targets, and revokes the grants of its users. Grants of agents stay.',
  },
  parameters: {
    flags: { ...CONNECTION_FLAGS, yes: flag('Delete without a question') },
    positional: ONE_GATEWAY,
  },
  async func(this: CliContext, flags: DeleteFlags, named: string) {
    const service = await connect(this, flags);
    const { name, gatewayId } = await findGateway(service, named);
    await confirmOrCancel(this, {
      yes: flags.yes,
      question: `Requests through it end, and a new gateway has another URL. Delete the gateway "${name}" with its targets?`,
      done: 'deleted',
    });
    await deleteWholly(this, service, OPERATIONS.DeleteGateway, { gatewayIdentifier: gatewayId });
    if (flags.json) printJson(this, { name, gatewayId, deleted: true });
    else print(this, `The gateway "${name}" is deleted.`);
  },
});

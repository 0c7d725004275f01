/** `agent-identity gateway limit delete`. */
import { buildCommand } from '@stricli/core';
import { OPERATIONS } from '../../../../../lambda/operations';
import { CONNECTION_FLAGS, flag, type ConnectionFlags } from '../../../connection-flags';
import type { CliContext } from '../../../context';
import { notFound } from '../../../not-found';
import { print, printJson } from '../../../output';
import { confirmOrCancel } from '../../../prompt';
import { connect } from '../../../service';
import { findGateway } from '../gateways';
import { GATEWAY_FLAG, listLimits, ONE_LIMIT } from './limits';

interface DeleteFlags extends ConnectionFlags {
  readonly gateway: string;
  readonly yes: boolean;
}

export const remove = buildCommand({
  docs: { brief: 'Delete a rate limit of a gateway' },
  parameters: {
    flags: { ...CONNECTION_FLAGS, ...GATEWAY_FLAG, yes: flag('Delete without a question') },
    positional: ONE_LIMIT,
  },
  async func(this: CliContext, flags: DeleteFlags, rateLimitId: string) {
    const service = await connect(this, flags);
    const gateway = await findGateway(service, flags.gateway);
    const names = (await listLimits(service, gateway)).map((limit) => limit.rateLimitId);
    if (!names.includes(rateLimitId)) {
      throw notFound(`The gateway "${gateway.name}" has no rate limit`, rateLimitId, {
        names,
        list: `gateway limit list --gateway ${gateway.name}`,
      });
    }
    await confirmOrCancel(this, {
      yes: flags.yes,
      question: `Delete the rate limit "${rateLimitId}" of the gateway "${gateway.name}"?`,
      done: 'deleted',
    });
    const { gatewayId: gatewayIdentifier } = gateway;
    await service.call(OPERATIONS.DeleteGatewayRateLimit, { gatewayIdentifier, rateLimitId });
    if (flags.json) printJson(this, { rateLimitId, deleted: true });
    else print(this, `The rate limit "${rateLimitId}" is deleted.`);
  },
});

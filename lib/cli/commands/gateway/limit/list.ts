/** `agent-identity gateway limit list`. */
import { buildCommand } from '@stricli/core';
import { CONNECTION_FLAGS, type ConnectionFlags } from '../../../connection-flags';
import type { CliContext } from '../../../context';
import { printAside, printJson, printTable } from '../../../output';
import { connect } from '../../../service';
import { findGateway } from '../gateways';
import { GATEWAY_FLAG, listLimits, shownDimensions, shownRate } from './limits';

interface ListFlags extends ConnectionFlags {
  readonly gateway: string;
}

export const list = buildCommand({
  docs: { brief: 'List the rate limits of a gateway' },
  parameters: { flags: { ...CONNECTION_FLAGS, ...GATEWAY_FLAG } },
  async func(this: CliContext, flags: ListFlags) {
    const service = await connect(this, flags);
    const gateway = await findGateway(service, flags.gateway);
    const rateLimits = await listLimits(service, gateway);
    if (flags.json) {
      printJson(this, { rateLimits });
      return;
    }
    if (rateLimits.length === 0) {
      printAside(
        this,
        `The gateway "${gateway.name}" has no rate limits. Add one with agent-identity gateway limit add ID --gateway ${gateway.name} --by user --per-minute 60.`,
      );
      return;
    }
    printTable(
      this,
      ['LIMIT', 'FOR', 'ALLOWS'],
      rateLimits.flatMap((limit) =>
        limit.entries.map((entry) => [limit.rateLimitId, shownDimensions(limit, entry), shownRate(entry)]),
      ),
    );
  },
});

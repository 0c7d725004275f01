/** `agent-identity gateway target list`. */
import { buildCommand } from '@stricli/core';
import { CONNECTION_FLAGS, type ConnectionFlags } from '../../../connection-flags';
import type { CliContext } from '../../../context';
import { printAside, printJson, printTable } from '../../../output';
import { connect } from '../../../service';
import { findGateway } from '../gateways';
import { addressAt, GATEWAY_FLAG, listTargets } from './targets';

interface ListFlags extends ConnectionFlags {
  readonly gateway: string;
}

export const list = buildCommand({
  docs: { brief: 'List the targets of a gateway' },
  parameters: { flags: { ...CONNECTION_FLAGS, ...GATEWAY_FLAG } },
  async func(this: CliContext, flags: ListFlags) {
    const service = await connect(this, flags);
    const gateway = await findGateway(service, flags.gateway);
    const items = await listTargets(service, gateway);
    if (flags.json) {
      printJson(this, { items });
      return;
    }
    if (items.length === 0) {
      printAside(
        this,
        `The gateway "${gateway.name}" has no targets. Add one with agent-identity gateway target add NAME --gateway ${gateway.name} ${gateway.protocolType ? '--mcp' : '--url'} URL.`,
      );
      return;
    }
    printTable(
      this,
      ['NAME', 'URL', 'DESCRIPTION'],
      items.map((target) => [target.name, addressAt(gateway, target), target.description]),
    );
  },
});

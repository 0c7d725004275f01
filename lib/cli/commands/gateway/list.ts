/** `agent-identity gateway list`. */
import { buildCommand } from '@stricli/core';
import { CONNECTION_FLAGS, type ConnectionFlags } from '../../connection-flags';
import type { CliContext } from '../../context';
import { printAside, printJson, printTable } from '../../output';
import { connect } from '../../service';
import { callersOf, listGateways } from './gateways';

export const list = buildCommand({
  docs: { brief: 'List your gateways' },
  parameters: { flags: CONNECTION_FLAGS },
  async func(this: CliContext, flags: ConnectionFlags) {
    const service = await connect(this, flags);
    const items = await listGateways(service);
    if (flags.json) {
      printJson(this, { items });
      return;
    }
    if (items.length === 0) {
      printAside(this, 'You have no gateways. Create one with agent-identity gateway add NAME.');
      return;
    }
    printTable(
      this,
      ['NAME', 'CALLERS', 'ID', 'DESCRIPTION'],
      items.map((gateway) => [gateway.name, callersOf(gateway), gateway.gatewayId, gateway.description]),
    );
  },
});

/** `agent-identity gateway target sync`. */
import { buildCommand } from '@stricli/core';
import { OPERATIONS } from '../../../../../lambda/operations';
import { CONNECTION_FLAGS, type ConnectionFlags } from '../../../connection-flags';
import type { CliContext } from '../../../context';
import { namingOptions } from '../../../option-names';
import { printAside } from '../../../output';
import { connect } from '../../../service';
import { findTarget, GATEWAY_FLAG, ONE_TARGET, showTarget, type Target } from './targets';

interface SyncFlags extends ConnectionFlags {
  readonly gateway: string;
}

export const sync = buildCommand({
  docs: {
    brief: 'Fetch the tools of an MCP server again',
    fullDescription: [
      'Adds the new tools of an MCP server to the gateway, and removes those that the server no longer has.',
      'A tool whose definition has changed stays as it was, because models follow what a definition says. To accept the changes, run agent-identity gateway target update with --mcp and the URL of the server.',
    ].join('\n'),
  },
  parameters: { flags: { ...CONNECTION_FLAGS, ...GATEWAY_FLAG }, positional: ONE_TARGET },
  async func(this: CliContext, flags: SyncFlags, named: string) {
    const service = await connect(this, flags);
    const { gateway, target } = await findTarget(service, { gateway: flags.gateway, target: named });
    const { gatewayId: gatewayIdentifier } = gateway;
    const { targets } = await namingOptions({ targetIdList: 'the target', mcpToolSchema: '--tools' }, () =>
      service.call<{ readonly targets: readonly [Target] }>(OPERATIONS.SynchronizeGatewayTargets, {
        gatewayIdentifier,
        targetIdList: [target.targetId],
      }),
    );
    const [synchronized] = targets;
    showTarget(this, gateway, synchronized, flags);
    printAside(this, ...(synchronized.statusReasons ?? []));
  },
});

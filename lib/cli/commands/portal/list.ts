/** `agent-identity portal list`. */
import { buildCommand } from '@stricli/core';
import { CONNECTION_FLAGS, type ConnectionFlags } from '../../connection-flags';
import type { CliContext } from '../../context';
import { printAside, printJson, printTable } from '../../output';
import { connect } from '../../service';
import { addressOf, listPortals } from './portals';

export const list = buildCommand({
  docs: { brief: 'List your consent portals' },
  parameters: { flags: CONNECTION_FLAGS },
  async func(this: CliContext, flags: ConnectionFlags) {
    const service = await connect(this, flags);
    const consentPortals = await listPortals(service);
    if (flags.json) {
      printJson(this, { consentPortals });
      return;
    }
    if (consentPortals.length === 0) {
      printAside(this, 'You have no consent portals. Create one with agent-identity portal add NAME.');
      return;
    }
    printTable(
      this,
      ['NAME', 'STATUS', 'URL'],
      consentPortals.map((portal) => [portal.name, portal.status, addressOf(portal)]),
    );
  },
});

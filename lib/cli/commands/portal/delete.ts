/** `agent-identity portal delete`. */
import { buildCommand } from '@stricli/core';
import { OPERATIONS } from '../../../../lambda/operations';
import { CONNECTION_FLAGS, flag, type ConnectionFlags } from '../../connection-flags';
import type { CliContext } from '../../context';
import { print, printJson } from '../../output';
import { confirmOrCancel } from '../../prompt';
import { connect } from '../../service';
import { findPortal, ONE_PORTAL } from './portals';

interface DeleteFlags extends ConnectionFlags {
  readonly yes: boolean;
}

export const remove = buildCommand({
  docs: {
    brief: 'Delete a consent portal',
    fullDescription:
      'Deletes a portal. Its pages and sessions end. Agents keep the connections of the users.',
  },
  parameters: {
    flags: { ...CONNECTION_FLAGS, yes: flag('Delete without a question') },
    positional: ONE_PORTAL,
  },
  async func(this: CliContext, flags: DeleteFlags, named: string) {
    const service = await connect(this, flags);
    const { name, consentPortalId } = await findPortal(service, named);
    await confirmOrCancel(this, {
      yes: flags.yes,
      question: `Its pages end, and a new portal has another URL. Agents keep their connections. Delete the consent portal "${name}"?`,
      done: 'deleted',
    });
    await service.call(OPERATIONS.DeleteConsentPortal, { consentPortalIdentifier: consentPortalId });
    if (flags.json) printJson(this, { name, consentPortalId, deleted: true });
    else print(this, `The consent portal "${name}" is deleted.`);
  },
});

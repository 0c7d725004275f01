/** `agent-identity provider delete`. */
import { buildCommand } from '@stricli/core';
import { OPERATIONS } from '../../../../lambda/operations';
import { CONNECTION_FLAGS, flag } from '../../connection-flags';
import type { CliContext } from '../../context';
import { ServiceFailure } from '../../failure';
import { print, printAside, printJson } from '../../output';
import { confirmOrCancel } from '../../prompt';
import { connect, deleteWholly, type Service } from '../../service';
import { portalsWithSignIn } from '../portal/sign-in';
import { providersAssertedBy } from './on-behalf-of';
import { findProvider, KIND_FLAG, KIND_NAMES, PROVIDER_NAME, type Kind, type KindFlags } from './lookup';

interface DeleteFlags extends KindFlags {
  readonly yes: boolean;
}

const DELETIONS = {
  oauth2: OPERATIONS.DeleteOauth2CredentialProvider,
  'api-key': OPERATIONS.DeleteApiKeyCredentialProvider,
} as const;

/** Returns the kind of the provider to delete. A provider whose deletion was interrupted cannot be found any more. */
async function kindToDelete(service: Service, name: string, kind: Kind | undefined): Promise<Kind> {
  if (kind !== undefined) return kind;
  try {
    return (await findProvider(service, name, {})).kind;
  } catch (error) {
    if (!(error instanceof ServiceFailure) || error.type !== 'ResourceNotFoundException') throw error;
    throw new ServiceFailure(error.type, error.httpStatus, {
      fault: error.fault,
      next: 'Run agent-identity provider list for the names. To continue a deletion that was interrupted, set --kind.',
    });
  }
}

const signInEnds = (portal: string): string =>
  `Users can no longer sign in at the consent portal "${portal}".`;

const assertionsEnd = (provider: string): string =>
  `The credential provider "${provider}" can no longer get identity assertions.`;

export const remove = buildCommand({
  docs: {
    brief: 'Delete a credential provider',
    fullDescription:
      'Deletes a credential provider with its secret. The grants of all agents there are revoked at the provider.',
  },
  parameters: {
    flags: { ...CONNECTION_FLAGS, kind: KIND_FLAG, yes: flag('Delete without a question') },
    positional: { kind: 'tuple', parameters: [PROVIDER_NAME] },
  },
  async func(this: CliContext, flags: DeleteFlags, name: string) {
    const service = await connect(this, flags);
    const kind = await kindToDelete(service, name, flags.kind);
    const loss =
      kind === 'oauth2'
        ? 'Agents lose their grants there, which are revoked, and users must consent again to another provider'
        : 'Agents can no longer get its API key';
    const portals = kind === 'oauth2' ? await portalsWithSignIn(service, name) : [];
    const asserted = kind === 'oauth2' ? await providersAssertedBy(service, name) : [];
    const ended = [...portals.map(signInEnds), ...asserted.map(assertionsEnd)].map((end) => ` ${end}`);
    await confirmOrCancel(this, {
      yes: flags.yes,
      question: `${loss}.${ended.join('')} Delete the ${KIND_NAMES[kind]} "${name}"?`,
      done: 'deleted',
    });
    await deleteWholly(this, service, DELETIONS[kind], { name });
    if (flags.json) printJson(this, { name, kind, deleted: true });
    else print(this, `The ${KIND_NAMES[kind]} "${name}" is deleted.`);
    for (const portal of portals) {
      printAside(
        this,
        `${signInEnds(portal)} Set another provider: agent-identity portal update ${portal} --sign-in NAME`,
      );
    }
    for (const other of asserted) {
      printAside(
        this,
        `${assertionsEnd(other)} Create the provider "${name}" again, or name another one in the onBehalfOfTokenExchangeConfig of "${other}": docs/cross-app-access.md.`,
      );
    }
  },
});

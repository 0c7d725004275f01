/** `agent-identity provider list`: the caller's providers, or those of all owners for an operator. */
import { buildCommand } from '@stricli/core';
import { OPERATIONS } from '../../../../lambda/operations';
import { CONNECTION_FLAGS, flag, optionalText, type ConnectionFlags } from '../../connection-flags';
import type { CliContext } from '../../context';
import { printAside, printJson, printTable } from '../../output';
import { allPages, connect } from '../../service';
import type { Oauth2Provider } from './provider';

interface ListFlags extends ConnectionFlags {
  readonly all: boolean;
  readonly owner?: string;
}

interface OperatorsProvider {
  readonly name: string;
  readonly credentialProviderArn: string;
  /** Absent for a provider of an API key. */
  readonly credentialProviderVendor?: string;
  readonly owner: string;
}

const NO_VENDOR = 'API key';

/** Lists the providers of all owners, or of one, for an operator. */
async function listAll(context: CliContext, { owner, ...flags }: ListFlags): Promise<void> {
  const service = await connect(context, flags);
  const providers = await allPages<OperatorsProvider>(
    service,
    OPERATIONS.ListAllCredentialProviders,
    'credentialProviders',
    { ...(owner !== undefined && { owner }) },
  );
  if (flags.json) {
    printJson(context, { credentialProviders: providers });
    return;
  }
  if (providers.length === 0) {
    printAside(
      context,
      owner === undefined
        ? 'There are no credential providers.'
        : `No credential provider belongs to ${owner}.`,
    );
    return;
  }
  printTable(
    context,
    ['NAME', 'VENDOR', 'OWNER'],
    providers.map(({ name, credentialProviderVendor = NO_VENDOR, owner: of }) => [
      name,
      credentialProviderVendor,
      of,
    ]),
  );
}

export const list = buildCommand({
  docs: {
    brief: 'List credential providers',
    fullDescription:
      'Lists the credential providers that belong to the principal whose credentials sign the request. Operators list those of all owners with --all.',
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      all: flag('List the providers of all owners, as an operator'),
      owner: optionalText('ARN', 'List the providers of this owner, as an operator'),
    },
  },
  async func(this: CliContext, flags: ListFlags) {
    if (flags.all || flags.owner !== undefined) return listAll(this, flags);
    const service = await connect(this, flags);
    const oauth2 = await allPages<Omit<Oauth2Provider, 'callbackUrl'>>(
      service,
      OPERATIONS.ListOauth2CredentialProviders,
      'credentialProviders',
    );
    const apiKeys = await allPages<{ name: string; credentialProviderArn: string }>(
      service,
      OPERATIONS.ListApiKeyCredentialProviders,
      'credentialProviders',
    );
    if (flags.json) {
      printJson(this, { oauth2CredentialProviders: oauth2, apiKeyCredentialProviders: apiKeys });
      return;
    }
    if (oauth2.length + apiKeys.length === 0) {
      printAside(this, 'You have no credential providers. Create one with agent-identity provider add NAME.');
      return;
    }
    printTable(
      this,
      ['NAME', 'VENDOR', 'ARN'],
      [
        ...oauth2.map(({ name, credentialProviderVendor, credentialProviderArn }) => [
          name,
          credentialProviderVendor,
          credentialProviderArn,
        ]),
        ...apiKeys.map(({ name, credentialProviderArn }) => [name, NO_VENDOR, credentialProviderArn]),
      ],
    );
  },
});

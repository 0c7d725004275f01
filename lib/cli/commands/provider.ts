/** `agent-identity provider`: credential providers. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import { OPERATIONS } from '../../../lambda/contract/operations';
import { VENDOR_NAMES, type VendorName } from '../../../lambda/contract/vendors';
import { hasFailed, printChecks } from '../checks';
import { CONNECTION_FLAGS, flag, JSON_FLAG, optionalText, type ConnectionFlags } from '../connection-flags';
import type { CliContext } from '../context';
import { checkFailed, ServiceFailure, usageError } from '../failure';
import { isoTime, print, printAside, printFields, printJson, printTable } from '../output';
import { confirmOrCancel } from '../prompt';
import { checkProvider, configOf, type Oauth2Provider } from '../provider-checks';
import { findProvider, KIND_FLAG, KIND_NAMES, type FoundProvider, type Kind } from '../provider-lookup';
import { allPages, connect, deleteWholly, type Service } from '../service';
import { VENDOR_SETUP } from '../vendor-setup';
import { guide, shortName, VENDOR_PARAMETER } from '../vendors';
import { add } from './provider-add';
import { update } from './provider-update';

const NAME = { brief: 'Name of the credential provider', parse: String, placeholder: 'name' } as const;

interface KindFlags extends ConnectionFlags {
  readonly kind?: Kind;
}

/** Returns labels and values that both kinds of providers have. */
const commonFields = ({ provider, kind }: FoundProvider) =>
  [
    ['Provider', provider.name],
    ['Kind', KIND_NAMES[kind]],
    ['ARN', provider.credentialProviderArn],
    ['Created', provider.createdTime === undefined ? undefined : isoTime(provider.createdTime)],
    ['Changed', provider.lastUpdatedTime === undefined ? undefined : isoTime(provider.lastUpdatedTime)],
  ] as const;

const get = buildCommand({
  docs: {
    brief: 'Show a credential provider',
    fullDescription: 'Shows a credential provider with its callback URL, and never its secret.',
  },
  parameters: {
    flags: { ...CONNECTION_FLAGS, kind: KIND_FLAG },
    positional: { kind: 'tuple', parameters: [NAME] },
  },
  async func(this: CliContext, flags: KindFlags, name: string) {
    const service = await connect(this, flags);
    const found = await findProvider(service, name, flags.kind);
    if (flags.json) {
      printJson(this, found.provider);
      return;
    }
    const more = [];
    if (found.kind === 'oauth2') {
      const { credentialProviderVendor, callbackUrl } = found.provider;
      const { clientId, oauthDiscovery } = configOf(found.provider);
      const { discoveryUrl, authorizationServerMetadata } = oauthDiscovery ?? {};
      more.push(
        ['Vendor', credentialProviderVendor] as const,
        ['Client ID', clientId] as const,
        ['Server', discoveryUrl ?? authorizationServerMetadata?.issuer] as const,
        ['Callback URL', callbackUrl] as const,
      );
    }
    printFields(this, [...commonFields(found), ...more]);
  },
});

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
    return (await findProvider(service, name, undefined)).kind;
  } catch (error) {
    if (!(error instanceof ServiceFailure) || error.type !== 'ResourceNotFoundException') throw error;
    throw new ServiceFailure(error.type, error.httpStatus, {
      fault: error.fault,
      next: 'Run agent-identity provider list for the names. To continue a deletion that was interrupted, set --kind.',
    });
  }
}

const remove = buildCommand({
  docs: {
    brief: 'Delete a credential provider',
    fullDescription:
      'Deletes a credential provider with its secret. The grants of all agents there are revoked at the provider.',
  },
  parameters: {
    flags: { ...CONNECTION_FLAGS, kind: KIND_FLAG, yes: flag('Delete without a question') },
    positional: { kind: 'tuple', parameters: [NAME] },
  },
  async func(this: CliContext, flags: DeleteFlags, name: string) {
    const service = await connect(this, flags);
    const kind = await kindToDelete(service, name, flags.kind);
    const loss =
      kind === 'oauth2'
        ? 'Agents lose their grants there, which are revoked, and users must consent again to another provider'
        : 'Agents can no longer get its API key';
    await confirmOrCancel(this, {
      yes: flags.yes,
      question: `${loss}. Delete the ${KIND_NAMES[kind]} "${name}"?`,
      done: 'deleted',
    });
    await deleteWholly(this, service, DELETIONS[kind], { name });
    if (flags.json) printJson(this, { name, kind, deleted: true });
    else print(this, `The ${KIND_NAMES[kind]} "${name}" is deleted.`);
  },
});

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

const list = buildCommand({
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

const test = buildCommand({
  docs: {
    brief: 'Check a credential provider',
    fullDescription: [
      'Checks an OAuth 2.0 credential provider: discovery, endpoints, callback URL, PKCE, refresh, and revocation.',
      'Sends no secret and obtains no token. Ends with status 1 if a check fails.',
    ].join('\n'),
  },
  parameters: {
    flags: { ...CONNECTION_FLAGS, kind: KIND_FLAG },
    positional: { kind: 'tuple', parameters: [NAME] },
  },
  async func(this: CliContext, flags: KindFlags, name: string) {
    const service = await connect(this, flags);
    const { kind, provider } = await findProvider(service, name, flags.kind);
    if (kind === 'api-key') {
      throw usageError(
        `"${name}" is an API key credential provider: it has no OAuth 2.0 server to check.`,
        'Agents read the key with GetResourceApiKey.',
      );
    }
    const checks = await checkProvider(service, provider);
    if (flags.json) printJson(this, { checks });
    else {
      printChecks(this, checks);
      printAside(this, `To obtain a token, run agent-identity token get --agent AGENT --provider ${name}.`);
    }
    if (hasFailed(checks)) throw checkFailed();
  },
});

interface GuideFlags {
  readonly json: boolean;
}

const guideCommand = buildCommand({
  docs: {
    brief: 'Explain how to register an app at a vendor',
    fullDescription: 'Explains how to register an app at a vendor. Without a vendor, lists the 25 vendors.',
  },
  parameters: {
    flags: { json: JSON_FLAG },
    positional: {
      kind: 'tuple',
      parameters: [{ ...VENDOR_PARAMETER, optional: true, brief: 'Vendor, such as google or GoogleOauth2' }],
    },
  },
  func(this: CliContext, { json }: GuideFlags, vendor?: VendorName) {
    if (vendor === undefined) {
      if (json) printJson(this, VENDOR_SETUP);
      else
        printTable(
          this,
          ['VENDOR', 'NAME IN THE API', 'WHERE TO REGISTER'],
          VENDOR_NAMES.map((name) => [shortName(name), name, VENDOR_SETUP[name].console]),
        );
      return;
    }
    if (json) printJson(this, { vendor, ...VENDOR_SETUP[vendor] });
    else {
      printFields(this, guide(vendor));
      print(this, '', ...VENDOR_SETUP[vendor].sources.map((source) => `Source: ${source}`));
    }
  },
});

export const provider = buildRouteMap({
  routes: { add, get, update, delete: remove, list, test, guide: guideCommand },
  docs: { brief: 'Credential providers: create, change, delete, list, and check them' },
});

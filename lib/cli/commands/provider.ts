/** `agent-identity provider`: credential providers. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import { OPERATIONS } from '../../../lambda/contract/operations';
import {
  CLIENT_AUTHENTICATION_METHODS,
  usesSecret,
  VENDOR_NAMES,
  vendorOf,
  type VendorName,
} from '../../../lambda/contract/vendors';
import { hasFailed, printChecks } from '../checks';
import { CONNECTION_FLAGS, flag, JSON_FLAG, optionalText, type ConnectionFlags } from '../connection-flags';
import type { CliContext } from '../context';
import { CliError, STATUS, usageError } from '../failure';
import { print, printAside, printFields, printJson, printTable } from '../output';
import { ask, isInteractive, readSecret } from '../prompt';
import { checkProvider, getProvider, type Oauth2Provider } from '../provider-checks';
import { allPages, connect } from '../service';
import { VENDOR_SETUP } from '../vendor-setup';

const NAME = { brief: 'Name of the credential provider', parse: String, placeholder: 'name' } as const;

/** Returns the vendor of a name: AWS's name, or the name without `Oauth2`, in any case. */
function vendorNamed(text: string): VendorName {
  const wanted = text.toLowerCase().replace(/oauth2$/, '');
  const found = VENDOR_NAMES.find((name) => name.toLowerCase() === `${wanted}oauth2`);
  if (found !== undefined) return found;
  throw usageError(
    `There is no vendor "${text}". The vendors are ${VENDOR_NAMES.map(shortName).join(', ')}.`,
  );
}

const shortName = (vendor: VendorName): string => vendor.replace(/Oauth2$/, '').toLowerCase();

const VENDOR_PARAMETER = {
  parse: vendorNamed,
  placeholder: 'vendor',
  proposeCompletions: (partial: string) =>
    VENDOR_NAMES.map(shortName).filter((name) => name.startsWith(partial.toLowerCase())),
} as const;

function guide(vendor: VendorName): (readonly [string, string | undefined])[] {
  const { console, app, callback, credentials, scopes, refreshTokens, review, notes } = VENDOR_SETUP[vendor];
  return [
    ['Where', console],
    ['App', app],
    ['Callback URL', callback],
    ['Credentials', credentials],
    ['Scopes', scopes],
    ['Refresh tokens', refreshTokens],
    ['Review', review],
    ...notes.map((note) => ['Note', note] as const),
  ];
}

interface AddFlags extends ConnectionFlags {
  readonly vendor?: VendorName;
  readonly clientId?: string;
  readonly discoveryUrl?: string;
  readonly issuer?: string;
  readonly authorizationEndpoint?: string;
  readonly tokenEndpoint?: string;
  readonly tenantId?: string;
  readonly clientAuthentication?: (typeof CLIENT_AUTHENTICATION_METHODS)[number];
  readonly kmsKey?: string;
  readonly secretArn?: string;
  readonly secretKey?: string;
  readonly apiKey: boolean;
}

const SERVER_OPTIONS = {
  discoveryUrl: '--discovery-url',
  issuer: '--issuer',
  authorizationEndpoint: '--authorization-endpoint',
  tokenEndpoint: '--token-endpoint',
  tenantId: '--tenant-id',
  clientAuthentication: '--client-authentication',
  kmsKey: '--kms-key',
} as const;

type ServerOption = keyof typeof SERVER_OPTIONS;

/** The options that a vendor takes; another one would be ignored. */
function optionsOf(vendor: VendorName): readonly ServerOption[] {
  const { server, configMember } = vendorOf(vendor);
  if (configMember === 'customOauth2ProviderConfig') {
    return [
      'discoveryUrl',
      'issuer',
      'authorizationEndpoint',
      'tokenEndpoint',
      'clientAuthentication',
      'kmsKey',
    ];
  }
  if (server === 'entra-tenant') return ['tenantId'];
  return server === 'stated' ? ['issuer', 'authorizationEndpoint', 'tokenEndpoint'] : [];
}

function checkOptions(vendor: VendorName, flags: AddFlags): void {
  const taken = optionsOf(vendor);
  for (const [option, name] of Object.entries(SERVER_OPTIONS) as [ServerOption, string][]) {
    if (flags[option] === undefined || taken.includes(option)) continue;
    const others = taken.map((other) => SERVER_OPTIONS[other]).join(', ');
    throw usageError(
      `${vendor} does not take ${name}. ${others === '' ? 'Its endpoints are known.' : `It takes ${others}.`}`,
    );
  }
}

/** Returns the value of an option, or asks for it. */
async function valueOf(
  context: CliContext,
  value: string | undefined,
  option: string,
  question: string,
): Promise<string> {
  if (value !== undefined) return value;
  if (isInteractive(context)) return ask(context, question);
  throw usageError(`Set ${option}.`);
}

/** The members that name the server. */
async function serverMembers(
  context: CliContext,
  vendor: VendorName,
  flags: AddFlags,
): Promise<Record<string, unknown>> {
  const { discoveryUrl, issuer, authorizationEndpoint, tokenEndpoint, tenantId } = flags;
  const { server, configMember } = vendorOf(vendor);
  if (configMember === 'customOauth2ProviderConfig') {
    const { clientAuthentication, kmsKey } = flags;
    const stated = { issuer, authorizationEndpoint, tokenEndpoint };
    const oauthDiscovery =
      authorizationEndpoint !== undefined || tokenEndpoint !== undefined
        ? { authorizationServerMetadata: stated }
        : {
            discoveryUrl: await valueOf(
              context,
              discoveryUrl ?? wellKnown(issuer),
              '--discovery-url',
              'Discovery URL',
            ),
          };
    return {
      oauthDiscovery,
      ...(clientAuthentication && { clientAuthenticationMethod: clientAuthentication }),
      ...(kmsKey !== undefined && {
        privateKeyJwtConfig: { privateKeySource: { kmsKeySource: { kmsKeyArn: kmsKey } } },
      }),
    };
  }
  if (server === 'entra-tenant') return tenantId === undefined ? {} : { tenantId };
  if (server !== 'stated') return {};
  return {
    issuer: await valueOf(context, issuer, '--issuer', "Issuer of the vendor's tenant (URL)"),
    ...(authorizationEndpoint !== undefined && { authorizationEndpoint }),
    ...(tokenEndpoint !== undefined && { tokenEndpoint }),
  };
}

const wellKnown = (issuer: string | undefined): string | undefined =>
  issuer === undefined ? undefined : `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;

/** Returns a reference to a secret in AWS Secrets Manager, if the options name one. */
function secretReference({
  secretArn,
  secretKey,
}: AddFlags): { secretId: string; jsonKey: string } | undefined {
  if (secretArn === undefined && secretKey === undefined) return undefined;
  if (secretArn === undefined || secretKey === undefined) {
    throw usageError('Set --secret-arn and --secret-key together.');
  }
  return { secretId: secretArn, jsonKey: secretKey };
}

async function secretMembers(context: CliContext, flags: AddFlags): Promise<Record<string, unknown>> {
  const reference = secretReference(flags);
  if (reference) return { clientSecretSource: 'EXTERNAL', clientSecretConfig: reference };
  const { clientAuthentication = 'CLIENT_SECRET_BASIC' } = flags;
  return usesSecret(clientAuthentication) ? { clientSecret: await readSecret(context, 'client secret') } : {};
}

async function askVendor(context: CliContext, vendor: VendorName | undefined): Promise<VendorName> {
  if (vendor !== undefined) return vendor;
  if (!isInteractive(context)) throw usageError('Set --vendor, or --api-key for an API key.');
  printAside(context, `Vendors: ${VENDOR_NAMES.map(shortName).join(', ')}`);
  return vendorNamed(await ask(context, 'Vendor'));
}

async function addApiKey(context: CliContext, flags: AddFlags, name: string): Promise<void> {
  if (flags.vendor !== undefined || flags.clientId !== undefined) {
    throw usageError('An API key has no vendor and no client: omit --vendor and --client-id.');
  }
  const reference = secretReference(flags);
  const service = await connect(context, flags);
  const created = await service.call<{ name: string; credentialProviderArn: string }>(
    OPERATIONS.CreateApiKeyCredentialProvider,
    {
      name,
      ...(reference
        ? { apiKeySecretSource: 'EXTERNAL', apiKeySecretConfig: reference }
        : { apiKey: await readSecret(context, 'API key') }),
    },
  );
  if (flags.json) printJson(context, created);
  else
    printFields(context, [
      ['Provider', created.name],
      ['ARN', created.credentialProviderArn],
    ]);
}

const add = buildCommand({
  docs: {
    brief: 'Create a credential provider',
    fullDescription: [
      'Creates a credential provider: the OAuth client ("app") that you registered at a vendor, or an API key.',
      'The client secret or the API key is read from stdin, or typed. It is never an argument, which others can read.',
      'On a terminal, the command explains the registration and asks for what is missing.',
      'Afterwards, register the printed callback URL at the vendor.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      vendor: {
        kind: 'parsed',
        optional: true,
        brief: 'Vendor; see agent-identity provider guide',
        ...VENDOR_PARAMETER,
      },
      clientId: optionalText('ID', 'Client ID that the vendor issued'),
      discoveryUrl: optionalText('URL', 'Discovery document of a custom authorization server'),
      issuer: optionalText('URL', "Issuer: of a custom authorization server, or the vendor's tenant"),
      authorizationEndpoint: optionalText('URL', 'Authorization endpoint, if there is no discovery document'),
      tokenEndpoint: optionalText('URL', 'Token endpoint, if there is no discovery document'),
      tenantId: optionalText('ID', 'Microsoft Entra tenant (default: common)'),
      clientAuthentication: {
        kind: 'enum',
        values: CLIENT_AUTHENTICATION_METHODS,
        optional: true,
        brief: 'How a custom server authenticates the client (default: CLIENT_SECRET_BASIC)',
      },
      kmsKey: optionalText('ARN', 'KMS key that signs for PRIVATE_KEY_JWT'),
      secretArn: optionalText('ARN', 'Secret in AWS Secrets Manager, instead of stdin'),
      secretKey: optionalText('name', 'Member of that secret with the client secret or API key'),
      apiKey: flag('Create a provider of an API key'),
    },
    positional: { kind: 'tuple', parameters: [NAME] },
  },
  async func(this: CliContext, flags: AddFlags, name: string) {
    if (flags.apiKey) return addApiKey(this, flags, name);
    const vendor = await askVendor(this, flags.vendor);
    checkOptions(vendor, flags);
    const interactive = isInteractive(this) && flags.clientId === undefined;
    if (interactive) {
      printAside(
        this,
        `Register an app at the vendor first. If it needs a callback URL now, enter any URL and replace it afterwards.`,
      );
      for (const [label, value] of guide(vendor))
        if (value !== undefined) printAside(this, `  ${label}: ${value}`);
    }
    const service = await connect(this, flags);
    const named = flags.clientAuthentication !== 'AWS_IAM_ID_TOKEN_JWT';
    const clientId = named ? await valueOf(this, flags.clientId, '--client-id', 'Client ID') : flags.clientId;
    const config = {
      ...(await serverMembers(this, vendor, flags)),
      ...(clientId !== undefined && { clientId }),
      ...(await secretMembers(this, flags)),
    };
    const created = await service.call<Oauth2Provider>(OPERATIONS.CreateOauth2CredentialProvider, {
      name,
      credentialProviderVendor: vendor,
      oauth2ProviderConfigInput: { [vendorOf(vendor).configMember]: config },
    });
    if (flags.json) {
      printJson(this, created);
      return;
    }
    printFields(this, [
      ['Provider', created.name],
      ['ARN', created.credentialProviderArn],
      ['Callback URL', created.callbackUrl],
    ]);
    printAside(
      this,
      `Register the callback URL at the vendor: ${VENDOR_SETUP[vendor].console} > ${VENDOR_SETUP[vendor].callback}.`,
      `Then check the provider: agent-identity provider test ${name}`,
    );
  },
});

const list = buildCommand({
  docs: {
    brief: 'List your credential providers',
    fullDescription:
      'Lists the credential providers that belong to the principal whose credentials sign the request.',
  },
  parameters: { flags: CONNECTION_FLAGS },
  async func(this: CliContext, flags: ConnectionFlags) {
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
        ...apiKeys.map(({ name, credentialProviderArn }) => [name, 'API key', credentialProviderArn]),
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
  parameters: { flags: CONNECTION_FLAGS, positional: { kind: 'tuple', parameters: [NAME] } },
  async func(this: CliContext, flags: ConnectionFlags, name: string) {
    const service = await connect(this, flags);
    const provider = await getProvider(service, name);
    const checks = await checkProvider(service, provider);
    if (flags.json) printJson(this, { checks });
    else {
      printChecks(this, checks);
      printAside(this, `To obtain a token, run agent-identity token get --agent AGENT --provider ${name}.`);
    }
    if (hasFailed(checks)) throw new CliError('A check failed.', STATUS.failed);
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
  routes: { add, list, test, guide: guideCommand },
  docs: { brief: 'Credential providers: create, list, and check them' },
});
